"""What the repository of content says of itself: its number, which rides on answers to hubs, and when it was signed.

    content = Content("/srv/repository")        # or https://content.example/repository; "" for none
    content.newest()                            # Newest(12, datetime), or None
    content.watched = True                      # from now on only who calls look() waits for the place

A hub that is told the number it has already knows that nothing is newer, at 6 bytes in place of a request of its own.
Head office checks no signature here: hubs do, with keys of their own, and a wrong number costs them one look.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from collector.reading import Unread, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

TIMESTAMP = "metadata/timestamp.json"
LONGEST = 16 << 10
FRESH = 60.0  # seconds that an answer holds
PATIENCE = 10.0  # seconds until the place is given up
STALE = 3 * 86_400_000  # milliseconds: it is renewed daily
log = logging.getLogger("collector")


class Newest(NamedTuple):
    """The number of what is signed, and when it was last said to be the newest."""

    number: int
    issued: dt.datetime

    @property
    def at(self) -> int:
        """When, in Unix milliseconds."""
        return round(self.issued.timestamp() * 1000)

    def is_stale(self, now: int) -> bool:
        """Whether the daily renewal was missed, at `now` in Unix milliseconds."""
        return now - self.at > STALE


class _Named(Struct):
    version: Annotated[int, Meta(ge=1, lt=2**32)]


class _Signed(Struct):
    meta: dict[str, _Named]
    issued: Annotated[dt.datetime, Meta(tz=True)]


class _Timestamp(Struct):
    signed: _Signed


class Content:
    """The repository at `place`, asked at most once a minute, and by one request's thread while others go on."""

    def __init__(self, place: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._place, self._clock = place, clock
        self._asking = threading.Lock()
        self._known: Newest | None = None
        self._asked: float | None = None
        self.watched = False

    def newest(self) -> Newest | None:
        """What was found last, at most a minute ago; None if there is no repository, or it could not be read."""
        return self._known if self.watched else self.look()

    def look(self) -> Newest | None:
        """The same, and looks there if a minute has passed."""
        due = self._asked is None or self._clock() - self._asked > FRESH
        if self._place and due and self._asking.acquire(blocking=False):
            try:
                self._known, self._asked = self._look(), self._clock()
            finally:
                self._asking.release()
        return self._known

    def _look(self) -> Newest | None:
        try:
            signed = msgspec.json.decode(self._read(), type=_Timestamp).signed
            return Newest(signed.meta["snapshot.json"].version, signed.issued.astimezone(dt.UTC))
        except (Unread, msgspec.MsgspecError, UnicodeError, KeyError) as error:
            log.warning("content at %s cannot be read: %s", self._place, error)
            return None

    def _read(self) -> bytes:
        data = b""
        for piece in pieces(self._place, TIMESTAMP, seconds=PATIENCE):
            data += piece
            if len(data) > LONGEST:
                raise Unread(f"{TIMESTAMP} has more than {LONGEST} bytes")
        return data
