"""How far a sync has come, told to whoever looks: the process that runs it, and every other one by a small file.

    read_progress(library)      # Progress(source="content.example", step="files", done=…, total=…), or None

The file counts for nothing: it is not flushed, and written at most once a second. While a sync runs it holds a lock on
the folder incoming/, so that what a killed one left is not taken for one that runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from content_cache.durable import PREFIX, locked, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from content_cache.library import Library

EVERY = 1.0
LATELY = 120.0  # seconds that the pace is taken from: a line that was slow an hour ago says little
NAME = "progress.json"


class Progress(msgspec.Struct, frozen=True):
    """A sync that runs: from where, its step (`records`, `files`, `catalogue`), bytes, and how fast they come."""

    source: str
    step: str
    done: int
    total: int
    bytes_a_second: float

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at that pace."""
        return (self.total - self.done) / self.bytes_a_second if self.bytes_a_second > 0 else None


class Telling:
    """Writes the file and calls back; `came` and `step` are what there is to tell."""

    def __init__(self, library: Library, source: str, callback: Callable[[int, int], None]) -> None:
        self._folder, self._source, self._callback = library.incoming, source, callback
        self._told = time.monotonic()
        self._moved = 0
        self._marks = deque([(self._told, 0)])
        self.step = "records"
        self.done = self.total = 0

    def moved(self, count: int) -> None:
        """So many bytes more came."""
        self._moved += count
        if self.step == "files":
            self.done += count
            self._callback(self.done, self.total)
        if time.monotonic() - self._told >= EVERY:
            self.tell()

    def begin(self, step: str, total: int = 0) -> None:
        self.step, self.done, self.total = step, 0, total
        self.tell()
        if step == "files":
            self._callback(0, total)

    def tell(self) -> None:
        """Write the file; a disk that does not take it is no reason to stop."""
        self._told = time.monotonic()
        now = Progress(self._source, self.step, self.done, max(self.total, self.done), self._pace())
        temporary = self._folder / (PREFIX + secrets.token_hex(8))
        with contextlib.suppress(OSError):
            temporary.write_bytes(msgspec.json.encode(now))
            temporary.replace(self._folder / NAME)

    def _pace(self) -> float:
        """Bytes a second, of the last minutes."""
        self._marks.append((self._told, self._moved))
        while self._marks[1][0] < self._told - LATELY:
            self._marks.popleft()
        began, moved = self._marks[0]
        return (self._moved - moved) / max(self._told - began, 0.001)


@contextlib.contextmanager
def telling(library: Library, source: str, callback: Callable[[int, int], None]) -> Iterator[Telling]:
    """Tell of a sync until it ends."""
    make_folder(library.incoming)
    with locked(library.incoming, wait=True):
        try:
            yield Telling(library, source, callback)
        finally:
            for left in library.incoming.glob(f"{PREFIX}*"):
                left.unlink(missing_ok=True)
            (library.incoming / NAME).unlink(missing_ok=True)


def read_progress(library: Library) -> Progress | None:
    """How far the sync has come that runs now; None if none does."""
    try:
        text = (library.incoming / NAME).read_bytes()
        return msgspec.json.decode(text, type=Progress) if _is_held(library) else None
    except (OSError, msgspec.MsgspecError):
        return None


def _is_held(library: Library) -> bool:
    number = os.open(library.incoming, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(number)
