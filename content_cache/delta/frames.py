"""Makes the frames of a section: what old bytes each leans on, and how hard it is worth packing.

A frame's packing is zstd at level 19 with its base as a raw dictionary (zstd's --patch-from does the same). Window and
tables are kept to what 8 MiB need, so that a publisher with little memory makes the same bytes as one with much.
"""

from __future__ import annotations

import hashlib
from typing import BinaryIO

import zstandard

LEVEL = 19
FAST = 12
QUICK = 3
LARGEST_LOG = 23  # of the tables: 4 bytes each entry
REMEMBERED = 16 * 2**20  # bytes of frames
SAMPLE = 64 * 2**10


def pack(data: bytes, base: bytes = b"", level: int = LEVEL) -> bytes:
    """`data` as one frame that leans on `base`; the same bytes give the same frame."""
    usual = zstandard.ZstdCompressionParameters.from_level(level, source_size=len(data), dict_size=len(base))
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level,
        source_size=len(data),
        dict_size=len(base),
        window_log=max(10, (len(data) + len(base)).bit_length()),
        chain_log=min(usual.chain_log, LARGEST_LOG),
        hash_log=min(usual.hash_log, LARGEST_LOG - 1),
    )
    known = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if base else None
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=known).compress(data)


class Packer:
    """Packs frames and remembers them: deltas from several releases and of several groups have many in common."""

    def __init__(self) -> None:
        self._made: dict[bytes, bytes] = {}
        self._left = REMEMBERED

    def __call__(self, data: bytes, base: bytes) -> bytes:
        """As `pack`."""
        key = hashlib.sha256(data).digest() + hashlib.sha256(base).digest()
        if (known := self._made.get(key)) is not None:
            return known
        packed = pack(data, base)
        if len(packed) <= self._left:
            self._left -= len(packed)
            self._made[key] = packed
        return packed


def is_noise(data: bytes) -> bool:
    """Whether zstd finds nothing to save in a sample from the middle: films, photographs, what is packed already."""
    start = max(0, (len(data) - SAMPLE) // 2)
    sample = data[start : start + SAMPLE]
    return len(sample) > 256 and len(zstandard.ZstdCompressor(level=1).compress(sample)) > 0.97 * len(sample)


class Spool:
    """Packed frames on their way into a delta, in a temporary file."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = 0

    def add(self, packed: bytes) -> int:
        self.file.write(packed)
        self.size += len(packed)
        return len(packed)

    def cut(self, size: int) -> None:
        """Forget what came after the first `size` bytes."""
        self.file.seek(size)
        self.file.truncate()
        self.size = size
