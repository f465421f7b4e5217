"""`kill -9`, fifty times, in the middle of playing and of uploading."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.town import ITEM, Phone, Town, until

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 50


@pytest.mark.timeout(400)
def test_fifty_kills_lose_no_kept_report_and_count_none_twice(tmp_path: Path) -> None:
    dice = random.Random(20)
    phones: list[Phone] = []
    with Town(tmp_path) as town:
        town.open()
        for round_ in range(KILLS):
            victim = ("web", "worker")[round_ % 2]
            phones.append(Phone(town))
            for second in range(3):
                phones[-1].play(ITEM if second else "precio-justo/guia-de-precios", [[0, 6 + second]])
                dice.choice(phones).repeat()
                time.sleep(dice.uniform(0, 0.15))
            town.kill(victim)
            town.start(victim)
        # What was kept is never reported again, so a kept report that a kill lost would be missing below.
        for phone in phones:
            phone.insist()
        # Two items each: the reading, and the lesson whose two play ids are one play (same visitor, same visit).
        expected = 2 * KILLS
        assert until(lambda: town.at_head_office()["plays"] >= expected, 60), town.log("worker")[-2000:]
        time.sleep(3)  # two more uploads: nothing may be added by them
        totals = town.at_head_office()
        assert totals["plays"] == expected
        assert totals["visitors"] == KILLS
        assert totals["minutes"] == pytest.approx(KILLS * (6 + 8) / 60, abs=0.06)
