"""From rows to a site-day: pure, nothing is read or written here. The words are those of docs/glossary.md.

    roll_up(day, zone, visits=..., plays=..., batches=..., before=...)      # UsageDay

Times are Unix seconds. A visit as it is stored ends with its boot; here the parts on both sides of a power cut become
one visit if no more than 30 minutes lie between them. A play is one (visitor, item, visit), dated when it began: all
that was played of the item in that visit is united, in however many tabs and on whichever side of midnight.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from hub.usage.intervals import played, union
from hub.usage.models import VISIT_GAP
from wire.columns import MINUTE, round_to_total
from wire.summary import HourUse, ItemUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from hub.usage.intervals import Intervals

SHORTEST_PLAY = 5000  # milliseconds really played, or spent on a page
SECOND = 1000  # milliseconds
PART = 86_400.0  # seconds of a part of a boot without a date
OF_BOOT, EARLIER = -1.0, -2.0  # when week and month of a part began, and when who was here in an earlier boot was here
UNDETERMINED = "und"  # BCP 47: a visit that never asked for a page, only reported


@dataclass(frozen=True, kw_only=True)
class UsageDay:
    """What one site-day's use comes to; fields as in wire.summary.SiteDay."""

    visitors: int
    visitors_new_week: int
    visitors_new_month: int
    visits: int
    minutes_up: int
    most_phones: int
    languages: dict[str, int]
    plays: int
    seconds_played: int
    person_seconds: int
    local_bytes: int
    downloads: int
    group_plays: int
    items: tuple[ItemUse, ...]
    hours: tuple[HourUse, ...]


class VisitPart(NamedTuple):
    """A visit within one boot."""

    id: int
    visitor: int
    first: float
    last: float
    language: str | None


class PlayPart(NamedTuple):
    """What one page reported of `item` in the visit part `visit`."""

    visitor: int
    item: int
    visit: int
    began: float
    intervals: Intervals
    heads: int


class BatchPart(NamedTuple):
    """What left the hub while it was up from `began` to `ended`."""

    began: float
    ended: float
    bytes: int
    downloads: int


class Visit(NamedTuple):
    """A whole visit."""

    visitor: int
    first: float
    last: float
    language: str


class Play(NamedTuple):
    """A whole play; `played` in milliseconds."""

    visitor: int
    item: int
    began: float
    played: int
    heads: int


class Span(NamedTuple):
    """A site-day in Unix seconds, `end` excluded, and where its week and month began."""

    start: float
    end: float
    week: float
    month: float

    @classmethod
    def of(cls, day: dt.date, zone: ZoneInfo) -> Span:
        """Weeks are ISO 8601 weeks and end with the month, since a visitor does."""
        first = day.replace(day=1)
        monday = max(first, day - dt.timedelta(days=day.weekday()))
        return cls(*(_midnight(date, zone) for date in (day, day + dt.timedelta(days=1), monday, first)))

    @classmethod
    def of_part(cls, part: int) -> Span:
        """The `part`-th 24 hours of a boot, in its own seconds; its week began before it, its month before that."""
        return cls(part * PART, (part + 1) * PART, OF_BOOT, EARLIER)

    def touches(self, visit: Visit) -> bool:
        return visit.first < self.end and visit.last >= self.start


def roll_up(
    day: dt.date,
    zone: ZoneInfo,
    *,
    visits: Iterable[VisitPart],
    plays: Iterable[PlayPart],
    batches: Iterable[BatchPart],
    before: Mapping[int, float],
    each_play: Callable[[Play], None] | None = None,
) -> UsageDay:
    """The site-day `day` in `zone`.

    `visits`: the parts of all visits that touch the day, with their continuations on the days beside it. `plays`:
    those of these visits, sorted by visitor and item. `batches`: all that touch the day. `before`: for each visitor
    of the day who was here earlier in its month, the last sign of life of a part that began before the day.
    `each_play` is told of every play that counts.
    """
    return add_up(
        Span.of(day, zone), zone, visits=visits, plays=plays, batches=batches, before=before, each_play=each_play
    )


def add_up(
    span: Span,
    zone: ZoneInfo,
    *,
    visits: Iterable[VisitPart],
    plays: Iterable[PlayPart],
    batches: Iterable[BatchPart],
    before: Mapping[int, float],
    each_play: Callable[[Play], None] | None = None,
) -> UsageDay:
    """What `span` comes to, whatever its seconds are counted from; hours are those of `zone`. As `roll_up`."""
    wholes, whole_of = join(visits)
    here = {visit.visitor for visit in wholes if span.touches(visit)}
    day_visits = [visit for visit in wholes if span.start <= visit.first < span.end]
    use = _Use(zone)
    for play in join_plays(plays, whole_of):
        if span.start <= play.began < span.end and play.played >= SHORTEST_PLAY:
            use.add(play)
            if each_play:
                each_play(play)
    traffic = _Traffic(zone, span)
    for batch in batches:
        traffic.add(batch)
    return UsageDay(
        visitors=len(here),
        visitors_new_week=sum(_is_new(before.get(visitor), span.week, span.start) for visitor in here),
        visitors_new_month=sum(_is_new(before.get(visitor), span.month, span.start) for visitor in here),
        visits=len(day_visits),
        minutes_up=int(traffic.up / MINUTE + 0.5),
        most_phones=most_at_once(wholes, span),
        languages=dict(Counter(visit.language for visit in day_visits)),
        local_bytes=sum(traffic.bytes),
        downloads=traffic.downloads,
        **use.totals(traffic.bytes),
    )


