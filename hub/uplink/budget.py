"""How many bytes may cross the uplink now: rules over plain values.

    rules = Rules(daily=10_000_000, hours="06-22", free="00-05")
    room(rules, CONTENT, spent, now, zone)      # Room(left=8_744_000, why=None, opens=None)

A budget counts bytes both ways, of a site's own day and month. Nothing crosses outside `hours`. What crosses within
the `free` hours costs nothing and counts against neither budget, as with a plan that is unlimited at night; those hours
are allowed whatever `hours` says. Counts come before content: a part of each budget is kept for them, so that a large
course never stands in the way of a site-day (docs/decisions/0013-one-budget-for-the-uplink.md).

While the time is unsure nobody can tell the day or the hour: all that crossed since this boot counts as today's, no
hour is free, and content waits if any hour is forbidden. Counts do not: they are what the time is learned by.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from hub.errors import HubError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

Kind = Literal["counts", "content"]
Why = Literal["hours", "day", "month", "time"]
COUNTS: Kind = "counts"
CONTENT: Kind = "content"
ALWAYS = "00-24"
HOURS = re.compile(r"([01]\d|2[0-3])-([01]\d|2[0-4])")
QUARTER = 900  # seconds; every zone's hours begin on a quarter of an hour in UTC
KEPT = 256 * 2**10  # bytes a day that are kept for counts, of which a site-day takes 6,000 over TLS
LOOK_AHEAD = 62  # days; by then a month has begun anew


MOST_MB = 10_000_000


class BadRule(HubError):
    """A budget or hours that cannot be used; the technician writes them as the sentence says."""

    exit_code = 64


@dataclass(frozen=True)
class Rules:
    """`daily` and `monthly` in bytes, None without a limit; `hours` and `free` as in 06-22, `free` None for none."""

    daily: int | None = None
    monthly: int | None = None
    hours: str = ALWAYS
    free: str | None = None

    @property
    def restricted(self) -> bool:
        """Whether there are hours in which nothing may cross."""
        first, last = (int(part) for part in self.hours.split("-"))
        return first != last and (first, last) != (0, 24)

    @property
    def limited(self) -> bool:
        """Whether anything may ever be refused."""
        return self.daily is not None or self.monthly is not None or self.restricted


def changed(
    rules: Rules,
    *,
    daily: str | None = None,
    monthly: str | None = None,
    hours: str | None = None,
    free: str | None = None,
) -> Rules:
    """`rules` with what was told in words: MB as in 25, hours as in 06-22, "none" for no rule; raises BadRule.

    What is None, or empty, stays as it is.
    """
    return Rules(
        daily=_megabytes(daily) if daily else rules.daily,
        monthly=_megabytes(monthly) if monthly else rules.monthly,
        hours=(_hours(hours) or ALWAYS) if hours else rules.hours,
        free=_hours(free) if free else rules.free,
    )


def _megabytes(text: str) -> int | None:
    if _is_none(text):
        return None
    try:
        size = float(text)
    except ValueError:
        size = -1.0
    if not 0 <= size <= MOST_MB:
        raise BadRule(f"{text[:40]!r} is no budget; write how many MB, as in 25, or none.")
    return int(size * 1_000_000)


def _hours(text: str) -> str | None:
    if _is_none(text):
        return None
    if not HOURS.fullmatch(text.strip()):
        raise BadRule(f"{text[:40]!r} are no hours; write two of them, as in 22-06, or none.")
    return text.strip()


def _is_none(text: str) -> bool:
    return text.strip().lower() in {"none", "-"}


class Used(NamedTuple):
    """Bytes both ways."""

    counts: int = 0
    content: int = 0


class Spent(NamedTuple):
    """What counts against the budgets: of today, and of this month."""

    day: Used = Used()
    month: Used = Used()


class Room(NamedTuple):
    """Bytes `left` now, None without a limit. If none are: `why`, and when it `opens` again if that can be known."""

    left: int | None
    why: Why | None = None
    opens: dt.datetime | None = None


def room(rules: Rules, kind: Kind, spent: Spent, now: dt.datetime | None, zone: ZoneInfo, *, least: int = 1) -> Room:
    """What `kind` may still use at `now`, None while the time is unsure; nothing if that is less than `least` bytes."""
    if now is None:
        if kind == CONTENT and rules.restricted:
            return Room(0, "time")
    elif is_free(rules, now, zone):
        return Room(None)
    elif not within(rules.hours, now.astimezone(zone).time()):
        return Room(0, "hours", opens(rules, kind, spent, now, zone, least))
    left, why = _left(rules, kind, spent)
    if left is None or left >= least:
        return Room(left)
    return Room(0, why, opens(rules, kind, spent, now, zone, least) if now else None)


def sentence(room: Room, zone: ZoneInfo) -> str:
    """Why nothing may cross, and when it may again."""
    why = {
        "hours": "The uplink is not to be used at this hour",
        "day": "Today's uplink budget is used up",
        "month": "This month's uplink budget is used up",
        "time": "The hub does not know the time, so it cannot tell the uplink's hours",
        None: "The uplink's budget was used up a moment ago",
    }[room.why]
    if room.opens is None:
        return f"{why}; the rest comes later, or give it other rules with `hub uplink budget`."
    return f"{why}; the rest comes from {room.opens.astimezone(zone):%Y-%m-%d %H:%M} on."


def opens(
    rules: Rules, kind: Kind, spent: Spent, now: dt.datetime, zone: ZoneInfo, least: int = 1
) -> dt.datetime | None:
    """The first moment after `now` at which `least` bytes may cross, if none do meanwhile; None if there is none."""
    today = now.astimezone(zone).date()
    for moment in _quarters(now):
        local = moment.astimezone(zone)
        if is_free(rules, moment, zone):
            return moment
        day = spent.day if local.date() == today else Used()
        month = spent.month if (local.year, local.month) == (today.year, today.month) else Used()
        left, _ = _left(rules, kind, Spent(day, month))
        if within(rules.hours, local.time()) and (left is None or left >= least):
            return moment
    return None


def spent_of(quarters: Iterable[tuple[int, str, int]], rules: Rules, now: dt.datetime, zone: ZoneInfo) -> Spent:
    """What counts against the budgets of `now`, out of (Unix time of a quarter's begin, kind, bytes) of this month."""
    today = now.astimezone(zone).date()
    day, month = {COUNTS: 0, CONTENT: 0}, {COUNTS: 0, CONTENT: 0}
    for began, name, count in quarters:
        moment = dt.datetime.fromtimestamp(began, dt.UTC)
        local, kind = moment.astimezone(zone), CONTENT if name == CONTENT else COUNTS
        if (local.year, local.month) != (today.year, today.month) or is_free(rules, moment, zone):
            continue
        month[kind] += count
        day[kind] += count if local.date() == today else 0
    return Spent(Used(day[COUNTS], day[CONTENT]), Used(month[COUNTS], month[CONTENT]))


def day_began(now: dt.datetime, zone: ZoneInfo) -> float:
    """The Unix time at which the day of `now` began in `zone`."""
    return dt.datetime.combine(now.astimezone(zone).date(), dt.time(), tzinfo=zone).timestamp()


def month_began(now: dt.datetime, zone: ZoneInfo) -> float:
    """The Unix time at which the month of `now` began in `zone`."""
    return dt.datetime.combine(now.astimezone(zone).date().replace(day=1), dt.time(), tzinfo=zone).timestamp()


def within(hours: str, local: dt.time) -> bool:
    """Whether `local` lies within `hours` such as "01-05", or "22-04" over midnight; "00-24" is always."""
    first, last = (int(part) for part in hours.split("-"))
    if first < last:
        return first <= local.hour < last
    return first == last or local.hour >= first or local.hour < last


def is_free(rules: Rules, moment: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether what crosses at `moment` costs nothing."""
    return rules.free is not None and within(rules.free, moment.astimezone(zone).time())


def kept_for_counts(limit: int, days: int) -> int:
    """The part of a budget of so many days that content may not use."""
    return min(limit // 10, days * KEPT)


def _left(rules: Rules, kind: Kind, spent: Spent) -> tuple[int | None, Why]:
    """The smaller of what the day and the month have left, and which of the two that is."""
    limits: tuple[tuple[int | None, int, Used, Why], ...] = (
        (rules.daily, 1, spent.day, "day"),
        (rules.monthly, 31, spent.month, "month"),
    )
    lefts: list[tuple[int, Why]] = []
    for limit, days, used, why in limits:
        if limit is not None:
            counts = used.counts if kind == COUNTS else max(used.counts, kept_for_counts(limit, days))
            lefts.append((limit - used.content - counts, why))
    return min(lefts) if lefts else (None, "day")


def _quarters(now: dt.datetime) -> Iterator[dt.datetime]:
    first = int(now.timestamp()) // QUARTER + 1
    for number in range(first, first + LOOK_AHEAD * 86_400 // QUARTER):
        yield dt.datetime.fromtimestamp(number * QUARTER, dt.UTC)
