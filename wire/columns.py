"""Columns of small integers: how a table of use becomes few bytes, and rounding that keeps its sums.

A table is sent column by column, since a column's numbers resemble each other, with catalogue integers as
differences. Rounding row by row would lose the total; the largest remainder keeps it:

    round_to_total([90, 90, 90], MINUTE)        # [2, 2, 1] minutes: 270 s are 5 minutes (4.5 rounds up)
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

from wire.errors import BadRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MINUTE = 60  # seconds
STEP = 10 << 20  # bytes; the unit in which an hour's delivered bytes travel

WAYS = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE)
MEMORY = (2, 3, 4, 5, 9)  # a block ends after 2 to the power of this and 6 symbols
RAW = -15  # zlib's word for a bare deflate stream (RFC 1951), no header, no checksum: the signature is one


def round_to_total(values: Sequence[float], unit: float) -> list[int]:
    """`values` (0 or more each) in whole units, adding up to their sum rounded to the unit, halves up.

    Largest remainder method: each is cut down, then those that lost most get one back; among equals the first.
    """
    # Remainders are exact, where those of a division would differ in their last bit and so decide what is equal.
    whole, lost = [int(value // unit) for value in values], [value % unit for value in values]
    short = math.floor(math.fsum(values) / unit + 0.5) - sum(whole)
    for at in sorted(range(len(whole)), key=lambda at: -lost[at])[: max(short, 0)]:
        whole[at] += 1
    return whole


def differences(numbers: Iterable[int]) -> list[int]:
    """Each number less the one before, less 1; the first as it is. `numbers` ascend, none twice."""
    result, last = [], -1
    for number in numbers:
        result.append(number - last - 1)
        last = number
    return result


def from_differences(steps: Iterable[int]) -> list[int]:
    """What `differences` was given."""
    result, last = [], -1
    for step in steps:
        last += step + 1
        result.append(last)
    return result


def deflate(data: bytes) -> bytes:
    """The shortest of deflate with and without looking for repetitions, in larger or smaller blocks.

    Columns seldom repeat, and each has numbers of its own, which a code of its own suits best.
    """
    return min((_deflate(data, way, memory) for way in WAYS for memory in MEMORY), key=len)


def _deflate(data: bytes, strategy: int, memory: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, RAW, memory, strategy)
    return packer.compress(data) + packer.flush()


def inflate(data: bytes, limit: int) -> bytes:
    """What was deflated, if that is at most `limit` bytes: a bomb is given up at the limit. Raises BadRecord."""
    unpacker = zlib.decompressobj(RAW)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise BadRecord("The record's content is damaged; send the original again.") from None
    if len(plain) > limit:
        raise BadRecord(f"The record unfolds to more than {limit} bytes, which no true one does; it was not accepted.")
    if not unpacker.eof or unpacker.unused_data:
        raise BadRecord("The record's content is cut short or has something behind it; send the original again.")
    return plain
