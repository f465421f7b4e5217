"""How many site-days head office shows wrongly after everything has happened to them.

    python -m benchmarks.site_days [site-days] [seed]

Villages of tests/simulators/fleet.py, each some hundred days: the hub's own code, real sockets, the collector's own
inbox; a link that loses, doubles, crosses, cuts and forges, power cuts between any two writes, boots that never learn
the time, cards put back to an older state, copies that run at once, files that are carried late and twice. Prints the
wrong days, and how often each thing happened.
"""

from __future__ import annotations

import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import hub.db
from tests.simulators.fleet import TrueOffice, Village, wrong_days

DAYS = 100  # of a village
ZONES = ("America/Merida", "America/Mexico_City", "America/Tijuana", "Europe/Madrid")


def main(wanted: int = 10_000, seed: int = 1) -> None:
    """Print what is wrong, if anything."""
    logging.disable(logging.WARNING)
    began, wrong, happened, plays, days = time.monotonic(), [], Counter(), 0, 0
    for number in range((wanted + DAYS - 1) // DAYS):
        with tempfile.TemporaryDirectory() as name, TrueOffice(Path(name) / "office") as office:
            zone = ZONES[number % len(ZONES)]
            village = Village(f"village-{number}", Path(name), office, random.Random(seed + number), zone)
            village.live(DAYS)
            village.settle_down()
            found = wrong_days(office, [village])
            hub.db.database.close()
        wrong += [f"seed {seed + number}: {row}" for row in found]
        happened += Counter(village.happened)
        plays, days = plays + len(village.truth()), days + (village.now - village.began).days
    print(f"{days:,} site-days with {plays:,} plays: {len(wrong)} wrong ({time.monotonic() - began:.0f} s)")
    print(", ".join(f"{name} {times:,}" for name, times in sorted(happened.items())))
    print("\n".join(wrong))


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
