"""What the hub's folder lies on: an SD card, a disk; how worn it is, and whether it still takes what is written.

    storage(Path("/var/lib/village-hub"), Path("/"))    # Storage(kind="card", bytes=31_914_983_424, worn=2, …)

Read from sys/dev/block, and from proc/self/mountinfo for file systems that have no device number of their own. What
eMMC and some cards say of their age is in tenths of their life (`life_time`, JEDEC eMMC 5.1, EXT_CSD 268 and 269) and
as a warning (`pre_eol_info`, EXT_CSD 267). Names and serial numbers are not read: they would tell one box from another.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from hub.box.files import number, text

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["card", "emmc", "ssd", "usb", "disk", "loop", "memory", "unknown"]
SECTOR = 512  # bytes, of sys/block/*/size whatever the device's own sectors are
WORN_OUT = 0x0A  # life_time: nine tenths used, and more
URGENT = 0x03  # pre_eol_info: nine tenths of the spare blocks are used
DEEPEST = 8  # layers of mapped devices looked through


@dataclass(frozen=True)
class Storage:
    """`worn` is the tenths of its life that it says are used, 1 to 11; `warns` its own warning, 1 (none) to 3 (urgent).

    `made` is when a card was made, as in 06/2024. `read_only`: the file system takes nothing more. `errors` are those
    that ext4 has met. What the device does not tell is None.
    """

    kind: Kind
    bytes: int | None = None
    worn: int | None = None
    warns: int | None = None
    made: str | None = None
    read_only: bool = False
    errors: int | None = None
    system: str = ""

    @property
    def worn_out(self) -> bool:
        return (self.worn or 0) >= WORN_OUT or (self.warns or 0) >= URGENT


class Mount(NamedTuple):
    """A line of proc/self/mountinfo (proc(5))."""

    device: str
    place: str
    read_only: bool
    system: str
    source: str


def storage(data: Path, machine: Path) -> Storage:
    """Of the folder `data`, or the one above it that exists; never raises."""
    place = _nearest(data)
    mount = _mount_of(place, machine)
    part = _part(place, mount, machine)
    read_only = mount.read_only if mount else _takes_nothing(place)
    system = mount.system if mount else ""
    if part is None:
        kind: Kind = "memory" if system in {"tmpfs", "ramfs"} else "unknown"
        return Storage(kind, read_only=read_only, system=system)
    disk = _disk(part)
    sectors = number(disk / "size")
    return Storage(
        _kind(disk),
        bytes=None if sectors is None else sectors * SECTOR,
        worn=_worn(text(disk / "device/life_time")),
        warns=_warns(number(disk / "device/pre_eol_info", 0)),
        made=text(disk / "device/date")[:7] or None,
        read_only=read_only,
        errors=number(machine / "sys/fs/ext4" / part.name / "errors_count"),
        system=system,
    )


def _nearest(data: Path) -> Path:
    place = data.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def _takes_nothing(place: Path) -> bool:
    try:
        return bool(os.statvfs(place).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _mount_of(place: Path, machine: Path) -> Mount | None:
    """The mount that `place` lies on: the longest of those above it, and of those the last."""
    best: Mount | None = None
    for line in text(machine / "proc/self/mountinfo").splitlines():
        found = _mount(line)
        if found and (best is None or len(found.place) >= len(best.place)) and _is_below(place, found.place):
            best = found
    return best


def _mount(line: str) -> Mount | None:
    before, dash, after = line.partition(" - ")
    left, right = before.split(" "), after.split(" ")
    if not dash or len(left) < 6 or len(right) < 3:
        return None
    read_only = "ro" in left[5].split(",") or "ro" in right[2].split(",")
    return Mount(left[2], left[4].replace("\\040", " "), read_only, right[0], right[1])


def _is_below(place: Path, mount: str) -> bool:
    return mount == "/" or f"{place}/".startswith(f"{mount}/")


def _part(place: Path, mount: Mount | None, machine: Path) -> Path | None:
    """The block device in sysfs that holds the file system of `place`."""
    names = [] if mount is None else [f"sys/dev/block/{mount.device}", f"sys/class/block/{mount.source[5:]}"]
    with contextlib.suppress(OSError):
        device = place.stat().st_dev
        names.insert(0, f"sys/dev/block/{os.major(device)}:{os.minor(device)}")
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            if not name.endswith("/") and (machine / name).is_dir():
                return (machine / name).resolve()
    return None


def _disk(part: Path) -> Path:
    """The whole device that `part` is a piece of, below what maps it (LVM, encryption)."""
    for _layer in range(DEEPEST):
        with contextlib.suppress(OSError):
            below = sorted((part / "slaves").iterdir())
            if below:
                part = below[0].resolve()
                continue
        break
    return part.parent if (part / "partition").exists() else part


def _kind(disk: Path) -> Kind:
    if disk.name.startswith("loop"):
        return "loop"
    if disk.name.startswith("mmcblk"):
        return "emmc" if text(disk / "device/type") == "MMC" else "card"
    if any(part.startswith("usb") for part in disk.parts):
        return "usb"
    if disk.name.startswith("zram"):
        return "memory"
    turns = number(disk / "queue/rotational")
    return "unknown" if turns is None else "disk" if turns else "ssd"


def _worn(told: str) -> int | None:
    """The worse of the two kinds of cells, told as in "0x01 0x02"; 0 stands for "not told"."""
    values = []
    for word in told.split()[:2]:
        with contextlib.suppress(ValueError):
            values.append(int(word, 16))
    worst = max(values, default=0)
    return worst if 1 <= worst <= 11 else None


def _warns(told: int | None) -> int | None:
    return told if told in {1, 2, 3} else None
