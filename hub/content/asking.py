"""Villagers ask for lessons that are not here yet: each visitor counts once, and who asked is not kept.

    asking = Asking()
    asking.admits(address)                  # whether that phone may ask now, at a person's pace
    asking.counts(visitor, "ahorro/la-caja")    # True the first time

What was asked by whom is remembered in memory alone, as digests under a key that ends with the process. A phone that
asked holds a cookie that says so (hub/library/wanted.py), which outlives a restart; phones that return no cookie count
together as one visitor, so that nobody can raise a lesson by asking without end.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from threading import Lock

from hub.usage.door import Pace

RATE, BURST = 0.2, 10  # asks a second of one phone, and in a row: a person reads before she taps
MOST_REMEMBERED = 10_000


class Asking:
    """One for each web process; its methods may be called from any thread."""

    def __init__(self, pace: Pace | None = None) -> None:
        self._pace = pace or Pace(RATE, BURST)
        self._key = secrets.token_bytes(16)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def admits(self, address: str) -> bool:
        """Whether `address` may ask once more now."""
        return self._pace.admits(address)

    def counts(self, visitor: str | None, item: str) -> bool:
        """Whether this visitor, None for one without a cookie, has not asked for the item yet."""
        digest = hashlib.blake2b(f"{visitor} {item}".encode(), key=self._key, digest_size=16).digest()
        with self._lock:
            first = digest not in self._known
            self._known[digest] = None
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return first
