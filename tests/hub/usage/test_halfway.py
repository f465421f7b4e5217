"""Items in the middle of which somebody is, out of what is counted anyway."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hub.usage.halfway import halfway, plays_lately

if TYPE_CHECKING:
    from tests.hub.usage.conftest import Box

MERIDA = ZoneInfo("America/Merida")
MONDAY = datetime(2026, 3, 2, 12, tzinfo=MERIDA)
SECONDS = {2: 60, 3: 120}
ANA, EVA = "a" * 32, "e" * 32


def found(box: Box) -> set[int]:
    box.flush()
    return halfway(SECONDS.get, box.clock.now())


def at_noon(box: Box) -> Box:
    box.learn(MONDAY)
    return box


def test_who_began_and_has_not_seen_the_end_is_halfway(box: Box, library_root) -> None:
    at_noon(box).play(ANA, (0, 20), item=2)
    assert found(box) == {2}


def test_a_glance_is_no_beginning(box: Box, library_root) -> None:
    at_noon(box).play(ANA, (0, 3), item=2)
    assert found(box) == set()


def test_parts_of_several_visits_join_to_the_end(box: Box, library_root) -> None:
    at_noon(box).play(ANA, (0, 30), item=2)
    box.flush()
    box.seconds += 7200
    box.play(ANA, (28, 56), item=2)
    assert found(box) == set()


def test_what_others_saw_to_the_end_is_no_help_to_her(box: Box, library_root) -> None:
    at_noon(box).play(ANA, (0, 60), item=2)
    box.play(EVA, (0, 20), item=2)
    assert found(box) == {2}


def test_what_has_no_length_may_be_read_on_whenever_it_was_opened(box: Box, library_root) -> None:
    at_noon(box).play(ANA, (0, 600), item=4)
    assert found(box) == {4}


def test_after_thirty_days_nobody_is_halfway_and_it_was_not_used_lately(box: Box, library_root) -> None:
    at_noon(box).play(ANA, (0, 20), item=2)
    assert found(box) == {2}
    assert plays_lately(box.clock.now()) == {2: 1}
    box.at(MONDAY + timedelta(days=29))
    assert found(box) == {2}
    assert plays_lately(box.clock.now()) == {}
    box.at(MONDAY + timedelta(days=31))
    assert found(box) == set()


def test_while_the_time_is_unsure_everything_kept_counts(box: Box, library_root) -> None:
    box.play(ANA, (0, 20), item=3)
    assert found(box) == {3}
    assert plays_lately(None) == {3: 1}
