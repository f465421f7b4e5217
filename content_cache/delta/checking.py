"""Whether the bundles and deltas of a repository are whole, told without making anything of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from content_cache.delta.apply import Place, apply
from content_cache.delta.format import read_delta, reader_of
from content_cache.delta.pairing import named_files_of
from content_cache.delta.publishing import edges_in
from content_cache.deposit import Deposit
from content_cache.errors import BadDelta, DamagedBlob
from content_cache.records import PIECE, Blob

if TYPE_CHECKING:
    from collections.abc import Iterator

    from content_cache.records import CourseEntry
    from content_cache.repository import Repository


def bundle_is_whole(repository: Repository, entry: CourseEntry) -> bool:
    """Whether the course's bundle has the bytes that the catalogue says, and each file that it makes has its hash."""
    path = repository.root / "b" / entry.manifest
    blobs = [one.blob for one in named_files_of(repository, entry)]
    try:
        read = reader_of(path)
        applied = apply(read_delta(read).files, read, old=[], new=blobs, into=Place(_nowhere, _Hashed()))
        return not applied.failed and path.stat().st_size == entry.bundle
    except (BadDelta, OSError):
        return False


def damaged_deltas(root: Path) -> Iterator[str]:
    """The names of the deltas that are cut off, or that no hub could read."""
    for edge in edges_in(root):
        try:
            if read_delta(reader_of(root / edge.path)).files.end != (root / edge.path).stat().st_size:
                yield edge.path
        except (BadDelta, OSError):
            yield edge.path


def _nowhere(sha256: str) -> Path:
    return Path("/nowhere") / sha256


class _Hashed(Deposit):
    """Where bytes go to be hashed, and no further."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), Path)

    def put(self, source: BinaryIO, *, expected: str | None = None, limit: int | None = None) -> Blob:
        digest, size = hashlib.sha256(), 0
        buffer = memoryview(bytearray(PIECE))
        while count := source.readinto(buffer):  # type: ignore[attr-defined]
            size += count
            digest.update(buffer[:count])
        if digest.hexdigest() != expected or (limit is not None and size > limit):
            raise DamagedBlob("A file of a bundle has another hash; publish it again.")
        return Blob(digest.hexdigest(), size)
