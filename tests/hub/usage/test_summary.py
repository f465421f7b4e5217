"""Days from rows: what is up, who is here at once, which days changed and when boots are dated."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.usage.summary import changed_since, undated_plays
from tests.hub.usage.conftest import Box

MERIDA = ZoneInfo("America/Merida")


def test_the_most_phones_at_once_are_visits_under_way_at_the_same_instant(box: Box) -> None:
    box.learn(datetime(2026, 3, 9, 23, 50, tzinfo=MERIDA))
    for minutes, phones in ((0, "ab"), (20, "abc"), (30, "c"), (120, "ad"), (121, "d")):
        box.at(datetime(2026, 3, 9, 23, 50, tzinfo=MERIDA) + timedelta(minutes=minutes))
        for phone in phones:
            box.recorder.seen(phone, "es")
    box.flush()
    assert box.day(date(2026, 3, 9)).most_phones == 2
    assert box.day(date(2026, 3, 10)).most_phones == 3


@pytest.mark.parametrize(
    ("day", "minutes"), [((2026, 11, 1), 25 * 60), ((2026, 3, 8), 23 * 60), ((2024, 2, 29), 24 * 60)]
)
def test_a_day_has_as_many_minutes_as_the_sites_clock_gives_it(tmp_path, day, minutes) -> None:
    box = Box(tmp_path, "America/Tijuana")
    box.learn(datetime(*day, tzinfo=box.zone) - timedelta(hours=3))
    for _ in range(32):
        box.seconds += 3600
        box.flush()
    assert box.day(date(*day)).minutes_up == minutes


def test_the_hour_that_a_clock_set_back_repeats_is_one_hour(tmp_path) -> None:
    box = Box(tmp_path, "America/Tijuana")
    box.learn(datetime(2026, 11, 1, 1, 30, tzinfo=box.zone))
    for _ in range(2):
        box.recorder.delivered(1000)
        box.flush()
        box.seconds += 3600
    assert [hour.local_bytes for hour in box.day(date(2026, 11, 1)).hours][:4] == [0, 2000, 0, 0]


def test_a_play_belongs_to_the_day_and_hour_in_which_it_began(box: Box) -> None:
    box.learn(datetime(2026, 3, 9, 23, 59, tzinfo=MERIDA))
    id_ = b"over midnight..."
    box.play("ana", (0, 30), id_=id_)
    box.flush()
    box.seconds += 120
    box.play("ana", (0, 150), id_=id_)
    box.flush()
    eve, day = box.day(date(2026, 3, 9)), box.day(date(2026, 3, 10))
    assert (eve.plays, eve.seconds_played, eve.hours[23].minutes) == (1, 150, 3)
    assert (day.plays, day.visits, day.visitors, day.visitors_new_week) == (0, 0, 1, 0)


def test_minutes_of_items_and_of_hours_add_up_to_the_total(box: Box) -> None:
    box.learn(datetime(2026, 3, 9, 6, tzinfo=MERIDA))
    for number in range(17):
        box.play(f"phone {number}", (0, 17.3 + number), item=number)
        box.seconds += 3000
    box.flush()
    use = box.day(date(2026, 3, 9))
    total = (use.seconds_played + 30) // 60
    assert sum(item.minutes for item in use.items) == sum(hour.minutes for hour in use.hours) == total
    assert sum(item.plays for item in use.items) == sum(hour.plays for hour in use.hours) == use.plays == 17


def test_weeks_end_with_the_month(box: Box) -> None:
    """Tuesday, Wednesday and Thursday of one ISO week, the month ends on Tuesday."""
    box.learn(datetime(2026, 3, 31, 10, tzinfo=MERIDA))
    new = []
    for day in (31, 32, 33):
        box.at(datetime(2026, 3, 31, 10, tzinfo=MERIDA) + timedelta(days=day - 31))
        box.play("ana")
        box.flush()
    for ahead in range(3):
        use = box.day(date(2026, 3, 31) + timedelta(days=ahead))
        new.append((use.visitors, use.visitors_new_week, use.visitors_new_month))
    assert new == [(1, 1, 1), (1, 1, 1), (1, 0, 0)]


def test_rows_of_a_boot_wait_until_it_is_dated_and_then_change_their_days(box: Box) -> None:
    box.play("ana")
    box.flush()
    days, newest = changed_since(0, box.zone)
    assert days == set()
    assert undated_plays(box.clock.boot) == 1
    box.seconds += 7200
    box.learn(datetime(2026, 3, 10, 1, tzinfo=MERIDA))
    days, newer = changed_since(newest, box.zone)
    assert date(2026, 3, 9) in days
    assert box.day(date(2026, 3, 9)).plays == 1
    assert undated_plays(box.clock.boot) == 0
    assert changed_since(newer, box.zone) == (set(), newer)


def test_dating_a_boot_changes_later_days_whose_visitors_turn_out_not_to_be_new(box: Box) -> None:
    undated = box.clock
    box.play("ana")
    box.flush()
    box.boot("second boot")
    box.learn(datetime(2026, 3, 11, 10, tzinfo=MERIDA))
    box.play("ana")
    box.flush()
    days, newest = changed_since(0, box.zone)
    assert box.day(date(2026, 3, 11)).visitors_new_week == 1
    box.seconds = 1000.0
    undated.learn(datetime(2026, 3, 10, 10, tzinfo=MERIDA), "head office")
    days, _ = changed_since(newest, box.zone)
    assert days == {date(2026, 3, 10), date(2026, 3, 11)}
    assert box.day(date(2026, 3, 11)).visitors_new_week == 0


def test_a_visit_goes_on_over_a_power_cut_once_both_boots_are_dated(box: Box) -> None:
    box.learn(datetime(2026, 3, 9, 23, 50, tzinfo=MERIDA))
    box.play("ana", (0, 10))
    box.flush()
    _, newest = changed_since(0, box.zone)
    box.boot("after the cut", seconds=40)
    box.play("ana", (5, 20))
    box.flush()
    assert box.day(date(2026, 3, 9)).seconds_played == 10
    box.learn(datetime(2026, 3, 10, 0, 5, tzinfo=MERIDA))
    days, _ = changed_since(newest, box.zone)
    assert days == {date(2026, 3, 9), date(2026, 3, 10)}
    use = box.day(date(2026, 3, 9))
    assert (use.visits, use.plays, use.seconds_played) == (1, 1, 20)
    assert (box.day(date(2026, 3, 10)).visits, box.day(date(2026, 3, 10)).visitors) == (0, 1)


def test_a_day_without_rows_is_a_day_of_zeros(box: Box) -> None:
    use = box.day(date(2026, 3, 9))
    assert (use.visitors, use.plays, use.minutes_up, len(use.hours), use.items) == (0, 0, 0, 24, ())
