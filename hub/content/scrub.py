"""The slow check of stored content: every blob is read again, at a speed that nobody on the village's network notices.

    scrub(library.store, clock, rate=2e6, stop=stop)        # IDLE, or how many blobs it read

A card that wears out changes bytes in silence. A blob whose bytes changed is moved aside by the store, so that it is no
longer served; the technician's page and /healthz name it, and the content job brings it again before all else.

A pass reads every blob once, and a week after it ended the next begins. It goes on where it was when the hub stopped.
It reads what lies on the card, not what the kernel remembers of it, at most `rate` bytes a second, and slower where
that would take more than SHARE of a core: SHA-256 on a Pi does some 60 MB a second. Somebody who asks for a check now
(orders.verify_now) gets a pass from the beginning at full speed.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from hub.clock import ago
from hub.content.models import note, note_scrub
from hub.content.models import scrub as state
from hub.db import writing

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from content_cache.store import BlobStore
    from hub.clock import Clock, Moment

SHARE = 0.015  # of a core; under 2 % is what is promised
AGAIN = 7 * 86_400  # seconds from the end of a pass to the next
NOTE_SLOW, NOTE_FAST = 300.0, 5.0  # seconds between two notes of the place, each of which is a write to the card
LOOK_EVERY = 5.0  # seconds between two looks whether somebody wants it now
log = logging.getLogger("hub.content")


class Stopped(Exception):
    """The hub stops, or somebody wants a pass at full speed from the beginning."""


class Pace:
    """Holds the thread that reads to `rate` bytes a second and to SHARE of a core."""

    def __init__(
        self,
        rate: float,
        stop: threading.Event,
        look: Callable[[], bool],
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self._rate, self._stop, self._look, self._clock, self._cpu = rate, stop, look, clock, cpu
        self._used, self._due = cpu(), clock()
        self._looked = self._due

    def __call__(self, count: int) -> None:
        """After reading `count` bytes: wait as long as they have to last. Raises Stopped."""
        used, now = self._cpu(), self._clock()
        self._due = max(self._due, now - 1.0) + max(count / self._rate, (used - self._used) / SHARE)
        self._used = used
        if self._stop.wait(max(self._due - now, 0.0)):
            raise Stopped
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            if self._look():
                raise Stopped


def scrub(store: BlobStore, clock: Clock, *, rate: float, stop: threading.Event) -> int | None:
    """A pass, or what is left of one, if it is due; gives the number of blobs read, None if none was due."""
    known = state()
    if not known.wanted and not _is_due(known.ended, known.place, clock):
        return None
    if known.wanted:
        note_scrub(wanted=False, place="", bytes=0, damaged=0)
        return _Pass(store, clock, _full_speed(stop), NOTE_FAST).run()
    return _Pass(store, clock, Pace(rate, stop, lambda: state().wanted), NOTE_SLOW).run()


def _is_due(ended: Moment | None, place: str, clock: Clock) -> bool:
    """A pass that was begun goes on; the next begins a week after, or if nobody knows when that was."""
    if place or ended is None:
        return True
    since = ago(ended, clock)
    return since is None or since >= AGAIN


def _full_speed(stop: threading.Event) -> Callable[[int], None]:
    def check(_count: int) -> None:
        if stop.is_set():
            raise Stopped

    return check


class _Pass:
    """One reading of the store, from where it was left."""

    def __init__(self, store: BlobStore, clock: Clock, pace: Callable[[int], None], note_every: float) -> None:
        self._store, self._clock, self._pace, self._note_every = store, clock, pace, note_every
        known = state()
        self._place, self._bytes, self._damaged = known.place, known.bytes, known.damaged
        self._noted = clock.since_boot()

    def run(self) -> int:
        """Blobs that were read."""
        count = 0
        try:
            for blob in self._store:
                if blob.sha256 > self._place:
                    self._check(blob.sha256, blob.size)
                    count += 1
        except Stopped:
            self._note()
            return count
        self._place = ""
        ended = self._clock.moment()
        self._note(ended_boot=ended.boot, ended_seconds=ended.seconds, bytes=0, damaged=0)
        return count

    def _check(self, sha256: str, size: int) -> None:
        # One that was let go of meanwhile is no damage.
        if not self._store.verify(sha256, after=self._pace) and sha256 in self._store.damaged():
            self._damaged += 1
            log.error("blob %s is damaged and no longer served; it is brought again", sha256)
            with writing():
                note(wanted=True)
        self._place, self._bytes = sha256, self._bytes + size
        if self._clock.since_boot() - self._noted >= self._note_every:
            self._note()

    def _note(self, **ended: object) -> None:
        self._noted = self._clock.since_boot()
        note_scrub(**({"place": self._place, "bytes": self._bytes, "damaged": self._damaged} | ended))
