"""Which items somebody is in the middle of, and which are used at all: what a hub with little room should not let go.

    halfway(seconds_of, now)        # {2, 17}: numbers of items
    plays_lately(now)               # {2: 31}: plays of the last weeks

Both read what is counted anyway and write nothing down. They tell of items, never of who or how many; details that
were forgotten (see forget.py) count no more.
"""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from hub.usage.intervals import played, union, unpack
from hub.usage.models import sql
from hub.usage.rollups import SECOND, SHORTEST_PLAY
from hub.usage.week import TO_THE_END

if TYPE_CHECKING:
    from collections.abc import Callable

HALFWAY = dt.timedelta(days=30)
LATELY = dt.timedelta(days=28)
# What lies before a boot that is not dated is of an unknown age; it counts.
SINCE = """FROM play p JOIN visit v ON v.id = p.visit JOIN boot b ON b.id = v.boot
    WHERE coalesce(b.began + v.last, 1e18) >= ?"""
BY_ITEM = f"SELECT p.item, v.visitor, p.intervals {SINCE} ORDER BY p.item, v.visitor"
COUNTED = f"SELECT p.item, count(*) {SINCE} GROUP BY p.item"


def halfway(seconds_of: Callable[[int], int | None], now: dt.datetime | None) -> set[int]:
    """Items that a visitor began in the last 30 days and has not seen to the end.

    `seconds_of` tells how long an item lasts, None if it has no length: then whoever opened it may not be through.
    """
    found = set()
    for item, rows in groupby(sql(BY_ITEM, (_since(now, HALFWAY),)), key=itemgetter(0)):
        seconds = seconds_of(item)
        for _, parts in groupby(rows, key=itemgetter(1)):
            if item not in found and _is_between(played(union(*(unpack(row[2]) for row in parts))), seconds):
                found.add(item)
    return found


def plays_lately(now: dt.datetime | None) -> dict[int, int]:
    """How often each item was opened in the last four weeks, as the pages reported it."""
    return {int(item): int(count) for item, count in sql(COUNTED, (_since(now, LATELY),)).fetchall()}


def _is_between(milliseconds: int, seconds: int | None) -> bool:
    """Whether so much was played that somebody began, and too little to have seen the end."""
    return milliseconds >= SHORTEST_PLAY and (seconds is None or milliseconds < TO_THE_END * seconds * SECOND)


def _since(now: dt.datetime | None, time: dt.timedelta) -> float:
    """Unix time; while the time is unsure all that is kept counts."""
    return 0.0 if now is None else (now - time).timestamp()
