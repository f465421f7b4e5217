"""When to try again after failures: pure rules."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.clock import Moment

BASE = 30.0  # seconds
LONGEST = 3600.0  # seconds
AFTER_BOOT = 540.0  # seconds; a box that is up for twenty minutes a day must have its turn


def wait_after(failures: int, chance: float, longest: float = LONGEST) -> float:
    """Seconds to wait after `failures` failures in a row, with `chance` from 0 to 1 drawn by the caller.

    Full jitter: anything from nothing to a bound that doubles with each failure up to an hour, so that hubs that lost
    the same link do not come back together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """
    doublings = min(failures - 1, 16)
    return 0.0 if failures <= 0 else chance * min(longest, BASE * 2.0**doublings)


def retry_at(failures: int, retry: Moment | None, boot: int, hub: bytes) -> float:
    """The seconds since this `boot` from which on `hub` may try again, if `retry` is what the last failure said.

    A later boot waits as well, or a box whose power flaps would knock each time; but only for minutes, since nobody
    knows how long it will be up. How long is the hub's share of this boot, so that it is the same each time it looks.
    """
    if retry is None:
        return 0.0
    if retry.boot == boot:
        return retry.seconds
    return wait_after(failures, share(hub, f"boot {boot}"), AFTER_BOOT)


def share(hub: bytes, of: str) -> float:
    """A number from 0 to 1 that is `hub`'s own in what `of` names, spread evenly over hubs and over names."""
    return int.from_bytes(hashlib.sha256(hub + of.encode()).digest()[:6]) / 2**48
