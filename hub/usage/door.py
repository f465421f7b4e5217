"""The door for reports of playing: what comes in is decoded, checked against the catalogue, and slowed down.

reports = Door(library).decode(body)        # raises Refused with one sentence; nothing has changed then
"""

from __future__ import annotations

import ipaddress
import time
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from content_cache.errors import ContentError
from hub.usage.intervals import union
from hub.usage.record import PlayReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from content_cache.catalogue import Catalogue
    from content_cache.library import Library

LARGEST_BODY = 64 * 1024  # bytes
LONGEST = 86_400  # seconds; no item lasts longer than a day
SLACK = 5  # seconds by which a phone's idea of an item's length may exceed the catalogue's
TIMED = {"video", "audio"}  # the others report how long their page was looked at
MOST_KNOWN = 2000  # items remembered of the release that is served

Seconds = Annotated[float, Meta(ge=0, le=LONGEST)]


class Refused(Exception):
    """`str(error)` is a sentence that ends with what to do; `status` the answer's code."""

    def __init__(self, sentence: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(sentence)
        self.status = status


class State(Struct):
    """One play as its page tells it; intervals in seconds of the item, or of presence on the page."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    item: Annotated[str, Meta(min_length=3, max_length=161)]
    intervals: Annotated[list[tuple[Seconds, Seconds]], Meta(max_length=500)]
    group: Annotated[int, Meta(ge=1, le=200)] = 1


class Post(Struct):
    """The body of `POST /usage/events`."""

    plays: Annotated[list[State], Meta(max_length=50)]


_decoder = msgspec.json.Decoder(Post)


class Door:
    """Decodes reports about the items of the release that `library` serves."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._items = Items(None, None)

    def decode(self, body: bytes) -> list[PlayReport]:
        """The reports in `body`, all of them or, if one can't be right, none: raises Refused."""
        try:
            post = _decoder.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Refused(f"The report cannot be read ({error}); send it as docs/formats/events.md says.") from None
        items = self._items_served()
        return [_report(state, items) for state in post.plays]

    def _items_served(self) -> Items:
        """Those of the release that is served now; raises Refused while its catalogue cannot be opened."""
        items, release = self._items, self.library.release()
        if release is not None and release == items.release:
            return items
        try:
            self._items = Items(release, self.library.catalogue())
        except ContentError:
            sentence = "The list of items cannot be read at the moment; report again later."
            raise Refused(sentence, HTTPStatus.SERVICE_UNAVAILABLE) from None
        return self._items


class Items:
    """Number and length of the items of one release, remembered once asked for."""

    def __init__(self, release: str | None, catalogue: Catalogue | None) -> None:
        self.release = release
        self._catalogue = catalogue
        self._known: dict[str, tuple[int, int] | None] = {}

    def find(self, item_id: str) -> tuple[int, int] | None:
        """The item's number and how many milliseconds of it can be played; None if there is no such item."""
        if item_id in self._known:
            return self._known[item_id]
        found = self._look_up(item_id)
        if len(self._known) >= MOST_KNOWN:
            self._known = {}
        self._known[item_id] = found
        return found

    def _look_up(self, item_id: str) -> tuple[int, int] | None:
        item = self._catalogue.item(item_id) if self._catalogue else None
        if item is None:
            return None
        if item.seconds is None or item.kind not in TIMED:
            return item.number, LONGEST * 1000
        return item.number, min(item.seconds + SLACK, LONGEST) * 1000


def _report(state: State, items: Items) -> PlayReport:
    if any(begin >= end for begin, end in state.intervals):
        raise Refused("An interval ends before it begins; send each as [begin, end] in seconds.")
    found = items.find(state.item)
    if found is None:
        raise Refused(f"There is no item {state.item!r} here; reload the page and report again.")
    number, longest = found
    stretches = ((_ms(begin), min(_ms(end), longest)) for begin, end in state.intervals)
    intervals = union(stretch for stretch in stretches if stretch[0] < stretch[1])
    return PlayReport(bytes.fromhex(state.id), state.item, number, intervals, state.group)


class Pace:
    """A bucket of `burst` requests for each address, filled at `rate` a second; in memory alone, never logged."""

    def __init__(
        self, rate: float = 5, burst: float = 60, most: int = 2000, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate, self.burst, self.most, self._now = rate, burst, most, now
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def admits(self, address: str) -> bool:
        """Whether one more request from `address` may pass now; from the box itself any may."""
        if _is_loopback(address):
            return True
        with self._lock:
            now = self._now()
            left, then = self._buckets.pop(address, (self.burst, now))
            left = min(self.burst, left + (now - then) * self.rate)
            self._buckets[address] = (left - 1 if left >= 1 else left, now)
            if len(self._buckets) > self.most:
                del self._buckets[next(iter(self._buckets))]  # the one that has been quiet longest
        return left >= 1


def _is_loopback(address: str) -> bool:
    """The box itself, or a proxy on it that speaks for all phones."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
