"""How many site-days head office shows wrongly after everything has happened to them.

    python -m benchmarks.site_days [site-days] [seed]

Villages of tests/simulators/fleet.py, each some hundred days: the hub's own code, real sockets, the collector's own
inbox; a link that loses, doubles, crosses, cuts and forges, power cuts between any two writes, boots that never learn
the time, cards put back to an older state (in every fourth village so that only head office can notice), copies that
run at once, files that are carried late and twice. Prints the wrong days, and how often each thing happened.
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
from tests.simulators.fleet import Village, wrong_days
from tests.simulators.true_office import TrueOffice

DAYS = 100  # of a village
COPIES = frozenset({"copy", "retire"})  # two that cannot be told from each other may both tell what neither had told
ZONES = ("America/Merida", "America/Mexico_City", "America/Tijuana", "Europe/Madrid")


def main(wanted: int = 10_000, seed: int = 1) -> None:
    """Print what is wrong, if anything."""
    logging.disable(logging.CRITICAL)
    began, wrong, happened, plays, days = time.monotonic(), [], Counter(), 0, 0
    for number in range((wanted + DAYS - 1) // DAYS):
        with tempfile.TemporaryDirectory() as name, TrueOffice(Path(name) / "office") as office:
            zone = ZONES[number % len(ZONES)]
            is_imaged = number % 4 == 3
            chance = random.Random(seed + number)
            village = Village(f"village-{number}", Path(name), office, chance, zone, is_imaged=is_imaged)
            village.live(DAYS, COPIES if is_imaged else frozenset())
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
