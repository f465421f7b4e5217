"""What a site-day must say, counted by brute force from all that the hub accepted: DESIGN, section 4, and nothing of
the hub's code.

    truth = Truth(ZoneInfo("America/Merida"), {"precio-justo/cuanto-te-cuesta": Lesson(15, 101)})
    truth.acts.append(Act(at, visitor, "es", ()))       # a page with a cookie was answered
    truth.acts.append(Act(at, visitor, None, plays))    # a report was answered with 202
    truth.sent.append(Sent(at, 65_536, 0))              # bytes that the sockets took, and downloads that ended
    truth.day(date(2028, 2, 29))["visitors"]

All times are Unix seconds. What was played of a lesson is an integer with a bit for each millisecond, so
that a union is `|` and nothing has to be merged.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

GAP = 30 * 60  # seconds without activity that end a visit
TICKS = 1000  # of a second
SHORTEST = 5 * TICKS
SLACK = 5  # seconds behind the end of a film or a recording that still count
TEN_MIB = 10 * 1024 * 1024  # bytes


class Lesson(NamedTuple):
    """An item's number, and its length in seconds if it is a film or a recording."""

    number: int
    seconds: int | None


class Told(NamedTuple):
    """One play of a report: the page's id, the item's number, what was played, for how many people."""

    id: str
    item: int
    played: int
    heads: int


class Act(NamedTuple):
    """A page that was answered to a phone with a cookie, in its language; or a report that was taken in.

    `boot` is the number of the boot in which it happened, if nobody told that boot the time.
    """

    at: float
    visitor: str
    language: str | None
    plays: tuple[Told, ...]
    boot: int | None = None


class Sent(NamedTuple):
    """Bytes that sockets took and downloads whose last byte left, as the recorder noted them `at` a flush."""

    at: float
    bytes: int
    downloads: int
    boot: int | None = None


class Play(NamedTuple):
    """One visitor's one item in one visit."""

    visitor: tuple[str, str]
    item: int
    began: float
    ticks: int
    heads: int


