"""The week's arithmetic over made-up days: where weeks and months end, what adds up, what is compared and what is told."""

from __future__ import annotations

import datetime as dt
import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.usage.bars import BASE, TOP, WIDTH, bars
from hub.usage.rollups import UsageDay
from hub.usage.week import Day, Point, compare, is_to_the_end, people_at_least, shown, tell
from wire.columns import MINUTE
from wire.summary import HourUse, ItemUse

MONDAY = date(2026, 3, 9)
WEDNESDAY = date(2026, 3, 11)
NO_HOURS = tuple(HourUse(0, 0, 0) for _ in range(24))


def day(visits: int = 0, *, new: int | None = None, played=None, to_end=None, **fields) -> Day:
    """A day of so many visits, each by a phone of its own that is new this week unless `new` says otherwise."""
    values = {
        "visitors": visits,
        "visitors_new_week": visits if new is None else new,
        "visitors_new_month": visits,
        "visits": visits,
        "minutes_up": 600,
        "most_phones": visits,
        "languages": {"es": visits},
        "plays": visits,
        "seconds_played": 0,
        "person_seconds": 0,
        "local_bytes": 0,
        "downloads": 0,
        "group_plays": 0,
        "items": (),
        "hours": NO_HOURS,
    }
    return Day(UsageDay(**values | fields), played or {}, to_end or {})


def days(last: date, visits: list[int]) -> dict[date, Day | None]:
    """The days that the page of `last` needs, filled from its end with `visits`, the oldest first; the others empty."""
    window = shown(last)
    return dict.fromkeys(window, day(minutes_up=0)) | {
        window[number - len(visits)]: day(count) for number, count in enumerate(visits)
    }


@pytest.mark.parametrize(
    ("last", "first", "count"),
    [
        (date(2026, 3, 9), date(2026, 3, 2), 8),  # a Monday
        (date(2026, 3, 15), date(2026, 3, 2), 14),  # a Sunday
        (date(2027, 1, 1), date(2026, 12, 21), 12),  # the Friday of ISO week 53 of the year before
        (date(2024, 2, 29), date(2024, 2, 19), 11),
        (date(2026, 11, 2), date(2026, 10, 26), 8),  # after a night of 25 hours
    ],
)
def test_the_page_needs_this_week_and_the_whole_week_before(last: date, first: date, count: int) -> None:
    window = shown(last)
    assert (window[0], window[-1], len(window)) == (first, last, count)
    assert window == [first + timedelta(days=number) for number in range(count)]


@pytest.mark.parametrize(
    ("spoken", "told"),
    [
        ({"es": 6}, [("es", 6)]),
        ({"en": 5, "es": 9}, [("es", 9), ("en", 5)]),
        ({"en": 1, "es": 9}, []),  # the one who reads English; without her line all visits would still tell
        ({}, []),
    ],
)
def test_a_language_of_few_visits_is_not_told(spoken: dict[str, int], told: list[tuple[str, int]]) -> None:
    found = {WEDNESDAY: day(10, languages=spoken)}
    assert tell(WEDNESDAY, found).sums.languages == told


def test_a_week_is_its_days_up_to_today_and_the_plot_the_last_seven() -> None:
    week = tell(WEDNESDAY, days(WEDNESDAY, [50, 40, 30, 20, 10, 7, 6, 5]))
    assert (week.first, week.last, week.sums.visits) == (MONDAY, WEDNESDAY, 18)
    assert [(point.day.day, point.value, point.current) for point in week.visits.points] == [
        (5, 40, False),
        (6, 30, False),
        (7, 20, False),
        (8, 10, False),
        (9, 7, True),
        (10, 6, True),
        (11, 5, True),
    ]


def test_visitors_of_a_week_are_those_new_on_each_of_its_days() -> None:
    found = days(WEDNESDAY, [9]) | {MONDAY: day(6), date(2026, 3, 10): day(6, new=1), WEDNESDAY: day(5, new=0)}
    sums = tell(WEDNESDAY, found).sums
    assert (sums.visitors, sums.at_most, sums.visits) == (7, False, 17)


