"""Brings records and blobs of a release from a source, each checked against its hash before it has a name.

A file lies packed or plain: who names it says which, and a copy that a hub made has the plain one alone. So the plain
name is tried where the packed one is absent, and once that worked, first from then on.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from content_cache.errors import Absent, DamagedBlob
from content_cache.packing import ENDING, Unpacking
from content_cache.records import Blob
from content_cache.sync.fetch import AGAIN
from content_cache.sync.lapses import LARGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from content_cache.deposit import Deposit
    from content_cache.sync.fetch import Fetching, Got


class _Way(NamedTuple):
    """A path to ask for, what size its file has if that is known, and whether it is packed."""

    path: str
    size: int | None
    packed: bool


class Bringing:
    """Puts what `fetching` fetches into deposits."""

    def __init__(self, fetching: Fetching) -> None:
        self._fetching = fetching
        self._plain = False

    @property
    def name(self) -> str:
        """What people call the source."""
        return self._fetching.source.name

    def bring(self, folder: str, blob: Blob, batch: Deposit, *, most: int | None = None) -> None:
        """Take in what `folder` of the source has under the blob's hash; `most` limits it if nobody said its size.

        Raises DamagedBlob if all the source has for it is wrong, Absent if it has nothing; and what
        `Fetching.fetch` raises.
        """
        wrong: DamagedBlob | None = None
        for way in self._ways(f"{folder}/{blob.sha256}", blob, most):
            try:
                self._by(way, blob, batch, most)
            except Absent:
                continue
            except DamagedBlob as error:
                wrong = error
                continue
            self._note(way, blob)
            return
        if wrong is not None:
            raise wrong
        raise self._missing(folder, blob)

    def begin(self, folder: str, blob: Blob, end: int) -> None:
        """Gather the first `end` bytes of what `folder` of the source has for the blob; raises as `bring` does."""
        for way in self._ways(f"{folder}/{blob.sha256}", blob, None):
            try:
                self._fetching.gather(way.path, 0, end)
            except Absent:
                continue
            self._note(way, blob)
            return
        raise self._missing(folder, blob)

    def _note(self, way: _Way, blob: Blob) -> None:
        """Remember whether this source packs; what is never packed does not tell."""
        if blob.packed is not None:
            self._plain = not way.packed

    def _missing(self, folder: str, blob: Blob) -> Absent:
        return Absent(f"{self.name}/{folder}/{blob.sha256} is missing; {AGAIN}")

    def path(self, folder: str, blob: Blob) -> str:
        """The path that is asked for first."""
        return next(self._ways(f"{folder}/{blob.sha256}", blob, None)).path

    def _ways(self, path: str, blob: Blob, most: int | None) -> Iterator[_Way]:
        plain = _Way(path, None if most is not None else blob.size, packed=False)
        if blob.packed is None:
            yield plain
            return
        packed = _Way(path + ENDING, blob.packed, packed=True)
        yield from (plain, packed) if self._plain else (packed, plain)

    def _by(self, way: _Way, blob: Blob, batch: Deposit, most: int | None) -> None:
        """Fetch it that way; bytes that are wrong are asked for once more from the first one on.

        Not if it is large and none of it was here before, since then another try costs much and helps little.
        """
        is_dear = (way.size or 0) >= LARGE and not self._fetching.known(way.path)
        try:
            self._put(way, self._fetching.fetch(way.path, way.size, most), blob, batch)
        except DamagedBlob:
            self._fetching.discard(way.path)
            if is_dear:
                raise
            try:
                self._put(way, self._fetching.fetch(way.path, way.size, most), blob, batch)
            except DamagedBlob:
                self._fetching.discard(way.path)
                raise

    def _put(self, way: _Way, got: Got, blob: Blob, batch: Deposit) -> None:
        try:
            self._put_unnamed(way, got, blob, batch)
        except DamagedBlob:
            raise DamagedBlob(f"{self.name}/{way.path} is damaged: its bytes have another hash; {AGAIN}") from None

    def _put_unnamed(self, way: _Way, got: Got, blob: Blob, batch: Deposit) -> None:
        if got.path is not None and not way.packed:
            if got.sha256 != blob.sha256:
                raise DamagedBlob(got.sha256)
            batch.adopt(got.path, Blob(blob.sha256, got.size))
            return
        with got.path.open("rb") if got.path is not None else io.BytesIO(got.data or b"") as file:
            source = cast("BinaryIO", Unpacking(file, blob.size)) if way.packed else file
            batch.put(source, expected=blob.sha256, limit=blob.size if way.packed else got.size)
        if got.path is not None:
            got.path.unlink()


def blob_of(text: bytes) -> Blob:
    """What bytes at hand are called."""
    return Blob(hashlib.sha256(text).hexdigest(), len(text))