def join(parts: Iterable[VisitPart]) -> tuple[list[Visit], dict[int, int]]:
    """Whole visits, and for each part's id the index of the visit it belongs to."""
    wholes: list[Visit] = []
    whole_of = {}
    for part in sorted(parts, key=lambda part: (part.visitor, part.first)):
        last = wholes[-1] if wholes else None
        if last and last.visitor == part.visitor and part.first - last.last <= VISIT_GAP:
            language = part.language or last.language
            wholes[-1] = Visit(last.visitor, last.first, max(last.last, part.last), language)
        else:
            wholes.append(Visit(part.visitor, part.first, part.last, part.language or UNDETERMINED))
        whole_of[part.id] = len(wholes) - 1
    return wholes, whole_of


def join_plays(parts: Iterable[PlayPart], whole_of: Mapping[int, int]) -> Iterator[Play]:
    """One play for each (visitor, item, visit), of parts that come sorted by visitor and item."""
    for (visitor, item), group in groupby(parts, key=itemgetter(0, 1)):
        by_visit = defaultdict(list)
        for part in group:
            by_visit[whole_of[part.visit]].append(part)
        for same in by_visit.values():
            began = min(part.began for part in same)
            together = union(*(part.intervals for part in same))
            yield Play(visitor, item, began, played(together), max(part.heads for part in same))


def most_at_once(visits: Iterable[Visit], span: Span) -> int:
    """The largest number of visits under way at the same instant of the day, both ends of a visit included."""
    changes = []
    for visit in visits:
        if span.touches(visit):
            changes += [(max(visit.first, span.start), 0), (visit.last, 1)]
    most = now = 0
    for _, ends in sorted(changes):
        now += -1 if ends else 1
        most = max(most, now)
    return most


class _Use:
    """Sums of the day's plays, in milliseconds, by item and by hour."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.heads_played = self.groups = 0
        self.played: Counter[int] = Counter()
        self.plays: Counter[int] = Counter()
        self.visitors: dict[int, set[int]] = defaultdict(set)
        self.hour_played, self.hour_plays = [0] * 24, [0] * 24

    def add(self, play: Play) -> None:
        hour = hour_of(play.began, self.zone)
        self.heads_played += play.played * play.heads
        self.groups += play.heads > 1
        self.played[play.item] += play.played
        self.plays[play.item] += 1
        self.visitors[play.item].add(play.visitor)
        self.hour_played[hour] += play.played
        self.hour_plays[hour] += 1

    def totals(self, hour_bytes: list[int]) -> dict[str, Any]:
        """Fields of UsageDay. Milliseconds become seconds, then minutes, so that each column adds up to the total."""
        numbers = sorted(self.plays)
        seconds = round_to_total([self.played[number] for number in numbers], SECOND)
        minutes = round_to_total(seconds, MINUTE)
        hours = round_to_total(round_to_total(self.hour_played, SECOND), MINUTE)
        return {
            "plays": sum(self.hour_plays),
            "seconds_played": sum(seconds),
            "person_seconds": int(self.heads_played / SECOND + 0.5),
            "group_plays": self.groups,
            "items": tuple(
                ItemUse(number, self.plays[number], len(self.visitors[number]), whole)
                for number, whole in zip(numbers, minutes, strict=True)
            ),
            "hours": tuple(HourUse(*hour) for hour in zip(self.hour_plays, hours, hour_bytes, strict=True)),
        }


class _Traffic:
    """Sums of the day's batches. Bytes count when they were noted, which is at most one flush after they left."""

    def __init__(self, zone: ZoneInfo, span: Span) -> None:
        self.zone, self.span = zone, span
        self.bytes = [0] * 24
        self.downloads = 0
        self.up = 0.0

    def add(self, batch: BatchPart) -> None:
        """One batch; a process has no two that overlap."""
        self.up += max(0.0, min(batch.ended, self.span.end) - max(batch.began, self.span.start))
        if self.span.start <= batch.ended < self.span.end:
            self.bytes[hour_of(batch.ended, self.zone)] += batch.bytes
            self.downloads += batch.downloads


def _is_new(before: float | None, period: float, start: float) -> bool:
    """Whether a visitor last seen at `before` had not been here since `period` began, up to the day's `start`."""
    return period == start or before is None or before < period


def hour_of(moment: float, zone: ZoneInfo) -> int:
    """The site-local hour; the hour that a clock set back repeats is one hour."""
    return dt.datetime.fromtimestamp(moment, zone).hour


def date_of(moment: float, zone: ZoneInfo) -> dt.date:
    return dt.datetime.fromtimestamp(moment, zone).date()


def _midnight(day: dt.date, zone: ZoneInfo) -> float:
    return dt.datetime.combine(day, dt.time(), zone).timestamp()
