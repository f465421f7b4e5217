"""How fast passwords may be tried. Kept in memory alone: addresses are neither stored nor logged.

    wait = attempts.ask(address)        # 0: try; else seconds to wait
    attempts.passed(address)            # the password was right: forget what this address got wrong

An address has a few tries free; each further one doubles the pause, up to a limit. All addresses together have a
budget, since a phone can take a new address at will. A try counts when it begins, so that many at once gain nothing.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FREE = 5  # tries of an address before it has to wait
LONGEST_PAUSE = 15 * 60  # seconds
FORGET_AFTER = 3600  # seconds without a try
TOGETHER, WITHIN = 60, 600  # tries of all addresses, in so many seconds
MOST_ADDRESSES = 1000


class Attempts:
    """One for each web process; its methods may be called from any thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how many, and when the next may begin
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    def ask(self, address: str) -> float:
        """Seconds that `address` has to wait; 0 admits the try and counts it."""
        with self._lock:
            now = self._now()
            self._forget(now)
            count, free_at = self._tries.get(address, (0, now))
            wait = max(free_at - now, self._together(now))
            if wait <= 0:
                self._recent.append(now)
                self._tries[address] = (count + 1, now + pause_after(count + 1))
                self._tries.move_to_end(address)
            return max(wait, 0.0)

    def passed(self, address: str) -> None:
        """The try of `address` was right."""
        with self._lock:
            self._tries.pop(address, None)
            if self._recent:
                self._recent.pop()

    def _together(self, now: float) -> float:
        return 0.0 if len(self._recent) < TOGETHER else self._recent[0] + WITHIN - now

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0] <= now - WITHIN:
            self._recent.popleft()
        while self._tries:
            address, (_, free_at) = next(iter(self._tries.items()))
            if len(self._tries) <= MOST_ADDRESSES and free_at > now - FORGET_AFTER:
                break
            del self._tries[address]


def pause_after(tries: int) -> float:
    """Seconds to wait after so many wrong tries: none, then 2, 4, 8 … up to the longest."""
    return 0.0 if tries < FREE else float(min(2 ** min(tries - FREE + 1, 20), LONGEST_PAUSE))
