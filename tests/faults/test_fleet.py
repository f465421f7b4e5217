"""Everything happens to a village at once, and head office still shows what people did: each play, once, on its day.

`python -m benchmarks.site_days` does the same for 10,000 site-days.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

import hub.db
from tests.simulators.fleet import TrueOffice, Village, wrong_days

if TYPE_CHECKING:
    from pathlib import Path

HARM = frozenset({"put_back", "copy", "retire", "take_image"})


@pytest.fixture(autouse=True)
def _closed():
    yield
    hub.db.database.close()


@pytest.mark.parametrize(
    ("seed", "zone", "without"),
    [
        (1, "America/Merida", HARM),
        (2, "America/Tijuana", frozenset()),
        (3, "America/Mexico_City", frozenset()),
    ],
    ids=["power cuts and a lying link", "restores and copies, with summer time", "restores and copies"],
)
def test_every_play_is_shown_once_whatever_happens(tmp_path: Path, seed: int, zone: str, without: frozenset) -> None:
    with TrueOffice(tmp_path / "office") as office:
        village = Village("dzemul", tmp_path, office, random.Random(seed), zone)
        village.live(40, without)
        village.settle_down()
        assert wrong_days(office, [village]) == []
        assert len(village.truth()) > 100
        assert {"upload", "cut_power", "carry"} <= set(village.happened)


def test_the_comparison_finds_a_day_that_is_wrong(tmp_path: Path) -> None:
    with TrueOffice(tmp_path / "office") as office:
        village = Village("dzemul", tmp_path, office, random.Random(4), "America/Merida")
        village.live(5, HARM)
        village.settle_down()
        lost = village.boxes[0].card.plays.pop()
        village.boxes[0].card.plays.append(lost)
        office.places[lost].clear()
        assert len(wrong_days(office, [village])) == 2
