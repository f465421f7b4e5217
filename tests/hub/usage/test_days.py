"""Each day is added up once and again when it changed, in small portions, whatever happens to clock and library."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from peewee import OperationalError

from content_cache.library import Library
from hub.site import Site
from hub.usage import days as days_module
from hub.usage.days import PATIENCE, RENEW_EVERY, Days
from hub.usage.forget import forget
from hub.usage.summary import summary
from tests.hub.usage.conftest import Box, publish

if TYPE_CHECKING:
    from collections.abc import Callable

MERIDA = ZoneInfo("America/Merida")
WEDNESDAY = datetime(2026, 3, 11, 10, tzinfo=MERIDA)


class Adding:
    """Counts which days are added up; `takes` seconds of the box's clock each."""

    def __init__(self, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
        self.box, self.takes, self.days = box, 0.0, Counter[date]()
        self.trouble: Callable[[], None] = lambda: None
        monkeypatch.setattr(days_module, "summary", self._summary)

    def _summary(self, day: date, *rest: object, **others: object):
        self.trouble()
        self.days[day] += 1
        self.box.seconds += self.takes
        return summary(day, *rest, **others)

    def pop(self) -> dict[date, int]:
        """Which days were added up since the last call, and how often."""
        found, self.days = dict(self.days), Counter()
        return found


@pytest.fixture
def adding(box: Box, monkeypatch: pytest.MonkeyPatch) -> Adding:
    return Adding(box, monkeypatch)


def days_of(box: Box) -> Days:
    return Days(box.clock, Library(box.settings.library_root))


def played_since_last_week(box: Box) -> None:
    """Somebody watches each morning from Monday of last week on; then it is Wednesday."""
    box.learn(WEDNESDAY - timedelta(days=9))
    for back in range(9, -1, -1):
        box.at(WEDNESDAY - timedelta(days=back))
        box.play("ana", (0, 55))
        box.flush()


def test_a_hundred_looks_add_up_each_day_once(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    days = days_of(box)
    looks = {days.look() for _ in range(100)}
    assert len(looks) == 1
    assert adding.pop() == {date(2026, 3, 2) + timedelta(days=number): 1 for number in range(10)}
    assert [day.use.plays for day in looks.pop().days.values() if day] == [1] * 10


def test_today_is_renewed_once_a_minute_and_the_other_days_stay(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    days = days_of(box)
    days.look()
    adding.pop()
    box.play("beto", (0, 30))
    box.flush()
    for _ in range(59):
        box.seconds += 1
        days.look()
    assert adding.pop() == {}
    box.seconds += 1
    assert (found := days.look().days[WEDNESDAY.date()]) is not None
    assert found.use.plays == 2
    assert adding.pop() == {WEDNESDAY.date(): 1}


def test_a_day_that_a_late_boot_turns_out_to_have_had_is_added_up_again(box: Box, adding: Adding) -> None:
    undated = box.clock
    box.play("ana", (0, 30))
    box.flush()
    box.boot("second boot")
    box.learn(WEDNESDAY)
    box.play("ana", (0, 30))
    box.flush()
    days = days_of(box)
    assert days.look().waiting == 1
    adding.pop()
    now, box.seconds = box.seconds, 1000.0
    undated.learn(WEDNESDAY - timedelta(days=1), "head office")
    box.seconds = now + RENEW_EVERY
    look = days.look()
    tuesday = WEDNESDAY.date() - timedelta(days=1)
    assert adding.pop() == {tuesday: 1, WEDNESDAY.date(): 1}
    assert look.waiting == 0
    assert (found := look.days[tuesday]) is not None
    assert found.use.plays == 1


def test_after_midnight_the_new_day_is_there_at_once(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    days = days_of(box)
    box.at(datetime(2026, 3, 15, 23, 59, 59, tzinfo=MERIDA))
    assert days.look().today == date(2026, 3, 15)
    adding.pop()
    box.seconds += 1
    look = days.look()
    assert look.today == date(2026, 3, 16)
    assert sorted(look.days) == [date(2026, 3, 9) + timedelta(days=number) for number in range(8)]
    assert adding.pop() == {date(2026, 3, 16): 1}


def test_a_zone_with_summer_time_has_its_own_midnights(tmp_path) -> None:
    box = Box(tmp_path, "America/Tijuana")
    box.learn(datetime(2026, 3, 8, 23, 30, tzinfo=box.zone))  # the day lost its hour at two in the morning
    box.play("ana", (0, 30))
    box.flush()
    look = days_of(box).look()
    assert (look.today, look.days[date(2026, 3, 8)].use.plays) == (date(2026, 3, 8), 1)
    box.seconds += 1800
    assert days_of(box).look().today == date(2026, 3, 9)


def test_slow_days_are_added_up_in_portions_the_newest_first(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    adding.takes = PATIENCE
    days = days_of(box)
    first = days.look()
    assert list(adding.pop()) == [date(2026, 3, 11), date(2026, 3, 10)]
    assert set(first.days) == {date(2026, 3, 11), date(2026, 3, 10)}
    for _ in range(4):
        days.look()
    assert len(adding.pop()) == 8
    days.look()
    assert adding.pop() == {}
    assert len(days.look().days) == 10


def test_a_slow_day_is_renewed_more_seldom_than_each_minute(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    days = days_of(box)
    days.look()
    adding.pop()
    adding.takes = 10.0
    for pause, renewed in ((RENEW_EVERY, 1), (199, 0), (1, 1)):
        box.play("ana", (0, 30))
        box.flush()
        box.seconds += pause
        days.look()
        assert adding.pop() == ({WEDNESDAY.date(): 1} if renewed else {})


def test_while_one_request_adds_up_the_others_get_the_look_before(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    days = days_of(box)
    before = days.look()
    box.seconds += RENEW_EVERY
    box.flush()
    found = []

    def ask_meanwhile() -> None:
        adding.trouble = lambda: None
        other = threading.Thread(target=lambda: found.append(days.look()))
        other.start()
        other.join(10)

    adding.trouble = ask_meanwhile
    after = days.look()
    assert found == [before]
    assert after is not before


def test_a_database_in_trouble_leaves_the_look_before(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    days = days_of(box)

    def fail() -> None:
        raise OperationalError("disk I/O error")

    adding.trouble = fail
    with pytest.raises(OperationalError):
        days.look()
    adding.trouble = lambda: None
    before = days.look()
    box.seconds += RENEW_EVERY
    box.flush()
    adding.trouble = fail
    assert days.look() is before
    adding.trouble = lambda: None
    assert days.look() is not before


def test_forgotten_days_are_gaps_and_those_known_already_stay(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    days = days_of(box)
    known = days.look()
    told = {date(2026, 3, day): WEDNESDAY - timedelta(days=3) for day in range(2, 7)}
    assert forget(told, 1, WEDNESDAY) > 0
    box.seconds += RENEW_EVERY
    box.flush()
    assert days.look().days[date(2026, 3, 5)] == known.days[date(2026, 3, 5)]
    fresh = days_of(box).look()
    assert [day.day for day, found in fresh.days.items() if found is None] == [6, 5, 4, 3, 2]


def test_while_the_time_is_unknown_the_last_known_days_are_shown(box: Box, adding: Adding) -> None:
    played_since_last_week(box)
    box.boot("after the cut")
    box.play("ana", (0, 30))
    box.flush()
    days = days_of(box)
    look = days.look()
    assert (look.today, look.last, look.waiting) == (None, WEDNESDAY.date(), 1)
    box.learn(WEDNESDAY + timedelta(days=1))
    look = days.look()
    assert (look.today, look.last, look.waiting) == (date(2026, 3, 12), date(2026, 3, 12), 0)


def test_a_hub_that_never_knew_the_time_has_no_days(box: Box, adding: Adding) -> None:
    look = days_of(box).look()
    assert (look.today, look.last, look.days, look.waiting) == (None, None, {}, 0)
    assert adding.pop() == {}


def test_the_end_of_a_lesson_is_that_of_the_release_which_is_served(box: Box, library_root, adding: Adding) -> None:
    """Item 2 lasts 60 seconds, item 3 two minutes, item 4 has no length; of item 9 nothing is known."""
    box.learn(WEDNESDAY)
    for item, seconds in ((2, 54), (3, 54), (4, 500), (9, 500)):
        box.play("ana", (0, seconds), item=item)
    box.flush()
    days = days_of(box)
    assert days.look().days[WEDNESDAY.date()].to_end == {2: 1}
    adding.pop()
    (library_root / "catalogues" / "current").unlink()
    assert days.look().days[WEDNESDAY.date()].to_end is None
    shutil.rmtree(library_root / "catalogues")
    publish(library_root)
    assert days.look().days[WEDNESDAY.date()].to_end == {2: 1}


def test_a_damaged_catalogue_costs_only_what_it_alone_knows(box: Box, library_root, adding: Adding) -> None:
    box.learn(WEDNESDAY)
    box.play("ana", (0, 54))
    box.flush()
    (library_root / "catalogues" / "1-0123456789ab.sqlite").write_bytes(b"no database")
    days = days_of(box)
    found = days.look().days[WEDNESDAY.date()]
    assert (found.use.plays, found.to_end) == (1, None)
    adding.pop()
    days.look()
    assert adding.pop() == {}


def test_another_time_zone_counts_all_days_anew(box: Box, adding: Adding) -> None:
    """Nine in the evening in Mérida is ten in Cancún."""
    box.learn(WEDNESDAY.replace(hour=23, minute=30))
    box.play("ana", (0, 30))
    box.flush()
    days = days_of(box)
    assert days.look().days[WEDNESDAY.date()].use.plays == 1
    Site.update(time_zone="America/Cancun").execute()
    box.seconds += RENEW_EVERY
    look = days.look()
    assert look.today == date(2026, 3, 12)
    assert look.days[date(2026, 3, 12)].use.plays == 1
    assert look.days[WEDNESDAY.date()].use.plays == 0
