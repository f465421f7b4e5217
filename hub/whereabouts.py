"""Whether the hub is where it was: what tells a card that was copied, or a database that was put back, from a boot.

    place = find_out(settings.database)                     # Place(machine, disk, file), as far as the machine tells
    why = judge(known, place, steps_outside(data))          # None, COPIED or PUT_BACK
    step()                                                  # one more, within the caller's transaction
    write_steps(data)                                       # and outside of it, once that is kept

Pure rules decide; what is read lies in /sys, /etc and the file system. Nothing of it leaves the box, and the database
holds hashes. Why it matters: docs/decisions/0014-epochs-and-lineage.md.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from peewee import IntegerField, TextField

from content_cache.durable import write_file
from hub.db import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

COPIED, PUT_BACK = "copied", "put back"
STEPS = "steps"  # the file beside the database
# Of the machine; the last one is part of a card's image, so it tells only what no serial number tells.
MACHINES = ("sys/firmware/devicetree/base/serial-number", "sys/class/dmi/id/product_uuid", "etc/machine-id")
# Of a card (CID), or a disk, below its folder in /sys/dev/block.
DISKS = ("device/cid", "wwid", "device/wwid", "serial", "device/serial")
AT_FDCWD, STATX_INO, STATX_BTIME, STATX_BYTES = -100, 0x100, 0x800, 256  # statx(2)


class Place(NamedTuple):
    """Hashes of what tells where the hub is: its machine, its card or disk, the file its database is. None: untold."""

    machine: str | None = None
    disk: str | None = None
    file: str | None = None


class Whereabouts(Table):
    """The one row: the place in which the hub was last, and how many steps it has gone: its starts and sealings."""

    id = IntegerField(primary_key=True, default=1)
    machine = TextField(null=True)
    disk = TextField(null=True)
    file = TextField(null=True)
    steps = IntegerField(default=0)


def judge(known: Whereabouts | None, found: Place, steps_outside: int | None) -> str | None:
    """Why this is not the hub that it was, or None.

    A database behind its own count was put back alone. Another file, or the same on another disk, is a copy; where no
    disk tells its number, the machine must be the same. A card that was moved into another machine is no copy.
    """
    if known is None:
        return None
    if steps_outside is not None and steps_outside > known.steps:
        return PUT_BACK
    if _differs(known.file, found.file) or _differs(known.disk, found.disk):
        return COPIED
    tells_disk = known.disk is not None and found.disk is not None
    return COPIED if not tells_disk and _differs(known.machine, found.machine) else None


def _differs(known: str | None, found: str | None) -> bool:
    return known is not None and found is not None and known != found


def find_out(database: Path, root: Path = Path("/")) -> Place:
    """Where the database is now; `root` is where /sys and /etc are."""
    return Place(
        _first(root / name for name in MACHINES),
        _disk(root / "sys/dev/block", database.stat().st_dev),
        _file(database),
    )


def settle_in(place: Place, steps: int) -> None:
    """Note that this is where the hub is now, and how far it is; within the caller's transaction."""
    Whereabouts.replace(id=1, **place._asdict(), steps=steps).execute()


def step() -> None:
    """One more; within the caller's transaction, so that the database is never behind the file."""
    Whereabouts.update(steps=Whereabouts.steps + 1).execute()


def write_steps(data: Path) -> None:
    """Write beside the database how many steps it holds, once they are kept there; a full disk may leave it behind.

    Never fewer than are there: that tells of a database that was put back, until the next start notices.
    """
    row = Whereabouts.get_or_none(Whereabouts.id == 1)
    if row is not None and row.steps > (steps_outside(data) or 0):
        with contextlib.suppress(OSError):
            write_file(data / STEPS, f"{row.steps}\n".encode())


def steps_outside(data: Path) -> int | None:
    """How many steps the file tells; None if there is none, or it tells nothing."""
    try:
        return int((data / STEPS).read_text())
    except (OSError, ValueError):
        return None


def _first(paths: Iterable[Path]) -> str | None:
    """A hash of the first of the files that holds anything."""
    for path in paths:
        try:
            told = path.read_bytes().strip(b"\0 \n")
        except OSError:
            continue
        if told:
            return _hash(told)
    return None


def _disk(folder: Path, device: int) -> str | None:
    """The number of the card or disk that holds `device`, through its partition and whatever lies on one disk alone."""
    try:
        disk = (folder / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
        while len(below := list((disk / "slaves").glob("*"))) == 1:  # encrypted, or a logical volume
            disk = below[0].resolve(strict=True)
    except OSError:
        return None
    disk = disk.parent if (disk / "partition").exists() else disk
    return _first(disk / name for name in DISKS)


def _file(path: Path) -> str | None:
    """The inode of the file and when it was born, which no copy of it shares; None where the system does not tell.

    statx(2): Python's own stat does not know when a file was born.
    """
    buffer = ctypes.create_string_buffer(STATX_BYTES)
    try:
        failed = ctypes.CDLL(None).statx(AT_FDCWD, os.fsencode(path), 0, STATX_INO | STATX_BTIME, buffer)
    except AttributeError:
        return None
    told = int.from_bytes(buffer.raw[:4], "little")
    if failed or not told & STATX_BTIME:
        return None
    return _hash(buffer.raw[32:40] + buffer.raw[80:92])  # stx_ino; stx_btime: seconds and nanoseconds


def _hash(told: bytes) -> str:
    return hashlib.sha256(told).hexdigest()[:16]
