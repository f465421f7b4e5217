"""Disks to break: loop-mounted images whose power can be cut, sticks that can be pulled out.

with disk_image(tmp_path, 24) as disk:
    (disk.mount / "file").write_bytes(b"not flushed")
    disk.cut(tmp_path / "after.img")            # what a power cut now would leave, to be mounted elsewhere
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# Names may reach the disk long before the bytes that they name, unless those were flushed.
CARELESS = "noatime,data=writeback,noauto_da_alloc"


@dataclass(frozen=True)
class Disk:
    """An image and where it is mounted."""

    image: Path
    mount: Path

    def cut(self, copy: Path) -> Path:
        """The bytes that the disk has now, and none that wait in memory to be written to it."""
        subprocess.run(["cp", "--sparse=always", self.image, copy], check=True)
        return copy


@contextlib.contextmanager
def disk_image(folder: Path, megabytes: int) -> Iterator[Disk]:
    """A new ext4 disk, mounted; gone at the end."""
    need("mkfs.ext4", "losetup")
    folder.mkdir(parents=True, exist_ok=True)
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    # No lazy initialisation: it would write behind our back.
    subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image], check=True)
    with mounted(image, folder / "mount", CARELESS) as mount:
        yield Disk(image, mount)


@contextlib.contextmanager
def mounted(image: Path, mount: Path, options: str = "noatime") -> Iterator[Path]:
    """The image mounted on a folder; its journal is replayed, as it is after a power cut."""
    mount.mkdir(exist_ok=True)
    tried = subprocess.run(["mount", "-o", f"loop,{options}", image, mount], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"component absent: loop mounts ({tried.stderr.decode().strip()})")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", mount], check=True)


@contextlib.contextmanager
def exfat_stick(folder: Path, megabytes: int) -> Iterator[Path]:
    """An exFAT stick, mounted; by a program (FUSE) where the kernel knows no exFAT."""
    need("mkfs.exfat", "mount.exfat-fuse", "losetup")
    image, mount = folder / "stick.img", folder / "stick"
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.exfat", image], check=True, stdout=subprocess.DEVNULL)
    mount.mkdir()
    device = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True, text=True).stdout
    try:
        subprocess.run(["mount.exfat-fuse", device.strip(), mount], check=True, stdout=subprocess.DEVNULL)
        yield mount
        subprocess.run(["umount", mount], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device.strip()], check=True)


def need(*programs: str) -> None:
    """Skip unless this is root's and the programs are here."""
    if os.geteuid() != 0:
        pytest.skip("component absent: root, to mount disks")
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        pytest.skip(f"component absent: {', '.join(missing)}")
