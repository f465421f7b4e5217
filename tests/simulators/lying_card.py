"""A counterfeit card, as a file that a loop device can be made of: it says a size and holds less.

    with lying_card(tmp_path, claims=512 << 20, holds=200 << 20, kind="wraps") as card:
        card                        # a file of 512 MB; what is written at 300 MB lies at 100 MB

A small server of the kernel's FUSE protocol (fuse(4), include/uapi/linux/fuse.h) in a process of its own. Nothing of
the file is kept in the kernel's memory, as nothing of a card is.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

IN, OUT = struct.Struct("=IIQQIIIHH"), struct.Struct("=IiQ")
LARGEST = 1 << 20
DIRECT_IO = 1  # FOPEN_DIRECT_IO
LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC = 1, 2, 3, 4, 14, 15, 16, 17, 18, 20
FLUSH, INIT, OPENDIR, RELEASEDIR, ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = 25, 26, 27, 29, 34, 36, 38, 42
NAME = "card"


class Card:
    """The bytes: `kind` says what becomes of those beyond what it holds, `wraps` or `drops`."""

    def __init__(self, backing: Path, claims: int, holds: int, kind: str) -> None:
        self.claims, self.holds, self.kind = claims, holds, kind
        self.file = os.open(backing, os.O_RDWR | os.O_CREAT)
        os.ftruncate(self.file, holds)

    def pieces(self, at: int, size: int) -> Iterator[tuple[int | None, int]]:
        """Where `size` bytes from `at` on really lie, None for nowhere."""
        while size:
            here = at % self.holds if self.kind == "wraps" or at < self.holds else None
            count = min(size, self.holds - at % self.holds)
            yield here, count
            at, size = at + count, size - count

    def read(self, at: int, size: int) -> bytes:
        size = max(min(size, self.claims - at), 0)
        return b"".join(
            bytes(count) if here is None else os.pread(self.file, count, here) for here, count in self.pieces(at, size)
        )

    def write(self, at: int, data: bytes) -> int:
        done = 0
        for here, count in self.pieces(at, len(data)):
            if here is not None:
                os.pwrite(self.file, data[done : done + count], here)
            done += count
        return done


def serve(folder: str, backing: str, claims: str, holds: str, kind: str) -> None:
    """Mount and answer until it is unmounted."""
    card = Card(Path(backing), int(claims), int(holds), kind)
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,max_read={LARGEST}".encode()
    if ctypes.CDLL(None, use_errno=True).mount(b"card", folder.encode(), b"fuse", 0, options) != 0:
        sys.exit(f"component absent: FUSE ({os.strerror(ctypes.get_errno())})")
    while True:
        try:
            request = os.read(device, LARGEST + 65536)
        except OSError as error:
            if error.errno == errno.EINTR:
                continue
            return
        _, opcode, unique, node, *_ = IN.unpack_from(request)
        if opcode in {FORGET, BATCH_FORGET, INTERRUPT}:
            continue
        body = answer(card, opcode, node, request[IN.size :])
        code = -errno.ENOSYS if body is None else 0
        with contextlib.suppress(OSError):
            os.write(device, OUT.pack(OUT.size + len(body or b""), code, unique) + (body or b""))


def answer(card: Card, opcode: int, node: int, body: bytes) -> bytes | None:
    if opcode == INIT:
        _major, _minor, ahead, _flags = struct.unpack_from("=IIII", body)
        return struct.pack("=IIIIHHIIHH8I", 7, 31, ahead, 0, 16, 12, LARGEST, 1, 0, 0, *[0] * 8)
    if opcode == LOOKUP:
        return struct.pack("=QQQQII", 2, 1, 60, 60, 0, 0) + attributes(card, 2)
    if opcode in {GETATTR, SETATTR}:
        return struct.pack("=QII", 60, 0, 0) + attributes(card, node)
    if opcode in {OPEN, OPENDIR}:
        return struct.pack("=QII", 1, DIRECT_IO if opcode == OPEN else 0, 0)
    if opcode == READ:
        _, at, size = struct.unpack_from("=QQI", body)
        return card.read(at, size)
    if opcode == WRITE:
        _, at, size = struct.unpack_from("=QQI", body)
        return struct.pack("=II", card.write(at, body[40 : 40 + size]), 0)
    if opcode == STATFS:
        return struct.pack("=QQQQQIIII24x", 0, 0, 0, 0, 0, 4096, 255, 4096, 0)
    return b"" if opcode in {RELEASE, FSYNC, FLUSH, RELEASEDIR, ACCESS, DESTROY} else None


def attributes(card: Card, node: int) -> bytes:
    mode, size = (stat.S_IFDIR | 0o755, 0) if node == 1 else (stat.S_IFREG | 0o600, card.claims)
    return struct.pack("=6Q10I", node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


@contextlib.contextmanager
def lying_card(folder: Path, *, claims: int, holds: int, kind: str) -> Iterator[Path]:
    """The file; gone at the end. Skips where there is no FUSE or no root."""
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.skip("component absent: root and /dev/fuse, to play a counterfeit card")
    mount = folder / "fuse"
    mount.mkdir(parents=True)
    command = [sys.executable, "-m", __name__, mount, folder / "bytes", str(claims), str(holds), kind]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 20
        while not os.path.ismount(mount):
            if server.poll() is not None:
                pytest.skip(server.stderr.read().strip() if server.stderr else "")
            assert time.monotonic() < deadline, "the card was not mounted"
            time.sleep(0.02)
        yield mount / NAME
    finally:
        subprocess.run(["umount", "--lazy", mount], check=False)
        server.terminate()
        server.wait(20)


if __name__ == "__main__":
    serve(*sys.argv[1:])
