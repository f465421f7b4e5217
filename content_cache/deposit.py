"""Bytes come in under a temporary name, are hashed on the way, and take their real name only once durable.

Many small files in one batch share their flushes: a disk sees two for a thousand blobs instead of two thousand.
The store of a hub and the objects of a repository are both filled this way; they differ in where a hash lies.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from typing import TYPE_CHECKING, BinaryIO, Self

from content_cache.durable import PREFIX, make_folder, settle
from content_cache.errors import DamagedBlob
from content_cache.records import PIECE, Blob

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from pathlib import Path
    from types import TracebackType

# A batch is committed by itself at either mark, so that neither memory nor what a crash loses grows with the work.
MANY = 1000
MUCH = 64 * 2**20


class Deposit:
    """A batch of blobs on their way into `folder`; `place(name)` says where each belongs, under `folder`.

    A blob's name is its hash; `fill` lets one have another, which the caller answers for.

    Used as a context manager it commits at the end; on an error it leaves nothing that was not committed before.
    """

    def __init__(self, folder: Path, place: Callable[[str], Path]) -> None:
        self._incoming = folder / "incoming"
        self._folder, self._place = folder, place
        self._waiting: dict[str, Path] = {}
        self._bytes = 0
        self._buffer = memoryview(bytearray(PIECE))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()

    def put(self, source: BinaryIO, *, expected: str | None = None, limit: int | None = None) -> Blob:
        """Take the bytes of `source` to its end; raises DamagedBlob if they are not `expected`, or over `limit`."""
        make_folder(self._incoming)
        temporary = self._incoming / (PREFIX + secrets.token_hex(8))
        try:
            blob = self._copy(source, temporary, limit)
            _refuse_other(blob.sha256, expected)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        self._keep(blob, temporary)
        return blob

    def fill(self, name: str, write: Callable[[BinaryIO], int | None]) -> int | None:
        """Keep what `write` puts into the file that it is given, and that it counts, under `name`; nothing if None."""
        make_folder(self._incoming)
        temporary = self._incoming / (PREFIX + secrets.token_hex(8))
        try:
            with temporary.open("xb") as file:
                size = write(file)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        if size is None:
            temporary.unlink()
        else:
            self._keep(Blob(name, size), temporary)
        return size

    def adopt(self, path: Path, blob: Blob) -> None:
        """Take the file at `path`, on the same disk, whose bytes are known to be those of `blob`; it is moved."""
        make_folder(self._incoming)
        temporary = self._incoming / (PREFIX + secrets.token_hex(8))
        path.replace(temporary)
        self._keep(blob, temporary)

    def _copy(self, source: BinaryIO, temporary: Path, limit: int | None) -> Blob:
        digest, size = hashlib.sha256(), 0
        with temporary.open("xb", buffering=0) as file:
            while count := source.readinto(self._buffer):  # type: ignore[attr-defined]
                size += count
                if limit is not None and size > limit:
                    raise DamagedBlob(f"A file has more than the {limit} bytes it was said to have; copy it again.")
                digest.update(self._buffer[:count])
                _write_all(file, self._buffer[:count])
        return Blob(digest.hexdigest(), size)

    def _keep(self, blob: Blob, temporary: Path) -> None:
        """Let `temporary` wait for the commit, unless the same bytes are here or waiting already."""
        if blob.sha256 in self._waiting or _is_whole(self._place(blob.sha256), blob.size):
            temporary.unlink()
            return
        self._waiting[blob.sha256] = temporary
        self._bytes += blob.size
        if len(self._waiting) >= MANY or self._bytes >= MUCH:
            self.commit()

    def waits(self, name: str) -> bool:
        return name in self._waiting

    def commit(self) -> None:
        """Give all that waits its real name, durably: first the bytes, then the names, then the folders."""
        if not self._waiting:
            return
        settle(self._waiting.values(), self._folder)
        folders = set()
        for sha256, temporary in self._waiting.items():
            path = self._place(sha256)
            path.parent.mkdir(exist_ok=True)
            temporary.replace(path)
            folders.add(path.parent)
        settle({self._folder, *folders}, self._folder)
        self._waiting.clear()
        self._bytes = 0

    def discard(self) -> None:
        """Forget what waits."""
        for temporary in self._waiting.values():
            temporary.unlink(missing_ok=True)
        self._waiting.clear()
        self._bytes = 0


def _refuse_other(sha256: str, expected: str | None) -> None:
    if expected not in (None, sha256):
        raise DamagedBlob(f"The bytes given for {expected} have another hash, {sha256}; copy them again.")


def _is_whole(path: Path, size: int) -> bool:
    """Whether a plain file of that size lies at `path`; after a power cut on a tired card it may be shorter."""
    try:
        return path.stat(follow_symlinks=False).st_size == size and path.is_file()
    except OSError:
        return False


def _write_all(file: FileIO, piece: memoryview) -> None:
    while piece:
        piece = piece[file.write(piece) :]
