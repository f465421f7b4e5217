"""Sticks that carry files: what waits is written to them, and what head office wrote for this hub is taken in.

    look(Path("/media"), settings, clock, library)      # in the worker: whether there was something to do
    write_to_all(settings, clock, library)              # a technician says so: whatever is on them

A stick carries files if CARRIER lies in its folder, or if it brought content that this hub takes. What lies on it is
somebody else's: links are not followed, other hubs' files are left as they are, and everything is done through the
stick's own folders once they are open, so that nothing is ever written to this hub's disk when the stick is gone.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from content_cache.durable import is_full
from hub.carry.back import Back, NotTaken, take_back
from hub.carry.models import Carrier, note_given
from hub.carry.up import NoOffice, current, seal_all
from hub.content.models import Stick
from hub.content.mounts import mounted
from hub.content.sticks import KNOWN, TAKEN
from hub.db import writing
from hub.errors import HubError, NoSpace
from hub.site import this_site
from wire.errors import BadRecord
from wire.parcel import CARRIER, CARRIER_TEXT, DOWN, FOLDER, LONGEST_PARCEL, SUFFIX, UP, addressee

if TYPE_CHECKING:
    from collections.abc import Iterator

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings

# The words for how a stick fares; pages put a sentence of their own beside each.
WANTED, WRITTEN, FULL, LOCKED, LINK, GONE, BROKEN = "wanted", "written", "full", "locked", "link", "gone", "broken"
NONE, OFFICE = "none", "office"  # no stick is there; this hub knows no keys of head office yet
STATES = (WANTED, WRITTEN, FULL, LOCKED, LINK, GONE, BROKEN, OFFICE)
AGAIN = 600.0  # seconds after which a stick that stays plugged in gets what waits by then
MOST_FILES = 300  # looked at in its folder for hubs
FOLDERS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
BY_ERROR = {errno.EROFS: LOCKED, errno.EACCES: LOCKED, errno.EPERM: LOCKED, errno.ELOOP: LINK, errno.ENOTDIR: LINK}
SENTENCES = {
    NONE: "No stick is plugged in below {}; plug one in, or give a PATH.",
    FULL: "{} has no room for a file of some kilobytes; remove something from it, or take another one.",
    LOCKED: "{} cannot be written; take off its write protection, or take another one.",
    LINK: "{} has a link where its folder {} should be, which leads elsewhere; remove it, or take another stick.",
    GONE: "{} was pulled out too early; plug it in again.",
    BROKEN: "{} cannot be read or written ({}); take another one.",
}


class StickTrouble(HubError):
    """The stick cannot be used now; `state` is one of STATES."""

    exit_code = 74

    def __init__(self, state: str, place: Path, detail: str = "") -> None:
        super().__init__(SENTENCES[state].format(place, detail or FOLDER))
        self.state = state


class Done(NamedTuple):
    """What was done with a stick: the file that is on it now, days in it, and records that replies acknowledged."""

    written: str
    days: int
    taken: int


def look(under: Path, settings: Settings, clock: Clock, library: Library) -> bool:
    """See to every stick that carries files; whether there was anything to do."""
    known = {row.place: row for row in Carrier.select()}
    found = {str(place): place for place in mounted(under)}
    gone = known.keys() - found.keys()
    if gone:
        with writing():
            Carrier.delete().where(Carrier.place.in_(gone)).execute()
    due = [place for name, place in found.items() if _is_due(known.get(name), place, clock)]
    if due:
        seal_all(settings, clock, library)
    for place in due:
        _see_to(place, under, settings, clock, library)
    return bool(gone or due)


def carries(place: Path) -> bool:
    """Whether the stick was made to carry files, or brought content that this hub takes."""
    with suppress(OSError):
        if stat.S_ISREG((place / FOLDER / CARRIER).lstat().st_mode):
            return True
    here = [str(place), str(place / FOLDER)]
    return Stick.select().where(Stick.place.in_(here) & Stick.state.in_([TAKEN, KNOWN])).exists()


def write_to_all(settings: Settings, clock: Clock, library: Library) -> list[tuple[Path, Done]]:
    """Use every stick that is plugged in: a technician said so. Raises StickTrouble, NoOffice or NoSpace."""
    places = mounted(settings.sticks)
    if not places:
        raise StickTrouble(NONE, settings.sticks)
    return [(place, _use(place, settings.sticks, settings, clock, library)) for place in places]


def order(name: str, under: Path, clock: Clock) -> None:
    """Have the worker use the stick at `name`, whatever is on it, from now on. Raises StickTrouble."""
    place, now = Path(name), clock.moment()
    if place not in mounted(under):
        raise StickTrouble(GONE, place)
    with writing():
        row = {"name": place.name, "state": WANTED, "stamp": "", "boot": now.boot, "seconds": now.seconds}
        Carrier.replace(place=name, **row).execute()


def _is_due(known: Carrier | None, place: Path, clock: Clock) -> bool:
    """A stick is seen to when it comes, when files were laid on it, and now and then while it stays."""
    if known is None:
        return carries(place)
    now = clock.moment()
    again = known.boot != now.boot or now.seconds - known.seconds >= AGAIN
    return again or known.state == WANTED or known.stamp != _stamp(place)


def _stamp(place: Path) -> str:
    """What tells whether files for hubs came to the stick since, or another stick is there."""
    seen = []
    for folder in (place, place / FOLDER / DOWN):
        with suppress(OSError):
            found = folder.stat()
            seen.append(f"{found.st_dev}-{found.st_ino}-{found.st_mtime_ns if folder != place else 0}")
    return " ".join(seen)


def _see_to(place: Path, under: Path, settings: Settings, clock: Clock, library: Library) -> None:
    now = clock.moment()
    row = {"name": place.name, "sentence": None, "written": "", "days": 0, "taken": 0}
    try:
        known = Carrier.get_or_none(Carrier.place == str(place))
        news = known is None or known.boot != now.boot or known.stamp != _stamp(place)
        done = _use(place, under, settings, clock, library, read=news)
        row |= {"state": WRITTEN, **done._asdict()}
    except (StickTrouble, NoOffice, NoSpace) as error:
        state = error.state if isinstance(error, StickTrouble) else OFFICE if isinstance(error, NoOffice) else BROKEN
        row |= {"state": state, "sentence": str(error)}
    with writing():
        Carrier.replace(place=str(place), stamp=_stamp(place), boot=now.boot, seconds=now.seconds, **row).execute()


def _use(place: Path, under: Path, settings: Settings, clock: Clock, library: Library, *, read: bool = True) -> Done:
    """Read first, so that what head office has is not written again."""
    with _folder(place, under) as base:
        taken = _read(base, settings, clock) if read else 0
        up = current(settings, library)
        written = _write(base, up.path.read_bytes())
    if written:
        note_given(clock)
    return Done(up.state, up.holds.days, taken)


@contextmanager
def _folder(place: Path, under: Path) -> Iterator[int]:
    """The stick's folder of ours, open; made if it is not there. Raises StickTrouble."""
    with _telling(place, under), _opened(str(place)) as top:
        # Mounted before and after it was opened: so it is the stick that is open, and not the folder it was mounted on.
        if place not in mounted(under):
            raise StickTrouble(GONE, place)
        with _within(top, FOLDER) as base:
            yield base


