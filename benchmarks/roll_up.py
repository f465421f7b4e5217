"""How long the hub takes to roll up a day of 50,000 events, and how much memory.

    python -m benchmarks.roll_up [events]

An event is a report of playing from a page, each of a play of its own: the worst case for the rows to read, since
real pages tell the state of one play many times. The day lies at the end of a month of ordinary days, which decide
who is new. Prints seconds, passed and of the processor, of adding the day up alone and of the worker's whole job
(hub.uplink.seal.roll_up), which lists what changed, adds up, signs and writes; and how much peak memory grew.
"""

from __future__ import annotations

import random
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from content_cache.library import Library
from hub.clock import Boot, Clock
from hub.db import database, open_database, writing
from hub.settings import Settings
from hub.site import Site, this_site
from hub.uplink.seal import roll_up
from hub.usage.intervals import pack
from hub.usage.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
ZONE = ZoneInfo("America/Merida")
DAY = date(2026, 3, 31)
MIDNIGHT = 1_774_936_800.0  # of that day, in Mérida
BOOT, BOOTED = "bench", MIDNIGHT - 30 * 86_400
PHONES = 1000
ORDINARY = 150  # phones on each day before
HOURS = 12 * 3600


def fill(folder: Path, events: int, busy: int = 1) -> None:
    """A boot that lasts the month, ordinary days, and at its end so many `busy` days of `events` each."""
    open_database(folder / "hub.sqlite3")
    epoch, dice = this_site().epoch, random.Random(1)
    with writing():
        boot = Boot.create(boot_id=BOOT, began=BOOTED).id
        database.execute_sql(
            "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads) VALUES (?,?,0,?,0,0)",
            (epoch, boot, 31 * 86_400),
        )
        for day in range(31):
            phones, plays = (PHONES, events // PHONES) if day > 30 - busy else (ORDINARY, 3)
            _fill_day(epoch, boot, day * 86_400 + 8 * 3600, phones, plays, dice)


def _fill_day(epoch: int, boot: int, start: float, phones: int, plays: int, dice: random.Random) -> None:
    for visitor in range(phones):
        first = start + dice.random() * HOURS / 2
        visit = database.execute_sql(
            "INSERT INTO visit (visitor, epoch, boot, first, last, language, batch) VALUES (?,?,?,?,?,'es',1)",
            (visitor, epoch, boot, first, first + 5 * 3600),
        ).lastrowid
        for _ in range(plays):
            cuts = sorted(dice.sample(range(600_000), 6))
            values = (
                secrets.token_bytes(16),
                dice.randrange(1, 300),
                visit,
                first + dice.random() * 5 * 3600,
                pack(tuple(zip(cuts[::2], cuts[1::2], strict=True))),
            )
            database.execute_sql(
                "INSERT INTO play (id, item, visit, began, intervals, heads) VALUES (?,?,?,?,?,1)", values
            )


def measure(folder: Path) -> None:
    """Roll the day up in this process, which has done nothing else but what any worker holds anyway."""
    settings, now = Settings(data=folder), MIDNIGHT
    open_database(settings.database)
    with writing():
        this_site()
        Site.update(time_zone=ZONE.key).execute()
    clock = Clock(since_boot=lambda: now - BOOTED, boot_id=BOOT, synchronised=lambda: False)
    roll_up(settings, clock, Library(settings.library_root))  # the days before
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    use, alone = timed(lambda: summary(DAY, ZONE))
    now = MIDNIGHT + 86_400
    sealed, job = timed(lambda: roll_up(settings, clock, Library(settings.library_root)))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert sealed == [DAY], sealed
    print(f"{use.plays} plays of {use.visitors} visitors: added up in {alone}")
    print(f"the worker's job, which lists what changed, adds up, signs and writes: {job}")
    print(f"peak memory grew by {grown:.1f} MB")


def timed(act: Callable[[], Result]) -> tuple[Result, str]:
    """What `act` returns, and how long it took."""
    began, worked = time.perf_counter(), time.process_time()
    result = act()
    passed, spent = time.perf_counter() - began, time.process_time() - worked
    return result, f"{passed:.2f} s ({spent:.2f} s of processor)"


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
        database.close()
        subprocess.run([sys.executable, "-m", "benchmarks.roll_up", "--measure", folder], check=True)


if __name__ == "__main__":
    main()
