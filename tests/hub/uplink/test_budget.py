"""How many bytes may cross, in which hours: rules over plain values, in zones whose clocks change."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.uplink.budget import (
    CONTENT,
    COUNTS,
    KEPT,
    Room,
    Rules,
    Spent,
    Used,
    month_began,
    room,
    sentence,
    spent_of,
    within,
)

MERIDA = ZoneInfo("America/Merida")
MADRID = ZoneInfo("Europe/Madrid")  # 02:00 to 03:00 on 29 March 2026, 03:00 to 02:00 on 25 October
HAVANA = ZoneInfo("America/Havana")  # no 00:00 on 8 March 2026, two of them on 1 November
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=MERIDA)
NOTHING = Spent()


def spent(counts: int = 0, content: int = 0) -> Spent:
    return Spent(Used(counts, content), Used(counts, content))


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("01-05", ["01:00", "04:59"], ["00:59", "05:00", "23:00"]),
        ("22-04", ["22:00", "00:00", "03:59"], ["04:00", "21:59"]),
        ("00-24", ["00:00", "12:00", "23:59"], []),
        ("20-24", ["20:00", "23:59"], ["00:00", "19:59"]),
    ],
)
def test_hours_are_told_apart_over_midnight_too(hours: str, inside: list[str], outside: list[str]) -> None:
    assert all(within(hours, dt.time.fromisoformat(at)) for at in inside)
    assert not any(within(hours, dt.time.fromisoformat(at)) for at in outside)


def test_without_rules_there_is_no_limit() -> None:
    assert room(Rules(), CONTENT, spent(content=10**12), NOON, MERIDA) == Room(None)
    assert room(Rules(), CONTENT, spent(content=10**12), None, MERIDA) == Room(None)


def test_the_smaller_of_day_and_month_decides() -> None:
    used = Spent(Used(0, 4_000_000), Used(0, 90_000_000))
    assert room(Rules(daily=10_000_000), COUNTS, used, NOON, MERIDA).left == 6_000_000
    assert room(Rules(daily=10_000_000, monthly=95_000_000), COUNTS, used, NOON, MERIDA).left == 5_000_000


def test_content_leaves_a_part_for_counts_and_takes_no_more_once_they_used_it() -> None:
    rules = Rules(daily=10_000_000)
    assert room(rules, CONTENT, spent(), NOON, MERIDA).left == 10_000_000 - KEPT
    assert room(rules, CONTENT, spent(counts=KEPT), NOON, MERIDA).left == 10_000_000 - KEPT
    assert room(rules, CONTENT, spent(counts=KEPT + 5), NOON, MERIDA).left == 10_000_000 - KEPT - 5
    assert room(rules, COUNTS, spent(content=10_000_000 - KEPT), NOON, MERIDA).left == KEPT
    assert room(Rules(daily=1000), CONTENT, spent(), NOON, MERIDA).left == 900


@given(st.integers(0, 10**9), st.integers(0, 10**7), st.integers(0, 10**9))
def test_content_never_leaves_less_than_nothing_for_counts(daily: int, counts: int, content: int) -> None:
    left = room(Rules(daily=daily), CONTENT, spent(counts, content), NOON, MERIDA).left
    for_counts = room(Rules(daily=daily), COUNTS, spent(counts, content + left), NOON, MERIDA).left
    if left > 0:
        assert for_counts + counts >= min(daily // 10, KEPT)


def test_a_spent_day_opens_at_the_sites_midnight() -> None:
    found = room(Rules(daily=1000), COUNTS, spent(1000), NOON, MERIDA)
    assert found == Room(0, "day", dt.datetime(2026, 3, 3, tzinfo=MERIDA))
    assert sentence(found, MERIDA) == "Today's uplink budget is used up; the rest comes from 2026-03-03 00:00 on."


def test_a_spent_month_opens_with_the_next_in_the_hours_that_are_allowed() -> None:
    found = room(Rules(monthly=1000, hours="06-22"), COUNTS, spent(1000), NOON, MERIDA)
    assert found == Room(0, "month", dt.datetime(2026, 4, 1, 6, tzinfo=MERIDA))


def test_outside_the_hours_nothing_is_left_until_they_begin() -> None:
    found = room(Rules(hours="22-04"), CONTENT, NOTHING, NOON, MERIDA)
    assert found == Room(0, "hours", NOON.replace(hour=22))
    assert room(Rules(hours="22-04"), CONTENT, NOTHING, NOON.replace(hour=3), MERIDA) == Room(None)


def test_free_hours_have_no_limit_and_are_allowed_whatever_the_hours_say() -> None:
    rules = Rules(daily=1000, hours="06-22", free="00-05")
    assert room(rules, CONTENT, spent(content=5000), NOON.replace(hour=2), MERIDA) == Room(None)
    assert room(rules, CONTENT, spent(content=5000), NOON, MERIDA).opens == dt.datetime(2026, 3, 3, tzinfo=MERIDA)


def test_what_is_less_than_asked_for_is_as_good_as_nothing() -> None:
    assert room(Rules(daily=1000), COUNTS, spent(900), NOON, MERIDA, least=100) == Room(100)
    assert room(Rules(daily=1000), COUNTS, spent(900), NOON, MERIDA, least=101).why == "day"
    assert room(Rules(daily=50), COUNTS, NOTHING, NOON, MERIDA, least=100) == Room(0, "day", None)


def test_while_the_time_is_unsure_content_waits_if_any_hour_is_forbidden_and_counts_do_not() -> None:
    assert room(Rules(hours="01-05"), CONTENT, NOTHING, None, MERIDA) == Room(0, "time")
    assert room(Rules(hours="01-05"), COUNTS, NOTHING, None, MERIDA) == Room(None)
    assert "does not know the time" in sentence(Room(0, "time"), MERIDA)


def test_while_the_time_is_unsure_no_hour_is_free_and_what_is_spent_opens_nobody_knows_when() -> None:
    assert room(Rules(daily=1000, free="00-24"), CONTENT, spent(content=1000), None, MERIDA) == Room(0, "day")


def quarter(text: str, zone: ZoneInfo, *, fold: int = 0) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp())


def test_what_crossed_is_told_by_day_and_month_and_free_hours_count_nowhere() -> None:
    rows = [
        (quarter("2026-02-28T23:45", MERIDA), "content", 1),
        (quarter("2026-03-01T00:00", MERIDA), "content", 20),
        (quarter("2026-03-02T00:00", MERIDA), "counts", 300),
        (quarter("2026-03-02T02:45", MERIDA), "content", 4000),
        (quarter("2026-03-02T05:00", MERIDA), "content", 50_000),
    ]
    assert spent_of(rows, Rules(), NOON, MERIDA) == Spent(Used(300, 54_000), Used(300, 54_020))
    assert spent_of(rows, Rules(free="01-05"), NOON, MERIDA) == Spent(Used(300, 50_000), Used(300, 50_020))
    assert month_began(NOON, MERIDA) == quarter("2026-03-01T00:00", MERIDA)


@pytest.mark.parametrize(
    ("now", "zone", "hours", "opens"),
    [
        ("2026-03-29T01:30", MADRID, "02-03", "2026-03-30T02:00+02:00"),  # that hour is left out
        ("2026-03-29T01:30", MADRID, "03-04", "2026-03-29T03:00+02:00"),
        ("2026-10-25T01:30", MADRID, "02-03", "2026-10-25T02:00+02:00"),
        ("2026-10-25T01:30", MADRID, "03-04", "2026-10-25T03:00+01:00"),
        ("2026-03-07T23:30", HAVANA, "00-01", "2026-03-09T00:00-04:00"),
    ],
)
def test_hours_open_by_the_clock_on_the_wall_when_it_changes(now: str, zone: ZoneInfo, hours: str, opens: str) -> None:
    found = room(Rules(hours=hours), CONTENT, NOTHING, dt.datetime.fromisoformat(now).replace(tzinfo=zone), zone)
    assert found.opens == dt.datetime.fromisoformat(opens)


def test_the_hour_that_comes_twice_is_allowed_twice() -> None:
    for fold in (0, 1):
        now = dt.datetime(2026, 10, 25, 2, 30, tzinfo=MADRID, fold=fold)
        assert room(Rules(hours="02-03"), CONTENT, NOTHING, now, MADRID) == Room(None)


def test_a_day_without_a_midnight_begins_when_the_clock_has_jumped() -> None:
    now = dt.datetime(2026, 3, 7, 23, 30, tzinfo=HAVANA)
    found = room(Rules(daily=1000), COUNTS, spent(1000), now, HAVANA)
    assert found.opens == dt.datetime.fromisoformat("2026-03-08T01:00-04:00")


@given(st.integers(0, 366 * 96), st.sampled_from(["22-04", "02-03", "00-24", "13-14"]), st.booleans())
def test_something_may_always_cross_at_the_moment_that_was_told(quarters: int, hours: str, full: bool) -> None:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=15 * quarters, seconds=7)
    rules = Rules(daily=1000, hours=hours)
    found = room(rules, CONTENT, spent(content=1000 * full), now, MADRID)
    if found.opens is not None:
        assert found.opens > now
        assert room(rules, CONTENT, NOTHING, found.opens, MADRID).left
