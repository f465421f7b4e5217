"""What phones did, told to a recorder through flushes, restarts and power cuts, against a naive count of it."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.db import database
from hub.usage.summary import changed_since
from tests.hub.usage.conftest import Box

MINUTE = 60
START = {
    "America/Merida": datetime(
        2024, 2, 28, 20, tzinfo=ZoneInfo("America/Merida")
    ),  # before a leap day and a month's end
    "America/Tijuana": datetime(2026, 10, 31, 12, tzinfo=ZoneInfo("America/Tijuana")),  # the night has 25 hours
}
spans = st.tuples(st.integers(0, 400), st.integers(1, 120)).map(lambda pair: (pair[0] / 10, sum(pair) / 10))
moves = st.one_of(
    st.tuples(
        st.just("play"),
        st.sampled_from("ab"),
        st.integers(2, 3),
        st.integers(0, 1),
        st.lists(spans, min_size=1, max_size=3),
        st.sampled_from([1, 1, 20]),
    ),
    st.tuples(st.just("page"), st.sampled_from("ab"), st.sampled_from(["es", "en"])),
    st.tuples(st.just("bytes"), st.integers(1, 10**9)),
    st.tuples(st.just("wait"), st.sampled_from([1, 5 * MINUTE, 29 * MINUTE, 31 * MINUTE, 3 * 3600, 7 * 3600])),
    st.tuples(st.just("flush")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("power cut"), st.sampled_from([2 * MINUTE, 45 * MINUTE])),
)


class Naive:
    """Remembers every act with its true time and counts by brute force. A visitor is a phone in a month."""

    def __init__(self, zone: ZoneInfo, *, split_months: bool) -> None:
        self.zone, self.split_months = zone, split_months
        self.acts = defaultdict(list)  # visitor -> [(time, language or None, play or None)]
        self.traffic = []

    def act(self, phone, now, language=None, play=None):
        local = now.astimezone(self.zone)
        visitor = (phone, local.month if self.split_months else 0)
        self.acts[visitor].append((now, language, play))

    def visits(self):
        for visitor, acts in self.acts.items():
            visit = []
            for act in acts:
                if visit and act[0] - visit[-1][0] > timedelta(minutes=30):
                    yield visitor, visit
                    visit = []
                visit.append(act)
            yield visitor, visit

    def date(self, moment):
        return moment.astimezone(self.zone).date()

    def days_of(self, visit):
        first, last = self.date(visit[0][0]), self.date(visit[-1][0])
        return {first + timedelta(days=day) for day in range((last - first).days + 1)}

    def new(self, day, period):
        days = defaultdict(set)
        for visitor, visit in self.visits():
            days[visitor] |= {d for d in self.days_of(visit) if period(d) == period(day)}
        return sum(1 for seen in days.values() if seen and min(seen) == day)

    def plays(self):
        for visitor, visit in self.visits():
            items = defaultdict(list)
            for now, _, play in visit:
                if play:
                    items[play[0]].append((now, play[1], play[2]))
            for item, reports in items.items():
                ticks = {
                    tick for _, spans_, _ in reports for b, e in spans_ for tick in range(round(b * 10), round(e * 10))
                }
                if len(ticks) >= 50:
                    yield visitor, item, reports[0][0], len(ticks), max(heads for _, _, heads in reports)

    def day(self, day):
        visits = [(visitor, visit) for visitor, visit in self.visits() if self.date(visit[0][0]) == day]
        plays = [play for play in self.plays() if self.date(play[2]) == day]
        hours = [0] * 24
        for play in plays:
            hours[play[2].astimezone(self.zone).hour] += 1
        bytes_ = [0] * 24
        for now, size in self.traffic:
            if self.date(now) == day:
                bytes_[now.astimezone(self.zone).hour] += size
        return {
            "visitors": len({visitor for visitor, visit in self.visits() if day in self.days_of(visit)}),
            "visitors_new_week": self.new(day, lambda d: (d.isocalendar()[:2], d.month)),
            "visitors_new_month": self.new(day, lambda d: (d.year, d.month)),
            "visits": len(visits),
            "languages": self.languages(visits),
            "plays": len(plays),
            "seconds_played": int(sum(play[3] for play in plays) / 10 + 0.5),
            "person_seconds": int(sum(play[3] * play[4] for play in plays) / 10 + 0.5),
            "group_plays": sum(play[4] > 1 for play in plays),
            "items": {item: self.item([play for play in plays if play[1] == item]) for item in {p[1] for p in plays}},
            "hours": hours,
            "bytes": bytes_,
        }

    def languages(self, visits):
        count = defaultdict(int)
        for _, visit in visits:
            count[next((language for _, language, _ in reversed(visit) if language), "und")] += 1
        return dict(count)

    def item(self, plays):
        return len(plays), len({play[0] for play in plays})


def told(use):
    return {
        "visitors": use.visitors,
        "visitors_new_week": use.visitors_new_week,
        "visitors_new_month": use.visitors_new_month,
        "visits": use.visits,
        "languages": use.languages,
        "plays": use.plays,
        "seconds_played": use.seconds_played,
        "person_seconds": use.person_seconds,
        "group_plays": use.group_plays,
        "items": {item.number: (item.plays, item.visitors) for item in use.items},
        "hours": [hour.plays for hour in use.hours],
        "bytes": [hour.local_bytes for hour in use.hours],
    }


class World:
    """Carries out moves on a box and tells the naive count of them."""

    def __init__(self, folder: Path, zone: str, *, dated: bool) -> None:
        self.box = Box(folder, zone)
        self.now = START[zone]
        self.dated = dated
        self.naive = Naive(ZoneInfo(zone), split_months=dated)
        self.boots = 1
        self.began = []  # (boot's clock, true time when it was at `seconds`)
        self.pages = {}
        self.switch_on()

    def switch_on(self):
        self.began.append((self.box.clock, self.now, self.box.seconds))
        if self.dated:
            self.box.learn(self.now)

    def pass_time(self, seconds):
        self.now = self.now.astimezone(UTC) + timedelta(seconds=seconds)
        self.box.seconds += seconds

    def do(self, move):
        self.pass_time(1)
        getattr(self, move[0].replace(" ", "_"))(*move[1:])

    def play(self, phone, item, tab, spans_, heads):
        """A page keeps its id for half an hour at most after it last played, as ours do, and tells all of its state."""
        id_, told_, then = self.pages.get((phone, item, tab), (None, [], None))
        if then is None or self.now - then > timedelta(minutes=30) or self.crossed_month(then):
            id_, told_ = f"{phone}{item}{tab}{self.now.timestamp():013.2f}".encode()[:16].ljust(16), []
        told_ = told_ + spans_
        self.pages[phone, item, tab] = (id_, told_, self.now)
        self.box.play(phone, *told_, item=item, id_=id_, heads=heads)
        self.naive.act(phone, self.now, None, (item, told_, heads))

    def crossed_month(self, then):
        zone = self.naive.zone
        return then.astimezone(zone).month != self.now.astimezone(zone).month

    def page(self, phone, language):
        self.box.recorder.seen(phone, language)
        self.naive.act(phone, self.now, language)

    def bytes(self, size):
        self.box.recorder.delivered(size)
        self.box.flush()
        self.naive.traffic.append((self.now, size))

    def wait(self, seconds):
        self.box.flush()
        self.pass_time(seconds)

    def flush(self):
        self.box.flush()

    def restart(self):
        self.box.recorder.stop()
        self.box.restart()

    def power_cut(self, seconds):
        self.box.flush()
        self.pass_time(seconds)
        self.boots += 1
        self.box.boot(f"boot {self.boots}")
        self.switch_on()

    def end(self):
        self.box.flush()
        for clock, moment, seconds in self.began:
            self.box.seconds = seconds
            clock.learn(moment, "late")


@pytest.mark.parametrize("dated", [True, False], ids=["the time is certain", "the time is learnt at the end"])
@pytest.mark.parametrize("zone", START)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=st.lists(moves, min_size=30, max_size=60))
def test_site_days_are_what_a_naive_count_of_all_that_happened_says(zone, dated, made):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), zone, dated=dated)
        for move in made:
            world.do(move)
        world.end()
        days, newest = changed_since(0, world.naive.zone)
        first = world.naive.date(START[zone])
        for ahead in range((world.naive.date(world.now) - first).days + 1):
            day = first + timedelta(days=ahead)
            expected = world.naive.day(day)
            assert told(world.box.day(day)) == expected
            assert day in days or not (expected["visitors"] or sum(expected["bytes"]))
        assert changed_since(newest, world.naive.zone) == (set(), newest)
        database.close()
