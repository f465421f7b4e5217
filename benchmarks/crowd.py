"""How near reported figures come to what people really did: a week of a village, told by a hub and by a simulator.

    python -m benchmarks.crowd [PHONES]

What is reported equals what the hub took in, to the unit (tests/hub/usage/test_crowd.py). This is about the rest:
people who share a phone or look over a shoulder, phones without cookies or scripts, films that go on where no Wi-Fi
reaches, batteries that are empty before the last report, and power that fails. The crowd is made up
(tests/simulators/crowd); the figures are counts, so a busy machine does not change them.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.servers import ROOT
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish
from tests.simulators.crowd import Phone, Village, life
from tests.simulators.crowd.plans import MOVES, ORDINARY
from tests.simulators.crowd.scenarios import DAY, HOUR, MERIDA, differences, until_busy

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from tests.simulators.crowd.plans import Move

MONDAY = dt.datetime(2028, 5, 8)  # noqa: DTZ001 (the zone is the village's)
DAYS = 7
FIGURES = ("visitors", "plays", "minutes", "person minutes", "MB")


class Week(NamedTuple):
    """`shared`, `closed` and `bare` are parts of the phones: of several people, without cookies, without scripts."""

    name: str
    habits: Sequence[Move]
    shared: float
    closed: float
    bare: float
    cuts: bool


WEEKS = [
    Week("ordinary, and everybody has a phone of her own", ORDINARY, 0.0, 0.0, 0.0, False),
    Week("ordinary", ORDINARY, 0.3, 0.03, 0.03, False),
    Week("ordinary, the power fails each evening in mid-visit", ORDINARY, 0.3, 0.03, 0.03, True),
    Week("all that can happen is as likely as a film", MOVES, 0.3, 0.15, 0.15, True),
]


def main(phones: int) -> None:
    """Live through each week and print what was reported beside what really was."""
    print(f"{phones} phones, {DAYS} days; reported / really (ratio)\n")
    print("| week |", " | ".join(FIGURES), "|")
    print("|---" * (len(FIGURES) + 1) + "|")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        publish(ROOT / "samples" / "courses", folder / "repository")
        import_repository(folder / "repository", Library(folder / "library"))
        for number, week in enumerate(WEEKS):
            reported, really = live(week, phones, folder / str(number), folder / "library")
            cells = " | ".join(cell(reported[figure], really[figure]) for figure in FIGURES)
            print(f"| {week.name} | {cells} |", flush=True)


def cell(reported: float, really: float) -> str:
    return f"{reported:,.0f} / {really:,.0f} ({reported / really:.2f})"


def live(week: Week, phones: int, folder: Path, library: Path) -> tuple[dict[str, float], dict[str, float]]:
    """What the hub sealed of the week, and what happened."""
    dice = Random(1)
    with Village(folder, library, MERIDA, MONDAY) as village:
        village.end = village.now + DAYS * DAY
        for _ in range(phones):
            village.spawn(life(somebody(village, week, dice), hours(village, dice), habits=week.habits), village.now)
        if week.cuts:
            village.spawn(evenings(village, dice), village.now)
        village.run(village.end)
        assert differences(village) == {}, "the hub counts otherwise than it took in"
        sums: Counter[str] = Counter()
        for day in village.sealed().values():
            sums.update(
                {
                    "visitors": day.visitors_new_month,
                    "plays": day.plays,
                    "minutes": day.seconds_played / 60,
                    "person minutes": day.person_seconds / 60,
                    "MB": day.local_bytes / 1e6,
                }
            )
        really = village.reality.figures()
        return dict(sums), really | {"MB": really["bytes"] / 1e6}


def somebody(village: Village, week: Week, dice: Random) -> Phone:
    return Phone(
        village,
        Random(dice.random()),
        people=dice.choice([2, 3]) if dice.random() < week.shared else 1,
        cookies=dice.random() >= week.closed,
        scripts=dice.random() >= week.bare,
    )


def hours(village: Village, dice: Random) -> list[float]:
    """Four days of five, between eight in the morning and nine in the evening."""
    days = [day for day in range(DAYS) if dice.random() < 0.8]
    return [village.start + day * DAY + 8 * HOUR + dice.randrange(13 * HOUR) for day in days]


def evenings(village: Village, dice: Random) -> Generator[float]:
    """A power cut between six and eight in the evening, of some minutes."""
    for day in range(DAYS):
        yield village.start + day * DAY + 18 * HOUR + dice.randrange(2 * HOUR) - village.now
        yield from until_busy(village, dice)
        village.cut()
        yield dice.randint(20, 1200)
        village.switch_on()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