def test_a_month_that_ends_inside_the_week_makes_its_visitors_at_most() -> None:
    """30 and 31 March, 1 and 2 April 2026: whoever came on both sides is new twice."""
    last = date(2026, 4, 2)
    sums = tell(last, days(last, [6, 0, 6, 0])).sums
    assert (sums.visitors, sums.at_most) == (12, True)
    sums = tell(last, days(last, [6, 0, 0, 0])).sums
    assert (sums.visitors, sums.at_most) == (6, False)


def test_phones_of_both_sides_of_a_months_end_are_not_taken_for_different_people() -> None:
    """Three on each side may be the same three, so the rule about few has to hold."""
    last = date(2026, 4, 2)
    found = days(last, [3, 0, 3, 0])
    assert people_at_least({each: found[each] for each in shown(last)[-4:]}) == 3
    assert tell(last, found).few
    assert not tell(last, days(last, [3, 0, 5, 0])).few


def test_a_year_that_ends_inside_the_week_splits_it_as_any_month() -> None:
    last = date(2027, 1, 2)
    week = tell(last, days(last, [5, 1, 1, 1, 2, 2]))
    assert (week.first, week.sums.visits, week.sums.at_most) == (date(2026, 12, 28), 12, True)


def test_a_few_phones_hide_the_details_and_five_show_them() -> None:
    assert tell(WEDNESDAY, days(WEDNESDAY, [4, 0, 0])).few
    assert not tell(WEDNESDAY, days(WEDNESDAY, [5, 0, 0])).few
    spread = days(WEDNESDAY, [0]) | {MONDAY: day(3), WEDNESDAY: day(2)}
    assert not tell(WEDNESDAY, spread).few


def test_days_of_a_busy_week_are_still_drawn_on_the_monday_after() -> None:
    week = tell(MONDAY, days(MONDAY, [9, 9, 9, 1]))
    assert (week.few, week.few_days) == (True, False)
    assert tell(MONDAY, days(MONDAY, [2, 0, 2, 4])).few_days


def test_the_first_week_has_nothing_to_compare_with() -> None:
    week = tell(WEDNESDAY, days(WEDNESDAY, [5, 5, 5]))
    assert week.visits.verdict is None
    assert [point.value for point in week.visits.points] == [0, 0, 0, 0, 5, 5, 5]


@pytest.mark.parametrize(
    ("visits", "verdict"),
    [
        # Monday to Wednesday, the four days after, and Monday to Wednesday again
        ([10, 10, 10, 0, 0, 0, 0, 12, 12, 12], "more"),
        ([10, 10, 10, 99, 99, 99, 99, 10, 10, 10], "same"),
        ([10, 10, 10, 0, 0, 0, 0, 10, 10, 0], "same"),  # today has only begun
        ([10, 10, 10, 0, 0, 0, 0, 5, 5, 1], "fewer"),
        ([0, 0, 0, 9, 0, 0, 0, 0, 0, 1], "more"),
    ],
)
def test_a_week_is_compared_with_the_same_days_of_the_week_before(visits: list[int], verdict: str) -> None:
    assert tell(WEDNESDAY, days(WEDNESDAY, visits)).visits.verdict == verdict


def test_on_monday_morning_no_week_is_behind() -> None:
    assert compare(0, 0, 50) == "same"


def test_a_deleted_day_is_a_gap_not_a_zero() -> None:
    found = days(WEDNESDAY, [8] * 10) | {date(2026, 3, 10): None}
    week = tell(WEDNESDAY, found)
    assert (week.gaps, week.complete, week.sums.visits, week.visits.verdict) == (True, True, 16, None)
    assert [point.value for point in week.visits.points][-2:] == [None, 8]
    del found[date(2026, 3, 10)]
    assert (tell(WEDNESDAY, found).gaps, tell(WEDNESDAY, found).complete) == (False, False)


