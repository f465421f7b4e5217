"""Pauses that grow while a program ends badly again and again, so that it leaves the box to the others.

    with backing_off(settings.run_folder / "web.starts"):       # waits first, if the starts before ended badly
        ...                                                     # the program, until it ends in order

systemd's own pause (RestartSec=) is the same each time; a growing one (RestartSteps=) needs a systemd younger than
Debian 12's. So the program itself counts its starts, in a file that ends with the machine's run, and takes away what
it counted when it ends in order. Without a service manager nobody restarts anything, and nothing is counted.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from typing import TYPE_CHECKING

import msgspec

from content_cache.durable import make_folder, write_file
from hub.notify import notify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FREE = 2  # restarts at once: most troubles are gone by then
LONGEST = 60.0  # seconds
FORGIVEN = 600.0  # seconds a program ran: what ends it then has nothing to do with what ended it before
log = logging.getLogger("hub.restarts")


class Starts(msgspec.Struct, frozen=True):
    """How many starts before this one ended badly, one soon after the other, and when this one was (boot time)."""

    failed: int
    at: float


def pause(failed: int) -> float:
    """Seconds to wait after so many: 0, 0, 0, then 2, 4, 8 and so on, at most LONGEST."""
    return 0.0 if failed <= FREE else float(min(2.0 ** min(failed - FREE, 10), LONGEST))


def count(before: Starts | None, now: float) -> Starts:
    """This start, after what is known of those before."""
    recent = before is not None and 0 <= now - before.at < FORGIVEN + pause(before.failed)
    return Starts(before.failed + 1 if before is not None and recent else 0, now)


@contextlib.contextmanager
def backing_off(path: Path, sleep: Callable[[float], object] = time.sleep) -> Iterator[None]:
    """Count this start in `path`, wait as long as is due, and forget all of it if the block ends in order."""
    if "NOTIFY_SOCKET" not in os.environ:
        yield
        return
    this = count(_read(path), time.clock_gettime(time.CLOCK_BOOTTIME))
    _try(lambda: _write(path, this))
    seconds = pause(this.failed)
    if seconds:
        log.warning("It ended badly %d times; it starts in %g seconds.", this.failed, seconds)
        notify(f"STATUS=waits {seconds:g} seconds, since it ended badly {this.failed} times")
        sleep(seconds)
    yield
    _try(path.unlink)


def _read(path: Path) -> Starts | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Starts)
    except (OSError, msgspec.MsgspecError):
        return None


def _write(path: Path, starts: Starts) -> None:
    make_folder(path.parent)
    write_file(path, msgspec.json.encode(starts), mode=0o600)


def _try(do: Callable[[], object]) -> None:
    """A file that cannot be written costs a pause, never the start."""
    with contextlib.suppress(OSError):
        do()
