"""Boots without a date come to parts of 24 hours, of which each counts what it saw, once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hub.usage.parts import BootPart, parts_between, parts_since, summary_of_part
from hub.usage.summary import boots_of, changed_since

if TYPE_CHECKING:
    from tests.hub.usage.conftest import Box

MERIDA = ZoneInfo("America/Merida")
DAY = 86_400


def test_a_boot_of_three_days_without_a_date_has_three_parts_and_hours_of_its_own(box: Box) -> None:
    for part in range(3):
        box.seconds = part * DAY + 2 * 3600.0 + 5
        box.recorder.delivered(100 + part)
        box.play("ana", (0, 60))
        box.flush()
    changed, newest = parts_since(0)
    boot = box.clock.boot
    assert changed == {BootPart(boot, part) for part in range(3)}
    assert parts_since(newest) == (set(), newest)
    first, second, third = (summary_of_part(BootPart(boot, part)) for part in range(3))
    assert [use.plays for use in (first, second, third)] == [1, 1, 1]
    assert [use.seconds_played for use in (first, second, third)] == [60, 60, 60]
    assert [use.local_bytes for use in (first, second, third)] == [100, 101, 102]
    assert (first.hours[2].plays, second.hours[2].plays, sum(hour.plays for hour in third.hours)) == (1, 1, 1)
    assert first.minutes_up + second.minutes_up + third.minutes_up == round((box.seconds - 1000) / 60)


def test_a_part_has_nothing_of_the_one_beside_it_and_a_visit_belongs_to_where_it_began(box: Box) -> None:
    box.seconds = DAY - 60.0
    box.play("ana", (0, 30))
    box.flush()
    box.seconds = DAY + 60.0
    box.play("ana", (0, 40), item=3)
    box.flush()
    before, after = (summary_of_part(BootPart(box.clock.boot, part)) for part in (0, 1))
    assert [(use.visitors, use.visits, use.plays, use.seconds_played) for use in (before, after)] == [
        (1, 1, 1, 30),
        (1, 0, 1, 40),
    ]


def test_who_is_new_is_told_as_far_as_it_is_known(box: Box) -> None:
    box.play("ana")
    box.flush()
    box.boot("second boot")
    box.play("ana")
    box.play("beto")
    box.flush()
    box.seconds = 1000.0 + DAY
    for visitor in ("ana", "beto", "celia"):
        box.play(visitor)
    box.flush()
    told = [summary_of_part(BootPart(box.clock.boot, part)) for part in (0, 1)]
    assert [(use.visitors, use.visitors_new_week, use.visitors_new_month) for use in told] == [(2, 2, 1), (3, 1, 1)]


def test_a_visitor_of_an_undated_boot_is_not_new_to_the_month_on_a_later_day(box: Box) -> None:
    box.learn(datetime(2026, 3, 9, 8, tzinfo=MERIDA))
    box.flush()
    box.boot("without a date")
    box.play("ana")
    box.flush()
    box.boot("third boot")
    box.learn(datetime(2026, 3, 11, 8, tzinfo=MERIDA))
    box.play("ana")
    box.play("beto")
    box.flush()
    use = box.day(date(2026, 3, 11))
    assert (use.visitors, use.visitors_new_month) == (2, 1)
    assert use.visitors_new_week == 2  # where in the month the undated boot was nobody knows


def test_a_visit_that_a_power_cut_interrupts_is_one_only_if_both_boots_have_a_date(box: Box) -> None:
    box.learn(datetime(2026, 3, 9, 8, tzinfo=MERIDA))
    box.play("ana", (0, 30))
    box.flush()
    box.boot("without a date", 10.0)
    box.play("ana", (0, 30))
    box.flush()
    assert box.day(date(2026, 3, 9)).visits == 1
    assert summary_of_part(BootPart(box.clock.boot, 0)).visits == 1
    box.learn(datetime(2026, 3, 9, 8, 5, tzinfo=MERIDA))
    use = box.day(date(2026, 3, 9))
    assert (use.visits, use.plays, use.seconds_played) == (1, 1, 30)


def test_a_dated_boot_has_no_parts_and_a_day_names_the_boots_it_counts(box: Box) -> None:
    box.play("ana")
    box.flush()
    undated = box.clock.boot
    box.boot("second boot")
    box.learn(datetime(2026, 3, 9, 8, tzinfo=MERIDA))
    box.play("ana")
    box.seconds += 60
    box.flush()
    assert {part.boot for part in parts_since(0)[0]} == {undated}
    assert boots_of(date(2026, 3, 9), MERIDA) == {box.clock.boot}
    assert boots_of(date(2026, 3, 10), MERIDA) == set()
    changed_since(0, MERIDA)  # announces the date of the boot, which counts nothing at its beginning
    assert boots_of(date(2026, 3, 9) - timedelta(days=1), MERIDA) == set()


def test_parts_between_two_seconds_are_all_that_they_touch() -> None:
    assert parts_between(3, 0.0, 86_399.9) == [BootPart(3, 0)]
    assert parts_between(3, 86_399.9, 2 * 86_400.0) == [BootPart(3, 0), BootPart(3, 1), BootPart(3, 2)]
