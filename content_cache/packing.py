"""Packs a file as one zstd frame where that pays, and opens such a frame without believing what it says.

    saved = pack(source, size, target)              # bytes written to `target`, or None if it does not pay
    with path.open("rb") as file:
        for piece in unpacked(file, size): ...      # never more than `size` bytes, whatever the frame holds

A repository names each file by the hash of its bytes as they are, and packs what zstd makes smaller by a tenth and 64
bytes (docs/formats/repository.md). The highest ordinary level, 19, is slow to pack and as quick to open as any; so that
films and photographs, which no packing helps, cost nothing, a sample of a file is tried first at a quick level. The
same bytes give the same frame.

A frame comes from outside. Its window is bounded, which bounds the memory that opening it takes (RFC 8878 section
3.1.1.1.2), and so is what comes out of it: a bomb ends at the first byte too many.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

import zstandard

from content_cache.errors import DamagedBlob
from content_cache.records import PIECE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEVEL = 19
ENDING = ".zst"
# Level 19 looks back 8 MiB at most; whoever opens a frame keeps that much of it.
MAX_WINDOW = 2**23
# What a sample must save for the file to be packed in earnest: level 19 saves more than the quick level that tries.
QUICK = 3
SAMPLE = 64 * 2**10
SAMPLES = 4
SAMPLE_SAVES = 0.03
READ = 64 * 2**10


def pays(size: int, packed: int) -> bool:
    """Whether a file of `size` bytes is worth keeping packed as `packed` bytes: a tenth less, and 64 bytes."""
    return packed <= size - max(size // 10, 64)


def is_promising(source: BinaryIO, size: int) -> bool:
    """Whether packing `source`, of `size` bytes, is worth trying, by samples all over it; ends at its start."""
    compressor = zstandard.ZstdCompressor(level=QUICK)
    tried = kept = 0
    for start in _starts(size):
        source.seek(start)
        piece = source.read(SAMPLE)
        tried += len(piece)
        kept += len(compressor.compress(piece))
    source.seek(0)
    return kept < tried * (1 - SAMPLE_SAVES)


def _starts(size: int) -> list[int]:
    if size <= SAMPLES * SAMPLE:
        return list(range(0, size, SAMPLE))
    # None at the ends, where films keep tables of where their pictures lie, which pack well and are next to nothing.
    return [(size - SAMPLE) * (2 * number + 1) // (2 * SAMPLES) for number in range(SAMPLES)]


def pack(source: BinaryIO, size: int, target: BinaryIO, read: Callable[[int], bytes] | None = None) -> int | None:
    """Write `source`, all of its `size` bytes, to `target` as one frame; the frame's bytes, or None if it does not pay.

    `target` then holds a part that is of no use. `source` must be at its start; after the samples, which jump about,
    it is read in order by `read`, if that is given.
    """
    if size < 128 or not is_promising(source, size):
        return None
    most = size - max(size // 10, 64)
    written = 0
    for piece in _packed(read or source.read, size):
        written += len(piece)
        if written > most:
            return None
        target.write(piece)
    return written


def packed_bytes(data: bytes) -> bytes | None:
    """`data` as one frame, or None if that does not pay."""
    target = io.BytesIO()
    return None if pack(io.BytesIO(data), len(data), target) is None else target.getvalue()


def _packed(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    """The frame in pieces. It says how much it holds and has no sum of its own: the hash of the bytes is known."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        LEVEL, source_size=size, write_content_size=True, write_checksum=False
    )
    packing = zstandard.ZstdCompressor(compression_params=parameters).compressobj(size=size)
    while piece := read(PIECE):
        yield packing.compress(piece)
    yield packing.flush()


class Unpacking(io.RawIOBase):
    """The bytes within a frame as a file to read; raises DamagedBlob if it is none, or holds not `size` bytes.

    Closes the file that it reads. That the bytes are the right ones is for the reader to check, by their hash.
    """

    def __init__(self, source: BinaryIO, size: int) -> None:
        super().__init__()
        self._source, self._size, self._left = source, size, size
        opener = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        self._frame = opener.stream_reader(source, read_size=READ, read_across_frames=False, closefd=False)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as the frame goes; 0 at its end."""
        try:
            count: int = self._frame.readinto(memoryview(buffer)[: self._left + 1])
        except zstandard.ZstdError as error:
            raise DamagedBlob(f"A packed file cannot be opened ({error}); copy the repository again.") from None
        self._left -= count
        if self._left < 0 or (count == 0 < self._left and len(buffer)):
            what = "more" if self._left < 0 else "less"
            raise DamagedBlob(f"A packed file holds {what} than the {self._size} bytes it should; copy it again.")
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


def unpacked(source: BinaryIO, size: int) -> Iterator[bytes]:
    """The bytes within the frame that `source` holds, in pieces; raises DamagedBlob as `Unpacking` does."""
    frame = Unpacking(source, size)
    while piece := frame.read(READ):
        yield piece