@contextmanager
def _telling(place: Path, under: Path) -> Iterator[None]:
    """Whatever a stick answers, as a StickTrouble."""
    try:
        yield
    except OSError as error:
        state = FULL if is_full(error) else BY_ERROR.get(error.errno or 0, BROKEN)
        state = state if place in mounted(under) else GONE
        raise StickTrouble(state, place, (error.strerror or "") if state == BROKEN else "") from None


@contextmanager
def _opened(name: str, within: int | None = None) -> Iterator[int]:
    number = os.open(name, FOLDERS, dir_fd=within)
    try:
        yield number
    finally:
        os.close(number)


@contextmanager
def _within(folder: int, name: str) -> Iterator[int]:
    """The folder `name` in the open `folder`, made if it is not there; a link is refused by the kernel."""
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
        os.fsync(folder)
    with _opened(name, folder) as number:
        yield number


def _write(base: int, data: bytes) -> bool:
    """Put this hub's file on the stick, whole or not at all; whether it was another one before."""
    name = f"{bytes(this_site().hub).hex()}{SUFFIX}"
    with _within(base, UP) as folder:
        if _content(folder, name) == data:
            return False
        _replace(folder, name, data)
    if _content(base, CARRIER) is None:
        _replace(base, CARRIER, CARRIER_TEXT.encode())
    return True


def _replace(folder: int, name: str, data: bytes) -> None:
    """content_cache/durable.py's way, through an open folder: temporary file, fsync, rename, fsync of the folder."""
    temporary = f".new-{secrets.token_hex(4)}"
    try:
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder)
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


def _content(folder: int, name: str) -> bytes | None:
    """The bytes of an ordinary file; None if there is none, or it is longer than any of ours."""
    try:
        number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP, errno.ENXIO}:
            return None
        raise
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return None
        data = file.read(LONGEST_PARCEL + 1)
    return data if len(data) <= LONGEST_PARCEL else None


def _read(base: int, settings: Settings, clock: Clock) -> int:
    """Take in what lies there for this hub; how many records it acknowledged."""
    try:
        with _opened(DOWN, base) as folder:
            found = os.listdir(folder)  # noqa: PTH208 (of a folder that is open, not of a name)
            names = sorted(name for name in found if name.endswith(SUFFIX) and not name.startswith("."))
            hub = bytes(this_site().hub)
            ours = f"{hub.hex()}{SUFFIX}"
            names = [name for name in (ours, *names) if name != ours or ours in names][: MOST_FILES + 1]
            return sum(_take(_content(folder, name), hub, settings, clock) for name in dict.fromkeys(names))
    except FileNotFoundError:
        return 0


def _take(data: bytes | None, hub: bytes, settings: Settings, clock: Clock) -> int:
    """A file that is damaged or another hub's is left alone."""
    try:
        if data is None or addressee(data) != hub:
            return 0
        back: Back = take_back(data, settings, clock)
    except (BadRecord, NotTaken, NoOffice):
        return 0
    return back.acknowledged
