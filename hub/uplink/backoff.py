"""When to try again: a pure rule."""

from __future__ import annotations

BASE = 30.0  # seconds
LONGEST = 3600.0  # seconds


def wait_after(failures: int, chance: float) -> float:
    """Seconds to wait after `failures` failures in a row, with `chance` from 0 to 1 drawn by the caller.

    Full jitter: anything from nothing to a bound that doubles with each failure up to an hour, so that hubs that lost
    the same link do not come back together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """
    doublings = min(failures - 1, 16)
    return 0.0 if failures <= 0 else chance * min(LONGEST, BASE * 2.0**doublings)
