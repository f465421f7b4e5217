"""Details go once head office has had the day for long enough; what weeks and months need stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from hub.usage.forget import forget
from hub.usage.models import Batch, Play, Visit, Visitor
from hub.usage.summary import Gone, changed_since

if TYPE_CHECKING:
    from tests.hub.usage.conftest import Box

MERIDA = ZoneInfo("America/Merida")
FIRST = date(2026, 3, 1)
KEEP = 35


@pytest.fixture
def two_months(box: Box) -> Box:
    """Ana comes each day of March and April, Bea on the 20th of each."""
    box.learn(datetime(2026, 3, 1, 9, tzinfo=MERIDA))
    for ahead in range(61):
        box.at(datetime(2026, 3, 1, 9, tzinfo=MERIDA) + timedelta(days=ahead))
        box.play("ana")
        if (FIRST + timedelta(days=ahead)).day == 20:
            box.play("bea")
        box.flush()
    return box


def acknowledged(days: int, each: timedelta = timedelta(days=1)) -> dict[date, datetime]:
    """The first days of March, each acknowledged `each` after it began."""
    return {FIRST + timedelta(days=n): datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=n) + each for n in range(days)}


def test_nothing_goes_before_it_is_acknowledged_and_old_enough(two_months: Box) -> None:
    now = two_months.clock.now()
    assert forget({}, KEEP, now) == 0
    assert forget(acknowledged(61, timedelta(days=90)), KEEP, now) == 0
    assert forget(acknowledged(61), KEEP, None) == 0
    assert Play.select().count() == 63


def test_old_acknowledged_days_lose_their_plays_and_the_later_days_change_in_nothing(two_months: Box) -> None:
    box = two_months
    kept = [date(2026, 3, 26) + timedelta(days=n) for n in range(36)]
    before = {day: box.day(day) for day in kept}
    now = datetime(2026, 4, 30, 20, tzinfo=UTC)
    assert forget(acknowledged(61), KEEP, now) > 0
    assert {day: box.day(day) for day in kept} == before
    assert Play.select().count() == 37
    assert Batch.select().count() == 37  # the plays' batches of 36 days, and the one in which the boot was announced
    with pytest.raises(Gone, match="2026-03-26"):
        box.day(date(2026, 3, 25))


def test_a_forgotten_day_is_never_listed_as_changed(two_months: Box) -> None:
    forget(acknowledged(61), KEEP, datetime(2026, 4, 30, 20, tzinfo=UTC))
    days, _ = changed_since(0, two_months.zone)
    assert min(days) == date(2026, 3, 26)


def test_a_day_that_was_never_acknowledged_keeps_all_that_follow(two_months: Box) -> None:
    days = acknowledged(61)
    del days[date(2026, 3, 5)]
    forget(days, KEEP, datetime(2026, 4, 30, 20, tzinfo=UTC))
    assert two_months.day(date(2026, 3, 5)).plays == 1
    assert two_months.day(date(2026, 3, 6)).plays == 1


def test_visitors_go_with_their_last_visit(two_months: Box) -> None:
    forget(acknowledged(61), 1, datetime(2026, 5, 1, 20, tzinfo=UTC))
    assert Visitor.select().count() == 2  # April's Ana and Bea; April is still needed for who was new in it
    forget(acknowledged(61), 0, datetime(2026, 6, 30, tzinfo=UTC))
    assert (Visit.select().count(), Play.select().count(), Visitor.select().count()) == (0, 0, 0)


def test_forgetting_twice_is_forgetting_once(two_months: Box) -> None:
    now = datetime(2026, 4, 30, 20, tzinfo=UTC)
    forget(acknowledged(61), KEEP, now)
    assert forget(acknowledged(61), KEEP, now) == 0


def test_batch_numbers_go_on_after_all_rows_are_gone(two_months: Box) -> None:
    _, newest = changed_since(0, two_months.zone)
    forget(acknowledged(61), 0, datetime(2026, 6, 30, tzinfo=UTC))
    two_months.flush()
    assert changed_since(newest, two_months.zone)[1] > newest
