"""Takes in new names when there are any: a thread of `collector serve`, so that no upload and no page waits for it.

    names = Names(place, root, folder)
    names.follow(12)            # content 12 is the newest: look, unless that was done
    names.trouble               # why there are no new names, or None
    watch(app)                  # for good, in a thread

Looking costs four small requests and, when a name changed, the file; so it is done only when the content's number is
another than the last time, or some minutes after something was in the way. Whatever that is, the names here stay.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from typing import IO, TYPE_CHECKING

from collector.db import UNREACHABLE, database
from collector.names import store, trust
from collector.names.trouble import NOT_SET_UP, NoNames, Trouble
from wire.errors import BadRecord
from wire.names import LONGEST_LINE, Name, decode_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

    from collector.office import Office

EVERY = 15.0  # seconds between two questions whether there is anything to do
PATIENCE = 600.0  # seconds until what failed is tried again
log = logging.getLogger("collector")


class Names:
    """Follows the content at `place`, signed by the keys of `root`; keeps what it verified below `folder`."""

    def __init__(self, place: str, root: bytes, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._place, self._root, self._clock = place, root, clock
        self._pinned = hashlib.sha256(root).hexdigest()
        self._folder = folder / self._pinned[:16]
        self._number: int | None = None
        self._again = 0.0
        self._found: Trouble | None = None
        self.trouble = Trouble.NO_CONTENT if not place else None if root else Trouble.NO_ROOT

    def follow(self, number: int | None) -> None:
        """Take in the names of the content of that number, unless that was done; None if it cannot be read."""
        if self.trouble in NOT_SET_UP:
            return
        if number is None:
            self.trouble = Trouble.UNREADABLE
            return
        if number != self._number or (self._found and self._clock() >= self._again):
            self._found = self._try(number)
            self._number, self._again = number, self._clock() + PATIENCE
        self.trouble = self._found

    def _try(self, number: int) -> Trouble | None:
        try:
            self._take_in(number)
        except NoNames as error:
            log.warning("names of content %s: %s", number, error)
            return error.trouble
        except BadRecord as error:
            log.warning("names of content %s: %s", number, error)
            return Trouble.DAMAGED
        return None

    def _take_in(self, number: int) -> None:
        known = store.taken()
        if known and (known.root, known.number) == (self._pinned, number):
            return
        signed = trust.look(self._place, self._root, self._folder)
        if known and known.root == self._pinned and signed.number < known.number:
            raise NoNames(Trouble.OLDER, f"content {signed.number} is older than {known.number}")
        source, now = store.From(self._pinned, signed.number, signed.sha256), round(time.time() * 1000)
        if known and (known.root, known.sha256) == (source.root, source.sha256):
            store.note(source, now)
            return
        with trust.brought(self._place, signed) as file:
            count = sum(1 for _ in _names(file))  # to its end, before any of it counts
            changed = store.keep(_names(file), source, now)
        log.info("content %s names %s courses and items; %s changed", signed.number, count, changed)


def _names(file: IO[bytes]) -> Iterator[Name]:
    file.seek(0)
    return decode_names(iter(lambda: file.readline(LONGEST_LINE + 1), b""))


def watch(app: Flask, stop: threading.Event | None = None) -> None:
    """Follow the content until `stop`; head office works on whatever happens here."""
    running: Office = app.extensions["office"]
    running.content.watched = True
    stop = stop or threading.Event()
    while True:
        try:
            newest = running.content.look()
            with database.connection_context():
                running.names.follow(newest.number if newest else None)
        except UNREACHABLE as error:
            log.warning("names: %s", error)
        except Exception:
            log.exception("names could not be taken in")
        if stop.wait(EVERY):
            return


def start_watching(app: Flask) -> None:
    """Watch in a thread of its own, which ends with the process."""
    threading.Thread(target=watch, args=[app], name="names", daemon=True).start()
