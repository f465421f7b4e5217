"""The week on the usage page: which days it has, what they add up to, and what may be told. Pure: nothing is read.

    shown(date(2026, 3, 11))            # Monday 2 March to Wednesday 11 March: last week and this one so far
    tell(date(2026, 3, 11), days)       # Week(sums=Sums(visits=12, ...), bars=[...], ...)

A week begins on Monday, as people's does. Where a month ends inside it the phones that came on both sides cannot be
recognised (docs/security.md), so its visitors are the sum of the two parts and read "at most".

Nothing that could be one person is told: see FEW and docs/security.md.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from wire.columns import MINUTE, round_to_total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hub.usage.rollups import UsageDay

    Verdict = Literal["more", "same", "fewer"]

FEW = 5  # phones; of fewer nothing is told but the week's sums
MOST_WATCHED = 5  # lessons listed
BARS = 7  # days drawn
TO_THE_END = 0.9  # part of a lesson's seconds; closing words and an early tap on "next" are forgiven
CLEAR = 0.1  # part by which a week has to differ from the one before to be more or fewer
ONE_DAY = dt.timedelta(days=1)


class Day(NamedTuple):
    """A day's use, and by item number what a site-day has not: milliseconds played, which minutes would be too coarse
    to add up, and plays seen to the end, None while no catalogue tells how long lessons are.
    """

    use: UsageDay
    played: Mapping[int, int]
    to_end: Mapping[int, int] | None


class Watched(NamedTuple):
    """An item by number, how often it was played this week and for how many minutes."""

    item: int
    plays: int
    minutes: int


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Days added up. `at_most`: phones that came before and after a month's end are in `visitors` twice."""

    visitors: int
    at_most: bool
    visits: int
    hours_up: int
    most_phones: int
    languages: list[tuple[str, int]]
    plays: int
    minutes: int
    group_plays: int
    group_minutes: int
    bytes: int
    downloads: int
    busiest_hour: int | None
    most_watched: list[Watched]
    to_end: int | None
    lessons_to_end: int


class Point(NamedTuple):
    """One day's value of a plot; None where its details are deleted. `current` if it belongs to this week."""

    day: dt.date
    value: int | None
    current: bool


@dataclass(frozen=True, kw_only=True)
class Plotted:
    """One figure over the last days, and how this week's compares with the week before by the same day."""

    points: list[Point]
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True)
class Week:
    """What the page tells. `few`: no part of the week's sums may be told; `few_days`: nor single days."""

    first: dt.date
    last: dt.date
    sums: Sums
    few: bool
    few_days: bool
    gaps: bool
    complete: bool
    visits: Plotted
    minutes: Plotted
    to_end: Plotted


def is_to_the_end(played: int, seconds: int | None) -> bool:
    """Whether `played` milliseconds are enough of a lesson of so many seconds; one without a length has no end."""
    return seconds is not None and played >= seconds * 1000 * TO_THE_END


def monday(day: dt.date) -> dt.date:
    return day - day.weekday() * ONE_DAY


def shown(last: dt.date) -> list[dt.date]:
    """The days that the page of `last` needs: this week's up to it, and the whole week before."""
    first = monday(last) - 7 * ONE_DAY
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]


def tell(last: dt.date, days: Mapping[dt.date, Day | None]) -> Week:
    """The week up to `last`. A day that is None is deleted; one that is not there has not been added up yet."""
    window = shown(last)
    ours = [day for day in window if day >= monday(last)]
    sums = add_up({day: days.get(day) for day in ours})
    return Week(
        first=ours[0],
        last=last,
        sums=sums,
        few=people_at_least({day: days.get(day) for day in ours}) < FEW,
        few_days=people_at_least({day: days.get(day) for day in window[-BARS:]}) < FEW,
        gaps=any(day in days and days[day] is None for day in ours),
        complete=all(day in days for day in window),
        visits=_plotted(window, days, lambda found: [day.use.visits for day in found]),
        minutes=_plotted(window, days, _minutes),
        to_end=_plotted(window, days, lambda found: [sum((day.to_end or {}).values()) for day in found]),
    )


