"""Hubs that wake together do not call together: rules over plain values, a fleet of 1,000, and the worker's own look."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.uplink import turns
from hub.uplink.budget import CONTENT, Rules, is_free, within
from hub.uplink.ledger import Tally, set_rules
from hub.uplink.line import NoAnswer
from hub.uplink.turns import ASKING, SPREAD, has_woken, in_turn, is_turn, last_began, slot
from tests.hub.uplink.conftest import MERIDA, MONDAY, Hub

if TYPE_CHECKING:
    from tests.simulators.head_office import HeadOffice

FLEET = [random.Random(number).randbytes(8) for number in range(1000)]
ZONES = st.sampled_from([MERIDA, ZoneInfo("America/Tijuana"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")])
HOURS = st.builds("{:02}-{:02}".format, st.integers(0, 23), st.integers(0, 24))
RULES = st.builds(Rules, hours=HOURS, free=st.none() | HOURS)
TIMES = st.integers(0, 700 * 86_400).map(
    lambda seconds: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(0, seconds)
)
HUBS = st.binary(min_size=8, max_size=8)


def busiest(calls: list[float]) -> float:
    """The part of the fleet that calls in the busiest minute, of all minutes that begin when somebody calls."""
    calls = sorted(calls)
    return max(sum(first <= call < first + 60 for call in calls) for first in calls) / len(calls)


@pytest.mark.parametrize(("most", "percent"), [(SPREAD, 16), (ASKING, 40)])
def test_a_thousand_hubs_whose_power_comes_back_in_one_second_call_over_minutes(most: float, percent: int) -> None:
    for boot in range(20):
        assert busiest([slot(hub, f"boot {boot}", most) for hub in FLEET]) <= percent / 100


def test_a_thousand_hubs_whose_hours_begin_at_midnight_call_over_minutes() -> None:
    rules, midnight = Rules(hours="00-05"), dt.datetime(2026, 3, 2, tzinfo=MERIDA)
    first = {}
    for second in range(0, 600, 10):
        now = (midnight + dt.timedelta(seconds=second)).astimezone(dt.UTC)
        for hub in FLEET:
            if hub not in first and in_turn(hub, rules, now, MERIDA):
                first[hub] = float(second)
    assert len(first) == len(FLEET)
    assert busiest(list(first.values())) <= 0.16


def test_slots_are_even_over_the_fleet() -> None:
    for event in ("boot 1", "2026-03-02 00", "2026-03-03 00"):
        tenths = Counter(int(10 * slot(hub, event, SPREAD) / SPREAD) for hub in FLEET)
        assert sorted(tenths) == list(range(10))
        assert all(60 < count < 140 for count in tenths.values())


def test_nobody_is_always_last() -> None:
    for hub in FLEET[:50]:
        slots = [slot(hub, f"2026-{month:02}-{day:02} 00", SPREAD) for month in range(1, 13) for day in range(1, 29)]
        assert min(slots) < SPREAD / 10
        assert 0.4 < sum(slots) / len(slots) / SPREAD < 0.6
        assert max(slots) > SPREAD * 9 / 10


@given(HUBS, RULES, TIMES, ZONES)
def test_a_hub_never_calls_outside_its_hours(hub: bytes, rules: Rules, now: dt.datetime, zone: ZoneInfo) -> None:
    allowed = within(rules.hours, now.astimezone(zone).time()) or is_free(rules, now, zone)
    assert allowed or not in_turn(hub, rules, now, zone)


@given(HUBS, RULES, TIMES, ZONES)
def test_in_every_hour_that_is_allowed_there_is_a_turn_of_most_of_it(
    hub: bytes, rules: Rules, now: dt.datetime, zone: ZoneInfo
) -> None:
    hour = now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(dt.UTC)
    minutes = [hour + dt.timedelta(minutes=number) for number in range(15, 60)]
    whole = {minute.astimezone(zone).hour for minute in minutes} == {hour.astimezone(zone).hour}
    if whole and (within(rules.hours, hour.astimezone(zone).time()) or is_free(rules, hour, zone)):
        assert all(in_turn(hub, rules, minute, zone) for minute in minutes)


@given(HUBS, RULES, TIMES, ZONES)
def test_what_began_last_is_not_ahead_and_no_more_than_a_day_ago(
    hub: bytes, rules: Rules, now: dt.datetime, zone: ZoneInfo
) -> None:
    assert dt.timedelta(0) <= now - last_began(rules, now, zone) <= dt.timedelta(hours=25)


@given(HUBS, st.integers(1, 99), st.builds(Rules, hours=st.sampled_from(["00-24", "00-05", "22-06", "21-01"])), TIMES)
def test_a_box_that_is_up_for_twenty_minutes_within_its_hours_has_its_turn(
    hub: bytes, boot: int, rules: Rules, start: dt.datetime
) -> None:
    """Whatever begins meanwhile: a day, or hours."""
    seconds = [start + dt.timedelta(seconds=number) for number in range(0, 1200, 10)]
    allowed = [now for now in seconds if within(rules.hours, now.astimezone(MERIDA).time())]
    if len(allowed) < len(seconds):
        return
    after_boot = start + dt.timedelta(seconds=slot(hub, f"boot {boot}", SPREAD))
    turn = [now for now in seconds if now >= after_boot and in_turn(hub, rules, now, MERIDA)]
    assert len(turn) >= 10, "some ninety seconds at least"


class Worker:
    """The worker's look, each ten seconds, at a box that a test switches off and on."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch, slots: float = 0.5) -> None:
        self.hub = hub
        monkeypatch.setattr(turns, "share", lambda _hub, _event: slots)

    def waits(self, most: float = 4000) -> float:
        """Seconds until it is the hub's turn; `most` if it is not by then."""
        began = self.hub.machine.seconds
        while not is_turn(self.hub.settings, self.hub.clock):
            if self.hub.machine.seconds - began >= most:
                return most
            self.hub.machine.pass_time(seconds=10)
        return self.hub.machine.seconds - began


