"""Whatever befalls a box, head office counts each event once: lives drawn by dice, with the truth beside them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from hub.db import database
from tests.hub.uplink.lives import Life, cuts

if TYPE_CHECKING:
    from pathlib import Path

LIVES, STEPS = 6, 60


@pytest.mark.parametrize("seed", range(LIVES))
def test_every_event_of_a_life_counts_once(tmp_path: Path, seed: int) -> None:
    life = Life(tmp_path, random.Random(seed))
    try:
        with cuts(life):
            life.live(STEPS)
        life.come_to_an_end()
        life.check()
        counted, recorded = life.counted(), life.recorded()
    finally:
        database.close()
    assert life.events > 5
    assert recorded - life.at_risk <= counted.keys()
    assert life.books.total("plays") == life.books.total("visits") == len(counted)
    assert life.books.total("seconds_played") == 10 * len(counted)
    assert life.books.alarms == []
