"""Bytes of a signed site-day, beside JSON and gzip of the same record.

    python benchmarks/site_day_bytes.py

The model: Poisson(120) visitors and Poisson(400) plays a day over 400 items whose popularity falls as 1/rank (Zipf), in
an order of the site's own; plays last 30 s to 15 minutes and follow the hours people are awake. 40 site-days, 10 sites.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import math
import random
import statistics
from collections import Counter, defaultdict

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.columns import MINUTE, STEP, round_to_total
from wire.summary import HourUse, ItemUse, SiteDay, seal

ITEMS, SITES, DAYS = 400, 10, 4
HOURS = [0, 0, 0, 0, 0, 1, 2, 4, 6, 8, 9, 8, 6, 5, 6, 8, 10, 12, 12, 10, 7, 4, 2, 1]
TARGET = 900


def poisson(rng: random.Random, mean: float) -> int:
    return round(rng.gauss(mean, math.sqrt(mean)))


def a_day(rng: random.Random, hub: bytes, day: dt.date, items: list[int], plays: int, visitors: int) -> SiteDay:
    """One synthetic site-day of about `plays` plays by `visitors` visitors, most popular item first in `items`."""
    weights = [1 / rank for rank in range(1, len(items) + 1)]
    seconds: Counter[int] = Counter()
    who = defaultdict(list)
    hour_plays, hour_seconds, hour_bytes = [0] * 24, [0] * 24, [0] * 24
    for item in rng.choices(items, weights, k=plays):
        hour, lasted = rng.choices(range(24), HOURS)[0], round(min(900, max(30, rng.lognormvariate(5, 0.8))))
        seconds[item] += lasted
        who[item].append(rng.randrange(visitors))
        hour_plays[hour] += 1
        hour_seconds[hour] += lasted
        hour_bytes[hour] += lasted * 44_000
    numbers = sorted(who)
    minutes = round_to_total([seconds[number] for number in numbers], MINUTE)
    columns = (hour_plays, round_to_total(hour_seconds, MINUTE), round_to_total(hour_bytes, STEP))
    week, month = rng.randint(visitors // 4, visitors // 2), rng.randint(visitors // 8, visitors // 4)
    return SiteDay(
        hub=hub, epoch=rng.getrandbits(32), day=day, revision=rng.randint(1, 3), sequence=rng.randint(1, 2000),
        release=rng.randint(1, 200), open=False, visitors=visitors, visitors_new_week=week, visitors_new_month=month,
        visits=visitors + rng.randint(0, 60), minutes_up=rng.randint(900, 1440), most_phones=rng.randint(8, 45),
        languages={"es": visitors, "en": rng.randint(1, 9), "tsz": rng.randint(1, 30)}, plays=plays,
        seconds_played=sum(hour_seconds), person_seconds=sum(hour_seconds) + rng.randint(0, 40_000),
        local_bytes=sum(hour_bytes), uplink_bytes=rng.randint(20_000, 9_000_000), downloads=rng.randint(0, 30),
        group_plays=2,
        items=tuple(
            ItemUse(number, len(who[number]), len(set(who[number])), minute)
            for number, minute in zip(numbers, minutes, strict=True)
        ),
        hours=tuple(HourUse(plays, minute, steps * STEP) for plays, minute, steps in zip(*columns, strict=True)),
    )  # fmt: skip


def days(plays: float = 400, visitors: float = 120) -> list[SiteDay]:
    """40 site-days of 10 sites, the same in each run."""
    rng = random.Random(20)
    result = []
    for _ in range(SITES):
        hub, items = rng.randbytes(8), rng.sample(range(ITEMS), ITEMS)
        for number in range(DAYS):
            day = dt.date(2026, 3, 1) + dt.timedelta(days=number)
            result.append(a_day(rng, hub, day, items, poisson(rng, plays), poisson(rng, visitors)))
    return result


def as_json(day: SiteDay) -> bytes:
    """The same record as a web service would send it: named fields, gzip, no signature."""
    plain = msgspec.to_builtins(msgspec.structs.replace(day, hub=b""))
    return gzip.compress(json.dumps(plain).encode(), 9, mtime=0)


def measure(sample: list[SiteDay]) -> dict[str, object]:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    ours = sorted(len(seal(day, key, day.hub)) for day in sample)
    theirs = sorted(len(as_json(day)) for day in sample)
    return {
        "items": round(statistics.mean(len(day.items) for day in sample)),
        "signed": [ours[0], statistics.median(ours), ours[-1]],
        "json_gzip": [theirs[0], statistics.median(theirs), theirs[-1]],
        "ratio": round(statistics.median(theirs) / statistics.median(ours), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Bytes of a signed site-day beside JSON and gzip.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    figures = measure(days())
    if parser.parse_args().json:
        print(json.dumps(figures))
        return
    print(
        f"40 site-days of about 120 visitors and 400 plays, {figures['items']} items touched (min, median, max bytes)"
    )
    print("  signed site-day, on the wire :", *figures["signed"], f"(target: median {TARGET} at most)")
    print("  JSON and gzip, unsigned      :", *figures["json_gzip"], f"({figures['ratio']} times as much)")


if __name__ == "__main__":
    main()
