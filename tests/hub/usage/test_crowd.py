"""Crowds of phones over real HTTP, through the days on which counting goes wrong: what is sealed is what was taken in."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.simulators.crowd import plans
from tests.simulators.crowd.phone import Phone
from tests.simulators.crowd.scenarios import MERIDA, SCENARIOS, differences, opened, waiting
from tests.simulators.crowd.tab import Tab
from tests.simulators.crowd.village import Village

if TYPE_CHECKING:
    from pathlib import Path

MOST_LOST = 5  # seconds
IN_EACH = {move.__name__ for move in plans.MOVES} | {"cut request", "lost answer", "cut download"}


def live_through(name: str, seed: int, folder: Path, samples: Path) -> Village:
    """The village after its days, having held what it must."""
    with opened(SCENARIOS[name], seed, folder, samples) as village:
        village.run(village.end)
        assert differences(village) == {}
        assert village.broken == []
        assert waiting(village) == []
    assert all(age < MOST_LOST for age, _ in village.lost)
    return village


@pytest.mark.parametrize("name", SCENARIOS)
def test_sealed_site_days_say_exactly_what_the_hub_took_in(name: str, tmp_path: Path, samples: Path) -> None:
    village = live_through(name, 1, tmp_path, samples)
    assert [what for what in IN_EACH if not village.happened[what]] == []
    assert len(village.truth.plays()) > 10
    assert bool(village.lost) == bool(SCENARIOS[name].trouble)
    assert any(act.boot for act in village.truth.acts) == (SCENARIOS[name].trouble == "late time")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
@pytest.mark.parametrize("name", SCENARIOS)
def test_they_do_with_other_dice_as_well(name: str, seed: int, tmp_path: Path, samples: Path) -> None:
    assert live_through(name, seed, tmp_path, samples).truth.plays()


def test_bytes_are_what_phones_received_that_read_all(tmp_path: Path, samples: Path) -> None:
    with Village(tmp_path, samples, MERIDA, dt.datetime(2028, 2, 29, 10)) as village:  # noqa: DTZ001
        moves = [plans.watch, plans.read, plans.take_home] * 3
        for seed in range(4):
            phone = Phone(village, Random(seed), cookies=seed != 1, scripts=seed != 2)
            village.spawn(plans.stay(phone, moves), village.now + seed * 100)
        village.run(village.now + 7200)
        village.seal(open_days=True)
        (day,) = village.sealed().values()
    assert day.local_bytes == village.reality.received > 5_000_000
    assert day.downloads == 4 * 3
    assert day.visitors == 3


def test_a_download_that_is_cut_counts_the_bytes_that_its_socket_took_and_no_more(
    tmp_path: Path, samples: Path
) -> None:
    with Village(tmp_path, samples, MERIDA, dt.datetime(2028, 2, 29, 10)) as village:  # noqa: DTZ001
        phone = Phone(village, Random(1))
        (film, *_) = phone.open("/items/precio-justo/cuanto-te-cuesta").take_home
        size = len(phone.take(film))
        slow = phone.take_slowly(film)
        next(slow)
        got = slow.send(50_000)
        slow.close()
        village.run(village.now + 60)
        village.seal(open_days=True)
        (day,) = village.sealed().values()
    assert got <= day.local_bytes - size == village.kernel.taken - size < size
    assert day.downloads == 1


@pytest.mark.parametrize(("away", "visits"), [(20, [1, 0]), (32, [1, 1])], ids=["one visit", "two visits"])
def test_a_power_cut_at_midnight_does_not_end_a_visit_that_goes_on_within_half_an_hour(
    tmp_path: Path, samples: Path, away: int, visits: list[int]
) -> None:
    with Village(tmp_path, samples, MERIDA, dt.datetime(2028, 5, 14, 23, 55)) as village:  # noqa: DTZ001
        phone = Phone(village, Random(1))
        phone.here = True
        phone.open("/")
        tab = Tab(phone, "precio-justo/cuanto-te-cuesta")
        village.spawn(tab.watch(20), village.now)
        village.run(village.now + 60)
        village.cut()
        village.advance(village.now + away * 60)
        village.switch_on()
        village.spawn(tab.watch(20), village.now)
        village.run(village.now + 60)
        assert differences(village) == {}
        days = village.sealed()
    sunday, monday = days[dt.date(2028, 5, 14)], days[dt.date(2028, 5, 15)]
    assert [sunday.visits, monday.visits] == [sunday.plays, monday.plays] == visits
    assert sunday.seconds_played + monday.seconds_played == 40
    assert sunday.visitors == monday.visitors == 1
