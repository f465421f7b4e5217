"""Where a publisher puts things into a repository: objects in o/, manifests and trees in m/, catalogues in c/.

    with Shelf(root) as shelf:
        blob = shelf.put(file)              # a file to read twice; blob.packed says how it lies there
        blob = shelf.put_record("m", text)

What is there already is not written again, and lies as it lay: packed by an older zstd into other bytes it is as good.
It is read again, though, and what is damaged is replaced: so publishing mends what a tired disk lost.
All is durable once `commit` returns or the block ends; an error leaves nothing that was not committed before.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, Self

import zstandard

from content_cache.deposit import Deposit
from content_cache.errors import ContentError, DamagedBlob
from content_cache.packing import ENDING, Unpacking, pack
from content_cache.records import PIECE, Blob

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

Folder = Literal["c", "m", "o"]
HEADER = 18  # bytes that a frame's header has at most (RFC 8878 section 3.1.1)


class Shelf:
    """The files of the repository in `root` that are named by their hash."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._deposit = Deposit(root, lambda name: root / name)
        self._waiting: dict[str, int | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deposit.__exit__(kind, error, trace)
        with contextlib.suppress(OSError):
            (self._root / "incoming").rmdir()

    def put(self, source: BinaryIO, folder: Folder = "o") -> Blob:
        """Bring `source` in, from its start; it is read once to hash, and again only if it is new."""
        blob = _hash(source)
        found = self.find(blob, folder)
        if found and (f"{folder}/{blob.sha256}" in self._waiting or self._is_sound(found, folder)):
            return found
        return self._put(source, blob, folder)

    def put_record(self, folder: Folder, text: bytes) -> Blob:
        return self.put(io.BytesIO(text), folder)

    def find(self, blob: Blob, folder: Folder = "o") -> Blob | None:
        """The blob as it lies there, or waits to; None if it does neither."""
        name = f"{folder}/{blob.sha256}"
        if name in self._waiting:
            return Blob(blob.sha256, blob.size, self._waiting[name])
        packed = _packed_size(self._root / (name + ENDING), blob.size)
        if packed is None and not _has_size(self._root / name, blob.size):
            return None
        return Blob(blob.sha256, blob.size, packed)

    def _is_sound(self, blob: Blob, folder: Folder) -> bool:
        """Whether what lies there has its hash; if not it is removed, to be put there again."""
        path = self._root / folder / (blob.sha256 if blob.packed is None else blob.sha256 + ENDING)
        with path.open("rb", buffering=0) as file, contextlib.suppress(DamagedBlob, OSError):
            if _hash(file if blob.packed is None else Unpacking(file, blob.size)).sha256 == blob.sha256:
                return True
        path.unlink()
        return False

    def _put(self, source: BinaryIO, blob: Blob, folder: Folder) -> Blob:
        name = f"{folder}/{blob.sha256}"
        for damaged in (name, name + ENDING):  # of the right size it would pass for the new one
            (self._root / damaged).unlink(missing_ok=True)
        source.seek(0)
        packed = self._deposit.fill(name + ENDING, lambda target: _pack(source, blob, target))
        if packed is None:
            source.seek(0)
            self._deposit.fill(name, lambda target: _copy(source, blob, target))
        self._waiting[name] = packed
        return Blob(blob.sha256, blob.size, packed)

    def commit(self) -> None:
        """Make all that was put durable."""
        self._deposit.commit()
        self._waiting.clear()


class Source(Protocol):
    """What can be read to its end."""

    def read(self, size: int, /) -> bytes | None: ...


class _Again:
    """A source that is read a second time: what it gives must be what was hashed."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        piece = self._source.read(size)
        self.digest.update(piece)
        return piece


def _pack(source: BinaryIO, blob: Blob, target: BinaryIO) -> int | None:
    again = _Again(source)
    try:
        packed = pack(source, blob.size, target, again.read)
    except zstandard.ZstdError:  # more bytes than were counted
        raise _changed() from None
    if packed is not None:
        _refuse_changed(again, blob)
    return packed


def _copy(source: BinaryIO, blob: Blob, target: BinaryIO) -> int:
    again, size = _Again(source), 0
    while piece := again.read(PIECE):
        size += target.write(piece)
    _refuse_changed(again, blob)
    return size


def _refuse_changed(again: _Again, blob: Blob) -> None:
    if again.digest.hexdigest() != blob.sha256:
        raise _changed()


def _changed() -> ContentError:
    return ContentError("A file changed while it was read; publish again when nobody writes to the course folders.")


def _packed_size(path: Path, size: int) -> int | None:
    """Bytes of the frame at `path`, if one lies there that says it holds `size` bytes."""
    try:
        with path.open("rb") as file:
            held = zstandard.frame_content_size(file.read(HEADER))
            return path.stat().st_size if held == size else None
    except (OSError, zstandard.ZstdError):
        return None


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat(follow_symlinks=False).st_size == size and path.is_file()
    except OSError:
        return False


def _hash(source: Source) -> Blob:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        size += len(piece)
        digest.update(piece)
    return Blob(digest.hexdigest(), size)
