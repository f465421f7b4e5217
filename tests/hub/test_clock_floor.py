"""What the time is at least: raised by signed words, kept over power cuts, never lowered."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from hub.clock import BUILT, CARRIED, NETWORK, OFFICE, Clock
from hub.db import database, open_database
from hub.health.checks import check_clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIGNED = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


class Box:
    """A machine whose seconds a test sets."""

    def __init__(self) -> None:
        self.seconds = 10.0

    def clock(self, boot: str = "first") -> Clock:
        return Clock(since_boot=lambda: self.seconds, wall=lambda: 0.0, boot_id=boot, synchronised=lambda: False)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    open_database(tmp_path / "hub.sqlite3")
    yield Box()
    database.close()


def test_a_new_hub_knows_that_it_is_no_older_than_its_program(box: Box) -> None:
    assert box.clock().at_least() == BUILT


def test_a_signed_time_raises_it_and_it_goes_on_with_the_seconds_of_the_boot(box: Box) -> None:
    clock = box.clock()
    clock.raise_floor(SIGNED, "signed content")
    box.seconds += 3600
    assert clock.at_least() == SIGNED + HOUR


def test_it_survives_a_power_cut_which_adds_nothing(box: Box) -> None:
    box.clock().raise_floor(SIGNED, "signed content")
    box.seconds = 99_999
    assert box.clock("second").at_least() == SIGNED


def test_nothing_lowers_it(box: Box) -> None:
    clock = box.clock()
    clock.raise_floor(SIGNED, "signed content")
    box.seconds += 7200
    clock.raise_floor(SIGNED + HOUR, "signed content")  # less than an hour ago it was that late already
    clock.learn(SIGNED - 24 * HOUR, "head office")
    assert clock.at_least() == SIGNED + 2 * HOUR


def test_a_thief_who_dates_content_a_year_ahead_is_corrected_by_head_office(box: Box) -> None:
    clock = box.clock()
    clock.raise_floor(SIGNED + 9000 * HOUR, "signed content")
    assert clock.at_least() == SIGNED + 9000 * HOUR, "nobody can tell yet"
    clock.learn(SIGNED, NETWORK)
    assert clock.at_least() == SIGNED + 9000 * HOUR, "anybody can forge that"
    clock.learn(SIGNED, "head office")
    assert clock.at_least() == SIGNED
    clock.raise_floor(SIGNED + 9000 * HOUR, "signed content")
    assert clock.at_least() == SIGNED
    assert box.clock("second").at_least() == SIGNED
    box.clock("second").raise_floor(SIGNED + HOUR, "signed content")
    assert box.clock("third").at_least() == SIGNED + HOUR


@pytest.mark.parametrize("source", [OFFICE, CARRIED])
def test_a_head_office_whose_clock_was_wrong_once_corrects_itself_by_its_next_answer(box: Box, source: str) -> None:
    """Else signed content would be too old for ever."""
    wrong = SIGNED + dt.timedelta(days=64 * 365)
    if source == OFFICE:
        box.clock().learn(wrong, OFFICE)
    else:
        box.clock().raise_floor(wrong, CARRIED)
    assert box.clock("second").at_least() == wrong
    box.clock("second").raise_floor(SIGNED, CARRIED)
    box.clock("second").learn(SIGNED, NETWORK)
    assert box.clock("second").at_least() == wrong, "an answer that was carried may be old, and anybody can forge time"
    box.clock("third").learn(SIGNED, OFFICE)
    assert box.clock("third").at_least() == SIGNED
    assert box.clock("fourth").at_least() == SIGNED


def test_what_a_technician_said_is_not_corrected(box: Box) -> None:
    box.clock().learn(SIGNED + 90 * 24 * HOUR, "technician")
    box.clock("second").learn(SIGNED, OFFICE)
    assert box.clock("second").at_least() == SIGNED + 90 * 24 * HOUR


def test_a_time_that_is_certain_counts_and_head_offices_word_stays(box: Box) -> None:
    clock = box.clock()
    clock.learn(SIGNED, "head office")
    assert clock.at_least() == SIGNED
    assert box.clock("second").at_least() == SIGNED


def test_network_time_counts_in_its_boot_and_leaves_no_trace_since_anybody_can_forge_it(box: Box) -> None:
    clock = box.clock()
    clock.learn(SIGNED + 9000 * HOUR, NETWORK)
    assert clock.at_least() == SIGNED + 9000 * HOUR
    assert box.clock("second").at_least() == BUILT


def test_the_check_tells_it_and_fails_if_the_certain_time_lies_before(box: Box) -> None:
    clock = box.clock()
    clock.raise_floor(SIGNED, "signed content")
    assert check_clock(clock).facts == {"certain": False, "at_least": SIGNED.isoformat(timespec="seconds")}
    clock.learn(SIGNED - 2 * HOUR, NETWORK)
    assert check_clock(clock).ok
    other = box.clock("second")
    other.learn(SIGNED - 48 * HOUR, NETWORK)
    found = check_clock(other)
    assert not found.ok
    assert "lies before what head office signed on 2026-05-01" in found.sentence


def test_network_time_from_before_this_program_is_not_believed(box: Box) -> None:
    walls = {"26 years back": SIGNED - dt.timedelta(days=26 * 365), "in 1970": dt.datetime(1970, 1, 1, tzinfo=dt.UTC)}
    for boot, wall in walls.items():
        told = wall.timestamp()
        clock = Clock(since_boot=lambda: 10.0, wall=lambda told=told: told, boot_id=boot, synchronised=lambda: True)
        assert clock.now() is None
    clock = Clock(since_boot=lambda: 10.0, wall=SIGNED.timestamp, boot_id="now", synchronised=lambda: True)
    assert clock.now() == SIGNED
