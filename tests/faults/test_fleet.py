"""Everything happens to a village at once, and head office still shows what people did: each play, once, on its day.

`python -m benchmarks.site_days` does the same for 10,000 site-days.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

import hub.db
from tests.simulators.fleet import Village, wrong_days
from tests.simulators.true_office import TrueOffice

if TYPE_CHECKING:
    from pathlib import Path

COPIES = frozenset({"copy", "retire"})
HARM = COPIES | {"put_back", "take_image"}


@pytest.fixture(autouse=True)
def _closed():
    yield
    hub.db.database.close()


@pytest.mark.parametrize(
    ("seed", "zone", "without", "is_imaged"),
    [
        pytest.param(1, "America/Merida", HARM, False, id="power cuts and a lying link"),
        pytest.param(2, "America/Tijuana", frozenset(), False, id="restores and copies, with summer time"),
        pytest.param(3, "America/Mexico_City", COPIES, True, id="restores that only head office can notice"),
    ],
)
def test_every_play_is_shown_once_whatever_happens(
    tmp_path: Path, seed: int, zone: str, without: frozenset[str], *, is_imaged: bool
) -> None:
    with TrueOffice(tmp_path / "office") as office:
        village = Village("dzemul", tmp_path, office, random.Random(seed), zone, is_imaged=is_imaged)
        village.live(20, without)
        village.settle_down()
        assert wrong_days(office, [village]) == []
        assert len(village.truth()) > 50
        assert {"upload", "cut_power", "carry"} <= set(village.happened)


def test_the_comparison_finds_a_day_that_is_wrong(tmp_path: Path) -> None:
    with TrueOffice(tmp_path / "office") as office:
        village = Village("dzemul", tmp_path, office, random.Random(4), "America/Merida")
        village.live(5, HARM)
        village.settle_down()
        village.boxes[0].card.plays.pop()
        assert len(wrong_days(office, [village])) == 1
