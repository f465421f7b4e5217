"""A file over the free space of a disk that nobody ever sees: it has no name, so it goes with the process.

    with FreeSpace(settings.data, keep=settings.reserve_bytes, most=0) as space:
        space.extents           # where it lies on the device
        space.write(at, data); space.flush()
        space.forget()          # what the kernel remembers of it
        space.read(at, size)    # from the device

The room is taken by fallocate(2), which writes nothing, and given back when the file is closed. Its name is removed
before that: after kill -9 the kernel gives the room back at once, and after a power cut the file system does when it is
mounted (ext4 keeps a list of such orphans).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import struct
from typing import TYPE_CHECKING, Self

from hub.box.blocks import BLOCK, PIECE, Extent
from hub.errors import NoSpace

if TYPE_CHECKING:
    from pathlib import Path

NAME = ".card-test"
MARGIN = 16 * PIECE  # left free beside what is kept, for what others write meanwhile
WITHOUT = 64 * PIECE  # spanned where room cannot be taken without writing it
FIEMAP = 0xC020660B  # FS_IOC_FIEMAP, Documentation/filesystems/fiemap.rst
HEADER, EXTENT = struct.Struct("=QQIIII"), struct.Struct("=QQQ16xI12x")
AT_ONCE = 256  # extents asked for
LAST, UNKNOWN = 0x1, 0x2 | 0x4  # flags of an extent: the last one; its place is not known, or not yet


class FreeSpace:
    """A file of `size` bytes in `folder`: all that is free but for `keep` bytes, at most `most` if that is not 0.

    Raises NoSpace if less than a PIECE is free, OSError if the disk takes no file. `spans`: whether it really covers
    that room, or only the first of it, on a file system that cannot set room aside.
    """

    def __init__(self, folder: Path, *, keep: int, most: int = 0) -> None:
        self._folder, self._keep, self._most = folder, keep, most
        self._file = self._direct = -1
        self.size, self.spans = 0, False
        self.extents: list[Extent] = []

    def __enter__(self) -> Self:
        path = self._folder / NAME
        path.unlink(missing_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with contextlib.suppress(OSError, AttributeError):  # no direct reads on this file system
                self._direct = os.open(path, os.O_RDONLY | os.O_DIRECT)
            path.unlink()
            self._take(self._room())
            self.extents = extents_of(self._file) or [Extent(0, 0, self.size)]
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def _close(self) -> None:
        for number in (self._file, self._direct):
            if number >= 0:
                os.close(number)
        self._file = self._direct = -1

    def _room(self) -> int:
        free = os.fstatvfs(self._file)
        room = free.f_bavail * free.f_frsize - self._keep - MARGIN
        room = min(room, self._most or room) // PIECE * PIECE
        if room < PIECE:
            raise NoSpace("Too little of the disk is free to test it; take a larger card, or remove some courses.")
        return room

    def _take(self, room: int) -> None:
        """Take `room` bytes, or less where others were quicker, and note how many they are."""
        while room >= PIECE:
            code = _fallocate(self._file, room)
            if code == 0:
                self.size, self.spans = room, True
                return
            if code not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EINTR}:
                self.size = min(room, WITHOUT)
                os.ftruncate(self._file, self.size)
                return
            room = room * 9 // 10 // PIECE * PIECE
        raise NoSpace("Too little of the disk is free to test it; take a larger card, or remove some courses.")

    def write(self, at: int, data: bytes) -> None:
        """Put `data` at `at`; it may wait in memory until `flush`."""
        view = memoryview(data)
        while view:
            count = os.pwrite(self._file, view, at)
            view, at = view[count:], at + count

    def flush(self) -> None:
        """Have all that was written on the device."""
        os.fdatasync(self._file)

    def forget(self) -> None:
        """Have the kernel forget what it remembers of the file."""
        os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)

    def read(self, at: int, size: int) -> bytes:
        """`size` bytes from `at` on, past the kernel's memory where the file system lets us; both are whole blocks."""
        if self._direct >= 0:
            with contextlib.suppress(OSError), mmap.mmap(-1, -(-size // BLOCK) * BLOCK) as buffer:
                count = os.preadv(self._direct, [buffer], at)
                if count >= size:
                    return buffer[:size]
        return os.pread(self._file, size, at)


def extents_of(number: int) -> list[Extent]:
    """Where the open file lies on its device, by its place in the file; empty if the file system does not tell."""
    found: list[Extent] = []
    start = 0
    while True:
        request = bytearray(HEADER.size + AT_ONCE * EXTENT.size)
        HEADER.pack_into(request, 0, start, 2**63, 0, 0, AT_ONCE, 0)
        try:
            fcntl.ioctl(number, FIEMAP, request)
        except OSError:
            return []
        count = HEADER.unpack_from(request, 0)[3]
        for row in range(count):
            at, place, size, flags = EXTENT.unpack_from(request, HEADER.size + row * EXTENT.size)
            if flags & UNKNOWN:
                return []
            found.append(Extent(at, place, size))
            start = at + size
            if flags & LAST:
                return found
        if count == 0:
            return found


def _fallocate(number: int, size: int) -> int:
    """fallocate(2), which os.posix_fallocate falls back from to writing it all; the error's number, 0 for none."""
    library = ctypes.CDLL(None, use_errno=True)
    try:
        call = library.fallocate64 if hasattr(library, "fallocate64") else library.fallocate
    except AttributeError:
        return errno.EOPNOTSUPP
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return 0 if call(number, 0, 0, size) == 0 else ctypes.get_errno()
