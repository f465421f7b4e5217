"""Copies what is here to a stick that is plugged in, for the next village, when the technician asks for it.

    order(place, under)         # on the page; raises NoSuchStick if nothing is plugged in there
    look(...)                   # in the worker: whether there was something to do

A copy that was interrupted, by the end of the program or a stick pulled out too early, goes on where it was. What is
copied carries its signatures, so whoever takes it need not trust this hub.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from content_cache.errors import ContentError, NoSpace
from content_cache.passing import export
from hub.content.models import Copy
from hub.content.mounts import FOLDER, mounted
from hub.db import writing
from hub.errors import HubError

if TYPE_CHECKING:
    import threading

    from content_cache.library import Library
    from hub.clock import Clock

WANTED, WRITING, DONE, FULL, BROKEN = "wanted", "writing", "done", "full", "broken"
OPEN = (WANTED, WRITING)
WRITE_EVERY = 5.0  # seconds; an SD card sees at most one write burst in that time


class NoSuchStick(HubError):
    """Nothing is plugged in there; the reader looks again at what is."""

    exit_code = 64


class _Stopped(Exception):
    """The program ends."""


def order(place: str, under: Path, clock: Clock) -> None:
    """Have the worker copy to the file system that is mounted at `place`, below the folder `under`."""
    if place not in {str(found) for found in mounted(under)}:
        raise NoSuchStick(f"Nothing is plugged in at {place[:100]!r}; look again at what is.")
    _note(Path(place), clock, state=WANTED)


def look(under: Path, clock: Clock, library: Library, stop: threading.Event) -> bool:
    """Copy to every stick for which that was ordered, and forget the sticks that are gone."""
    found = {str(place) for place in mounted(under)}
    rows = list(Copy.select())
    gone = [row.place for row in rows if row.place not in found]
    if gone:
        with writing():
            Copy.delete().where(Copy.place.in_(gone)).execute()
    due = [Path(row.place) for row in rows if row.place in found and row.state in OPEN]
    for place in due:
        if not stop.is_set():
            _copy(place, clock, library, stop)
    return bool(gone or due)


def _copy(place: Path, clock: Clock, library: Library, stop: threading.Event) -> None:
    _note(place, clock, state=WRITING)
    told, device = clock.since_boot(), _device(place)

    def tell(done: int, total: int) -> None:
        nonlocal told
        if stop.is_set():
            raise _Stopped
        if _device(place) != device:  # or it would be written to this hub's own disk, where the stick was
            raise ContentError(f"{place} was pulled out too early; plug it in again.")
        if clock.since_boot() - told >= WRITE_EVERY:
            told = clock.since_boot()
            _note(place, clock, state=WRITING, done=done, total=total)

    try:
        _refuse_links(place / FOLDER)
        passed = export(library, place / FOLDER, progress=tell)
    except _Stopped:
        return
    except ContentError as error:
        _note(place, clock, state=FULL if isinstance(error, NoSpace) else BROKEN, sentence=str(error))
        return
    sentence = next(iter(passed.problems), None)
    _note(place, clock, state=DONE, done=passed.bytes, total=passed.bytes, sentence=sentence)


def _device(place: Path) -> int | None:
    try:
        return place.stat().st_dev
    except OSError:
        return None


def _refuse_links(folder: Path) -> None:
    """A stick that somebody prepared may lead elsewhere, such as to the disk of this hub."""
    for path in (folder, *(folder / name for name in ("c", "m", "o", "incoming", "metadata"))):
        if path.is_symlink():
            raise ContentError(f"{path} is a link that leads elsewhere; empty the stick, or take another one.")


def _note(place: Path, clock: Clock, **fields: object) -> None:
    now = clock.moment()
    row = {"done": 0, "total": 0, "sentence": None, "boot": now.boot, "seconds": now.seconds}
    with writing():
        Copy.replace(place=str(place), **row | fields).execute()