@dataclass
class Truth:
    """`lessons` by their ids. `up`: from when to when the hub was on, as far as it could note that.

    What happened in a boot without a date belongs to no day. But what was played then is not played again when a page
    repeats it, and who was there then is not new to the month later.
    """

    zone: ZoneInfo
    lessons: Mapping[str, Lesson]
    acts: list[Act] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    up: list[tuple[float, float]] = field(default_factory=list)

    def told(self, play: Mapping[str, Any]) -> Told:
        """A play as a report's JSON has it."""
        lesson = self.lessons[play["item"]]
        end = 86_400 if lesson.seconds is None else lesson.seconds + SLACK
        return Told(play["id"], lesson.number, ticks(play["intervals"], end), play.get("group", 1))

    def local(self, at: float) -> dt.datetime:
        return dt.datetime.fromtimestamp(at, self.zone)

    def date(self, at: float) -> dt.date:
        return self.local(at).date()

    def month(self, act: Act) -> tuple[str, str]:
        return act.visitor, f"{self.local(act.at):%Y-%m}"

    def visits(self, boot: int | None = None) -> Iterator[list[Act]]:
        """Each visitor's visits, as far as they have a date, or those in `boot`. A visitor is a cookie in a month."""
        by_visitor: dict[tuple[str, str], list[Act]] = defaultdict(list)
        for act in sorted(self.acts, key=lambda act: act.at):
            if act.boot == boot:
                by_visitor[self.month(act)].append(act)
        for acts in by_visitor.values():
            starts = [0, *(n for n in range(1, len(acts)) if acts[n].at - acts[n - 1].at > GAP), len(acts)]
            for begin, end in pairwise(starts):
                yield acts[begin:end]

    def plays(self, boot: int | None = None) -> list[Play]:
        """What a page's id told first in one visit is played in that visit, however often it is told again."""
        visits = [visit for each in {act.boot for act in self.acts} for visit in self.visits(each)]
        acts = [(act.at, n, act) for n, visit in enumerate(visits) for act in visit]
        known: dict[tuple[str, int], int] = defaultdict(int)
        brought: set[tuple[int, str, int]] = set()
        found: dict[tuple[int, int], Play] = {}
        for at, visit, act in sorted(acts, key=itemgetter(0)):
            for told in act.plays:
                new = told.played & ~known[told.id, told.item]
                known[told.id, told.item] |= told.played
                if new:
                    brought.add((visit, told.id, told.item))
                if (visit, told.id, told.item) in brought:
                    play = found.get((visit, told.item), Play(self.month(act), told.item, at, 0, 1))
                    heads = max(play.heads, told.heads)
                    found[visit, told.item] = play._replace(ticks=play.ticks | new, heads=heads)
        enough = [(visits[visit], play) for (visit, _), play in found.items() if play.ticks.bit_count() >= SHORTEST]
        return [play for acts, play in enough if acts[0].boot == boot]

    def day(self, day: dt.date) -> dict[str, Any]:
        """The fields of the site-day, all but those of the record itself and of the uplink."""
        visits = list(self.visits())
        began = [acts for acts in visits if self.date(acts[0].at) == day]
        here = {self.month(act) for acts in visits for act in acts if self.date(act.at) == day}
        week = self._before(day, lambda date: (date.isocalendar()[:2], date.month))
        month = self._before(day, lambda date: (date.year, date.month))
        sent = [sent for sent in self.sent if sent.boot is None and self.date(sent.at) == day]
        return {
            "visitors": len(here),
            "visitors_new_week": len(here - week),
            "visitors_new_month": len(here - month - self._undated_before(day)),
            "visits": len(began),
            "languages": dict(Counter(language(acts) for acts in began)),
            "most_phones": self._most_phones(visits, day),
            "minutes_up": half_up(sum(self._within(day, *span) for span in self.up), 60),
            **sums([play for play in self.plays() if self.date(play.began) == day], sent),
            **self._columns([play for play in self.plays() if self.date(play.began) == day], sent),
        }

    def undated(self, boot: int, booted: float) -> dict[int, dict[str, int]]:
        """What a boot without a date comes to, of what can be added up, by the 24 hours since it began."""

        def part(at: float) -> int:
            return int((at - booted) // 86_400)

        visits = Counter(part(acts[0].at) for acts in self.visits(boot))
        plays, sent = self.plays(boot), [sent for sent in self.sent if sent.boot == boot]
        return {
            number: {
                "visits": visits[number],
                **sums([p for p in plays if part(p.began) == number], [s for s in sent if part(s.at) == number]),
            }
            for number in {*visits, *(part(one.at) for one in sent)}
        }

    def _before(self, day: dt.date, period: Callable[[dt.date], object]) -> set[tuple[str, str]]:
        """Who had been here earlier in the day's week or month."""
        dates = [(self.date(act.at), act) for act in self.acts if act.boot is None]
        return {self.month(act) for date, act in dates if date < day and period(date) == period(day)}

    def _undated_before(self, day: dt.date) -> set[tuple[str, str]]:
        """Who had been here in a boot without a date, before she was here on that day."""
        first: dict[tuple[str, str], float] = {}
        for act in sorted(self.acts, key=lambda act: act.at):
            if act.boot is None and self.date(act.at) == day:
                first.setdefault(self.month(act), act.at)
        return {self.month(act) for act in self.acts if act.boot and act.at < first.get(self.month(act), 0)}

    def _most_phones(self, visits: Sequence[list[Act]], day: dt.date) -> int:
        """Visits under way at once: at midnight, or at the instant at which one of them begins."""
        midnight = dt.datetime.combine(day, dt.time(), self.zone).timestamp()
        spans = [(acts[0].at, acts[-1].at) for acts in visits]
        instants = [midnight, *(first for first, _ in spans if self.date(first) == day)]
        return max(sum(first <= now <= last for first, last in spans) for now in instants)

    def _columns(self, plays: Sequence[Play], sent: Sequence[Sent]) -> dict[str, Any]:
        items = sorted({play.item for play in plays})
        by_item = [[play for play in plays if play.item == item] for item in items]
        by_hour = [[play for play in plays if self.local(play.began).hour == hour] for hour in range(24)]
        bytes_ = [sum(one.bytes for one in sent if self.local(one.at).hour == hour) for hour in range(24)]
        return {
            "items": [
                (item, len(same), len({play.visitor for play in same}), minutes)
                for item, same, minutes in zip(items, by_item, minutes_of(by_item), strict=True)
            ],
            "hours": list(zip(map(len, by_hour), minutes_of(by_hour), whole(bytes_, TEN_MIB), strict=True)),
        }

    def _within(self, day: dt.date, began: float, ended: float) -> float:
        """Seconds from `began` to `ended` that lie in the day."""
        first, last = (
            dt.datetime.combine(day + dt.timedelta(days=n), dt.time(), self.zone).timestamp() for n in (0, 1)
        )
        return max(min(ended, last) - max(began, first), 0.0)


def sums(plays: Sequence[Play], sent: Iterable[Sent]) -> dict[str, int]:
    """The totals that travel unrounded."""
    sent = list(sent)
    return {
        "plays": len(plays),
        "seconds_played": half_up(played(plays), TICKS),
        "person_seconds": half_up(sum(play.ticks.bit_count() * play.heads for play in plays), TICKS),
        "group_plays": sum(play.heads > 1 for play in plays),
        "local_bytes": sum(one.bytes for one in sent),
        "downloads": sum(one.downloads for one in sent),
    }


def ticks(intervals: Iterable[Sequence[float]], end: float) -> int:
    """A bit for each millisecond that is covered, up to `end` seconds."""
    bits = 0
    for begin, until in intervals:
        first, last = round(begin * TICKS), round(min(until, end) * TICKS)
        bits |= ((1 << max(last - first, 0)) - 1) << first
    return bits


def language(acts: Iterable[Act]) -> str:
    """That of the last page of a visit; `und` if there was none."""
    return ([act.language for act in acts if act.language] or ["und"])[-1]


def played(plays: Iterable[Play]) -> int:
    return sum(play.ticks.bit_count() for play in plays)


def half_up(amount: float, unit: int) -> int:
    """In whole units, halves up."""
    return int((2 * amount + unit) // (2 * unit))


def minutes_of(groups: Iterable[Iterable[Play]]) -> list[int]:
    """A column of minutes: whole seconds first, then whole minutes."""
    return whole(whole([played(plays) for plays in groups], TICKS), 60)


def whole(column: Sequence[int], unit: int) -> list[int]:
    """docs/formats/summary.md: cut down, then those that lost most get one back until the total is the rounded one."""
    cut = [value // unit for value in column]
    order = sorted(range(len(column)), key=lambda row: (-(column[row] % unit), row))
    for row in order[: half_up(sum(column), unit) - sum(cut)]:
        cut[row] += 1
    return cut
