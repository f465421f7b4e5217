"""Keys live a month: who is new, what is destroyed, and what happens while the month is not known."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from hub.usage.models import Visitor, VisitorKey
from hub.usage.summary import changed_since
from hub.usage.visitors import destroy

if TYPE_CHECKING:
    from tests.hub.usage.conftest import Box

MERIDA = ZoneInfo("America/Merida")
EVE = datetime(2026, 3, 31, 23, 50, tzinfo=MERIDA)
MINUTE = 60
MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 1)


def keys(box: Box) -> list[str]:
    return sorted(path.name for path in box.settings.keys.glob("visitors-*.key"))


def test_the_key_is_destroyed_when_the_sites_month_ends(box: Box) -> None:
    box.learn(EVE)
    box.play("ana")
    box.flush()
    old = (box.settings.keys / "visitors-1.key").read_bytes()
    box.at(datetime(2026, 4, 1, 0, 0, 1, tzinfo=MERIDA))
    box.play("ana")
    box.flush()
    assert keys(box) == ["visitors-2.key"]
    assert (box.settings.keys / "visitors-2.key").read_bytes() != old
    assert Visitor.select().count() == 2


def test_a_visit_over_the_months_end_counts_in_both_even_if_written_in_one_flush(box: Box) -> None:
    box.learn(EVE)
    box.flush()
    for moment in (EVE, EVE.replace(minute=59), datetime(2026, 4, 1, 0, 5, tzinfo=MERIDA)):
        box.at(moment)
        box.play("ana", (0, 10))
    box.flush()
    for day in (MARCH, APRIL):
        use = box.day(day)
        assert (use.visitors, use.visits, use.plays) == (1, 1, 1)
        assert use.visitors_new_month == use.visitors_new_week == 1


def test_a_visit_over_the_months_end_counts_in_both_though_others_were_written_down_between(box: Box) -> None:
    """What Bea does just after midnight brings the new month's key; Ana's pause is short enough to go on as a visit."""
    box.learn(EVE)
    ana = b"a" * 16
    box.play("ana", (0, 10), id_=ana)
    box.flush()
    box.at(datetime(2026, 4, 1, 0, 0, 1, tzinfo=MERIDA))
    box.play("bea")
    box.flush()
    box.at(datetime(2026, 4, 1, 0, 5, tzinfo=MERIDA))
    box.play("ana", (0, 20), id_=ana)
    box.flush()
    for day, visitors in ((MARCH, 1), (APRIL, 2)):
        use = box.day(day)
        assert use.visitors == use.visits == use.plays == use.seconds_played / 10 == visitors
        assert use.visitors_new_month == use.visitors_new_week == visitors


def test_a_program_that_starts_just_before_a_months_end_counts_in_both(box: Box) -> None:
    """Nothing was written yet when the month ends: what was before belongs to the old month all the same."""
    box.learn(EVE)
    box.play("ana")
    box.flush()
    box.settings = dataclasses.replace(box.settings, flush_every=1000)
    box.restart()
    box.at(EVE.replace(minute=59, second=58))
    box.recorder.start()
    for moment in (EVE.replace(minute=59, second=59), datetime(2026, 4, 1, 0, 0, 1, tzinfo=MERIDA)):
        box.at(moment)
        box.play("ana", (0, 10))
    box.recorder.stop()
    for day in (MARCH, APRIL):
        use = box.day(day)
        assert use.visitors == use.visits == use.plays == use.visitors_new_month == 1


def test_a_visit_over_a_months_end_that_the_hub_learns_of_later_is_cut_there(box: Box) -> None:
    """No act was at midnight itself, so which of them were before is not known; each visitor ends with her month."""
    box.learn(EVE.replace(day=30))
    box.play("ana")
    box.flush()
    box.boot("without the time")
    box.play("ana")
    box.flush()
    box.seconds += 20 * MINUTE
    box.play("ana", item=3)
    box.flush()
    box.learn(datetime(2026, 4, 1, 0, 15, tzinfo=MERIDA))
    box.flush()
    box.seconds += 5 * MINUTE
    box.play("ana", item=4)
    box.flush()
    for day, plays, new in ((MARCH, 1, 0), (APRIL, 2, 1)):
        use = box.day(day)
        assert (use.visitors, use.visits, use.plays) == (1, 1, plays)
        assert use.visitors_new_month == new


def test_days_whose_visitors_move_to_the_new_month_are_told_again_if_they_were_sealed_before(box: Box) -> None:
    """The worker learns the time and may seal at once, some seconds before the recorder hears of it."""
    box.learn(EVE.replace(day=30))
    box.play("ana")
    box.flush()
    box.boot("without the time")
    box.play("ana")
    box.flush()
    box.learn(datetime(2026, 4, 1, 12, tzinfo=MERIDA))
    sealed, batch = changed_since(0, MERIDA)
    box.flush()
    assert APRIL in sealed
    assert APRIL in changed_since(batch, MERIDA)[0]


def test_a_box_that_loses_power_as_soon_as_it_knows_the_time_still_counts_its_visitors_once(box: Box) -> None:
    box.learn(EVE.replace(day=30))
    box.play("ana")
    box.flush()
    box.boot("without the time")
    box.play("ana")
    box.flush()
    box.learn(datetime(2026, 4, 1, 12, tzinfo=MERIDA))
    box.boot("with the time")
    box.learn(datetime(2026, 4, 1, 15, tzinfo=MERIDA))
    box.play("ana")
    box.flush()
    use = box.day(APRIL)
    assert (use.visitors, use.visits, use.visitors_new_month) == (1, 2, 1)


def test_destroying_overwrites_the_bytes_before_the_name_goes(tmp_path) -> None:
    path, second = tmp_path / "visitors-1.key", tmp_path / "the same file"
    path.write_bytes(b"k" * 32)
    second.hardlink_to(path)
    destroy(path)
    assert not path.exists()
    assert len(second.read_bytes()) == 32
    assert second.read_bytes() != b"k" * 32


@pytest.mark.parametrize("restart", [False, True], ids=["one run", "after a restart of the program"])
@pytest.mark.parametrize(
    ("learnt", "expected"),
    [(datetime(2026, 3, 21, 12, tzinfo=MERIDA), 0), (datetime(2026, 4, 2, 12, tzinfo=MERIDA), 1)],
    ids=["in the same month", "in the next month"],
)
def test_a_phone_seen_before_and_after_the_time_is_learnt_counts_once(box: Box, learnt, expected, restart) -> None:
    box.learn(datetime(2026, 3, 20, 8, tzinfo=MERIDA))
    box.play("ana")
    box.flush()
    box.boot("without the time")
    box.play("ana")
    box.play("bea")
    box.flush()
    assert keys(box) == ["visitors-1.key", "visitors-2.key"]
    if restart:
        box.recorder.stop()
        box.restart()
    box.seconds += 7200
    box.learn(learnt)
    box.play("ana")
    box.play("bea")
    box.flush()
    box.seconds += 7200
    box.play("ana")
    box.play("eva")
    box.flush()
    use = box.day(learnt.date())
    assert use.visitors == 3
    assert use.visitors_new_month == 2 + expected
    assert len(keys(box)) == 1
    assert Visitor.select().where(Visitor.next_hash.is_null(False)).count() == 0
    assert [row.month for row in VisitorKey] == [f"{learnt:%Y-%m}"]


def test_a_hub_that_never_knew_the_time_keeps_its_first_key_for_the_month_it_learns(box: Box) -> None:
    box.play("ana")
    box.flush()
    box.learn(EVE)
    box.play("ana")
    box.flush()
    assert keys(box) == ["visitors-1.key"]
    assert box.day(MARCH).visitors == 1


def test_a_key_that_is_lost_makes_new_visitors_and_no_trouble(box: Box) -> None:
    box.learn(EVE)
    box.play("ana")
    box.flush()
    (box.settings.keys / "visitors-1.key").unlink()
    box.recorder.stop()
    box.restart()
    box.play("ana")
    box.flush()
    assert not box.recorder.failing
    assert box.day(MARCH).visitors == 2