def add_up(days: Mapping[dt.date, Day | None]) -> Sums:
    """What the days come to that are there."""
    found = [day for day in days.values() if day]
    uses = [day.use for day in found]
    to_end = sum((Counter(day.to_end) for day in found if day.to_end is not None), Counter[int]())
    languages = sum((Counter(use.languages) for use in uses), Counter[str]())
    return Sums(
        visitors=sum(use.visitors_new_week for use in uses),
        at_most=sum(part > 0 for part in _new_by_month(days).values()) > 1,
        visits=sum(use.visits for use in uses),
        hours_up=_whole(sum(use.minutes_up for use in uses)),
        most_phones=max((use.most_phones for use in uses), default=0),
        languages=_told_languages(languages),
        plays=sum(use.plays for use in uses),
        minutes=_whole(sum(use.seconds_played for use in uses)),
        group_plays=sum(use.group_plays for use in uses),
        group_minutes=_whole(sum(use.person_seconds for use in uses)),
        bytes=sum(use.local_bytes for use in uses),
        downloads=sum(use.downloads for use in uses),
        busiest_hour=_busiest(uses),
        most_watched=_most_watched(found),
        to_end=None if any(day.to_end is None for day in found) else to_end.total(),
        lessons_to_end=len(to_end),
    )


def people_at_least(days: Mapping[dt.date, Day | None]) -> int:
    """So many different phones were surely here: the most on one day, or those new on these days of one month."""
    on_one_day = max((day.use.visitors for day in days.values() if day), default=0)
    return max(on_one_day, *_new_by_month(days).values(), 0)


def compare(this: int, finished: int, through: int) -> Verdict:
    """`this` week against the week before: up to the day before today, and through today's day of the week.

    Today is not over, so a fair measure of it lies between the two.
    """
    if this > through * (1 + CLEAR):
        return "more"
    return "fewer" if this < finished * (1 - CLEAR) else "same"


def _plotted(
    window: list[dt.date], days: Mapping[dt.date, Day | None], figure: Callable[[list[Day]], list[int]]
) -> Plotted:
    before, ours = window[:7], window[7:]
    values = _values(before, days, figure) | _values(ours, days, figure)
    points = [Point(day, values.get(day), day >= ours[0]) for day in window[-BARS:]]
    return Plotted(points=points, verdict=_verdict(values, before[: len(ours)], ours, days))


def _values(
    span: list[dt.date], days: Mapping[dt.date, Day | None], figure: Callable[[list[Day]], list[int]]
) -> dict[dt.date, int]:
    found = {day: use for day in span if (use := days.get(day))}
    return dict(zip(found, figure(list(found.values())), strict=True))


def _verdict(
    values: Mapping[dt.date, int], before: list[dt.date], ours: list[dt.date], days: Mapping[dt.date, Day | None]
) -> Verdict | None:
    """None if a day is missing, or if the hub was not up in the week before."""
    if any(day not in values for day in (*before, *ours)) or not any(_is_up(days[day]) for day in before):
        return None
    earlier = [values[day] for day in before]
    return compare(sum(values[day] for day in ours), sum(earlier[:-1]), sum(earlier))


def _is_up(day: Day | None) -> bool:
    return day is not None and (day.use.minutes_up > 0 or day.use.visits > 0)


def _minutes(found: list[Day]) -> list[int]:
    """Whole minutes that add up to the whole minutes of all."""
    return round_to_total([day.use.seconds_played for day in found], MINUTE)


def _new_by_month(days: Mapping[dt.date, Day | None]) -> dict[tuple[dt.date, int], int]:
    """Phones that were new in their week on these days, for each part of a week that a month's end leaves whole."""
    parts: dict[tuple[dt.date, int], int] = defaultdict(int)
    for date, day in days.items():
        if day:
            parts[monday(date), date.month] += day.use.visitors_new_week
    return parts


def _busiest(uses: Iterable[UsageDay]) -> int | None:
    """The hour of the day in which most plays began, the earliest of equals."""
    hours = [0] * 24
    for use in uses:
        for hour, counted in enumerate(use.hours):
            hours[hour] += counted.plays
    return hours.index(max(hours)) if any(hours) else None


def _most_watched(days: Iterable[Day]) -> list[Watched]:
    """By what was played; the minutes of all items add up to those of the week."""
    plays, played = Counter[int](), Counter[int]()
    for day in days:
        played.update(day.played)
        for item in day.use.items:
            plays[item.number] += item.plays
    minutes = dict(zip(played, round_to_total(list(played.values()), MINUTE * 1000), strict=True))
    order = sorted(played, key=lambda item: (-played[item], item))
    return [Watched(item, plays[item], minutes[item]) for item in order[:MOST_WATCHED]]


def _told_languages(visits: Mapping[str, int]) -> list[tuple[str, int]]:
    """Visits by language, most first; none if one has few, since that may be a person, and the others would tell."""
    if min(visits.values(), default=0) < FEW:
        return []
    return sorted(visits.items(), key=lambda pair: (-pair[1], pair[0]))


def _whole(count: int) -> int:
    """Of 60 each, halves up."""
    return (count + 30) // 60
