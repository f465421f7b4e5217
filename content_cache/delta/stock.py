"""An ordered list of files that a delta names by their places, and their bytes.

    stock = Stock(blobs, repository.open_object)
    stock.bytes(7)                              # all of a small one
    with stock.opened(8) as file:               # a large one, to read anywhere
        file.read(5_000_000, 4096)

An object that lies packed is unpacked into a temporary file to be read anywhere.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, BinaryIO

from content_cache.errors import BadDelta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from content_cache.records import Blob

PIECE = 256 * 2**10


class Open:
    """A file to read anywhere; `read` gives fewer bytes only at its end."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._number, self.size = file.fileno(), size

    def read(self, start: int, length: int) -> bytes:
        return os.pread(self._number, length, start)


class Stock:
    """`blobs` in order; `open_blob` gives the bytes of one as a stream. Temporary files are made in `folder`."""

    def __init__(
        self, blobs: Sequence[Blob], open_blob: Callable[[Blob], BinaryIO], folder: Path | None = None
    ) -> None:
        self.blobs, self._open_blob, self._folder = blobs, open_blob, folder
        self.bytes = functools.lru_cache(maxsize=4)(self._bytes)

    def size(self, place: int) -> int:
        return self.blobs[place].size

    def is_packed(self, place: int) -> bool:
        """Whether packing saved something, as it does with texts and never with photographs."""
        return self.blobs[place].packed is not None

    def cost(self, place: int) -> int:
        """Bytes that fetching the object would take."""
        blob = self.blobs[place]
        return blob.size if blob.packed is None else blob.packed

    def _bytes(self, place: int) -> bytes:
        """All bytes of a small file; raises BadDelta if it has others than its list says."""
        blob = self.blobs[place]
        with self._open_blob(blob) as file:
            pieces = []
            while piece := file.read(PIECE):
                pieces.append(piece)
        data = b"".join(pieces)
        if len(data) != blob.size:
            raise BadDelta(f"{blob.sha256} has {len(data)} bytes instead of {blob.size}; publish its course again.")
        return data

    @contextlib.contextmanager
    def opened(self, place: int) -> Iterator[Open]:
        """A file of any size, to read anywhere."""
        blob = self.blobs[place]
        with self._open_blob(blob) as file:
            if _is_plain(file):
                yield Open(file, blob.size)
                return
            with tempfile.TemporaryFile(dir=self._folder) as copy:
                shutil.copyfileobj(file, copy, PIECE)
                copy.flush()
                yield Open(copy, blob.size)


def _is_plain(file: BinaryIO) -> bool:
    try:
        return file.fileno() >= 0
    except OSError:
        return False