@given(st.lists(st.integers(0, 5000), min_size=3, max_size=3))
def test_minutes_drawn_for_this_week_add_up_to_its_figure(seconds: list[int]) -> None:
    found = days(WEDNESDAY, [6] * 10)
    found |= {MONDAY + timedelta(days=number): day(6, seconds_played=each) for number, each in enumerate(seconds)}
    week = tell(WEDNESDAY, found)
    drawn = [point.value or 0 for point in week.minutes.points if point.current]
    assert sum(drawn) == week.sums.minutes == (sum(seconds) + MINUTE // 2) // MINUTE


def test_what_was_most_watched_comes_first_and_only_five_are_listed() -> None:
    found = days(WEDNESDAY, [9]) | {
        MONDAY: day(items=tuple(ItemUse(number, 2, 1, 0) for number in range(1, 8)), played=dict.fromkeys(range(1, 8), 40_000)),
        WEDNESDAY: day(items=(ItemUse(6, 3, 1, 0),), played={6: 200_000, 3: 1}),
    }  # fmt: skip
    watched = tell(WEDNESDAY, found).sums.most_watched
    assert [(each.item, each.plays) for each in watched] == [(6, 5), (3, 2), (1, 2), (2, 2), (4, 2)]
    assert watched[0].minutes == 4


def test_minutes_of_lessons_add_up_over_days_that_have_less_than_a_minute_of_each() -> None:
    found = {each: day(played={2: 20_000, 3: 40_000}) for each in shown(date(2026, 3, 15))}
    assert [(each.item, each.minutes) for each in tell(date(2026, 3, 15), found).sums.most_watched] == [(3, 5), (2, 2)]


def test_the_busiest_hour_is_the_one_with_most_plays_over_the_week() -> None:
    def hours(**plays: int) -> tuple[HourUse, ...]:
        return tuple(HourUse(plays.get(f"h{hour}", 0), 0, 0) for hour in range(24))

    found = days(WEDNESDAY, [9]) | {MONDAY: day(hours=hours(h9=3, h17=2)), WEDNESDAY: day(hours=hours(h17=2))}
    assert tell(WEDNESDAY, found).sums.busiest_hour == 17
    assert tell(WEDNESDAY, days(WEDNESDAY, [9])).sums.busiest_hour is None


def test_lessons_seen_to_the_end_are_counted_once_each_and_together() -> None:
    found = days(WEDNESDAY, [9]) | {MONDAY: day(to_end={2: 3}), WEDNESDAY: day(to_end={2: 1, 5: 1})}
    sums = tell(WEDNESDAY, found).sums
    assert (sums.to_end, sums.lessons_to_end) == (5, 2)


def test_without_a_catalogue_nothing_is_said_of_the_end() -> None:
    found = days(WEDNESDAY, [9]) | {WEDNESDAY: Day(day(9).use, {}, None)}
    assert tell(WEDNESDAY, found).sums.to_end is None


@pytest.mark.parametrize(
    ("played", "seconds", "end"), [(54_000, 60, True), (53_999, 60, False), (60_000, None, False), (65_000, 60, True)]
)
def test_nine_tenths_of_a_lesson_are_its_end(played: int, seconds: int | None, end: bool) -> None:
    assert is_to_the_end(played, seconds) is end


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**6)), min_size=1, max_size=14))
def test_bars_stand_on_the_line_inside_the_drawing_and_are_as_high_as_their_value(values: list[int | None]) -> None:
    drawn = bars([Point(MONDAY + dt.timedelta(days=number), value, True) for number, value in enumerate(values)])
    most = max(value or 0 for value in values)
    for bar in drawn:
        assert (bar.height > 0) == bool(bar.point.value)
        assert bar.y + bar.height == pytest.approx(BASE, abs=0.11)
        assert TOP <= bar.y <= BASE
        assert 0 < bar.x < bar.middle < bar.x + bar.width < WIDTH
        if bar.point.value == most > 0:
            assert bar.y == TOP
    assert all(one.x + one.width < two.x for one, two in itertools.pairwise(drawn))
