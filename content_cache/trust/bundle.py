"""`<n>.bundle`: snapshot and targets of one signing in one small file, so that a change costs one request less.

One zstd frame of the snapshot's JSON, a line feed, the targets' JSON (compact JSON holds no line feed). It is a
shortcut and proves nothing: whoever reads it checks both parts against the hashes in the timestamp and the snapshot.
"""

from __future__ import annotations

import io

import zstandard

LONGEST = 256 * 2**10  # packed
LONGEST_UNPACKED = 4 * 2**20
WINDOW = 8 * 2**20


def pack(snapshot: bytes, targets: bytes) -> bytes:
    """The bundle of these two; equal input gives equal bytes with the same zstd."""
    return zstandard.ZstdCompressor(level=19).compress(snapshot + b"\n" + targets)


def unpack(data: bytes) -> tuple[bytes, bytes] | None:
    """Snapshot and targets, or None if this is no bundle or one that unfolds to too much."""
    reader = zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(io.BytesIO(data))
    try:
        text = reader.read(LONGEST_UNPACKED + 1)
    except zstandard.ZstdError:
        return None
    snapshot, found, targets = text.partition(b"\n")
    return (snapshot, targets) if found and len(text) <= LONGEST_UNPACKED else None