@pytest.fixture
def worker(hub: Hub, office: HeadOffice, monkeypatch: pytest.MonkeyPatch) -> Worker:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)
    hub.seal()
    return Worker(hub, monkeypatch)


def test_after_a_boot_the_slot_is_waited_for(worker: Worker) -> None:
    worker.hub.reboot()
    assert worker.waits() == pytest.approx(SPREAD / 2, abs=10)


def test_a_box_that_is_up_for_long_does_not_wait(worker: Worker) -> None:
    assert worker.waits() == 0


def test_the_time_is_asked_for_sooner_whatever_the_hour(worker: Worker) -> None:
    set_rules(Rules(hours="01-05"))
    worker.hub.reboot(certain=False)
    assert worker.waits() == pytest.approx(ASKING / 2, abs=10)


def test_after_midnight_the_slot_is_waited_for(worker: Worker) -> None:
    worker.hub.machine.pass_time(hours=12)
    assert worker.waits() == pytest.approx(SPREAD / 2, abs=10)


def test_once_the_hours_begin_the_slot_is_waited_for(worker: Worker) -> None:
    set_rules(Rules(hours="13-17"))
    assert worker.waits() == pytest.approx(3600 + SPREAD / 2, abs=10)


def test_who_uploads_each_half_minute_waits_no_longer_than_that(worker: Worker) -> None:
    worker.hub.settings = worker.hub.settings.__class__(data=worker.hub.settings.data, reserve_mb=0, upload_every=30)
    worker.hub.reboot()
    assert worker.waits() == pytest.approx(15, abs=10)


def test_repositories_are_asked_in_the_slot_after_the_boot_as_well(worker: Worker) -> None:
    worker.hub.reboot()
    for seconds, woken in ((0, False), (SPREAD / 2 - 10, False), (10, True)):
        worker.hub.machine.pass_time(seconds=seconds)
        assert has_woken(worker.hub.settings, worker.hub.clock) is woken


def test_between_two_uploads_lies_the_pause(worker: Worker) -> None:
    worker.hub.send()
    worker.hub.counts.play(MONDAY)
    worker.hub.seal()
    assert worker.waits() == pytest.approx(worker.hub.settings.upload_every, abs=10)


def test_who_has_nothing_to_say_does_not_call(worker: Worker) -> None:
    worker.hub.send()
    assert worker.waits() == 4000


def test_a_spent_budget_is_waited_for(worker: Worker) -> None:
    set_rules(Rules(daily=1_000_000))
    Tally(worker.hub.clock, CONTENT).close(0, 1_000_000)
    assert worker.waits() == 4000


def test_what_failed_is_tried_again_when_its_pause_is_over(worker: Worker, office: HeadOffice) -> None:
    office.habit = "broken"
    for _ in range(12):
        with pytest.raises(NoAnswer):
            worker.hub.send(urgent=True)
    worker.hub.reboot()
    waits = worker.waits()
    office.habit = "honest"
    assert worker.hub.send().acknowledged == 1, f"after {waits} s it was due"


def test_a_hub_that_is_not_enrolled_has_no_turn(hub: Hub) -> None:
    hub.reboot(certain=False)
    hub.machine.pass_time(hours=1)
    assert not is_turn(hub.settings, hub.clock)
