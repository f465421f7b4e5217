"""Stretches of an item that were really played, in whole milliseconds: pure functions over sorted, disjoint pairs.

union([(0, 5000)], [(3000, 9000)])          # ((0, 9000),): a loop or a seek back counts once
played(((0, 9000),))                        # 9000
"""

from __future__ import annotations

import struct
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    Intervals = tuple[tuple[int, int], ...]

MOST_HELD = 1000  # intervals of one play; an honest page reports 500 at most


def union(*parts: Iterable[tuple[int, int]]) -> Intervals:
    """All that is covered by one of `parts` at least; what touches is joined."""
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(chain(*parts)):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return tuple(joined)


def subtract(whole: Intervals, taken: Intervals) -> Intervals:
    """What of `whole` is not covered by `taken`."""
    left: list[tuple[int, int]] = []
    for begin, end in whole:
        at = begin
        for from_, to in taken:
            if to <= at or from_ >= end:
                continue
            if from_ > at:
                left.append((at, from_))
            at = to
        if at < end:
            left.append((at, end))
    return tuple(left)


def played(intervals: Intervals) -> int:
    """Milliseconds covered."""
    return sum(end - begin for begin, end in intervals)


def pack(intervals: Intervals) -> bytes:
    """Eight bytes an interval, little endian; the first MOST_HELD of them, which no honest page exceeds."""
    numbers = list(chain(*intervals[:MOST_HELD]))
    return struct.pack(f"<{len(numbers)}I", *numbers)


def unpack(packed: bytes) -> Intervals:
    """What `pack` was given."""
    return tuple(struct.iter_unpack("<2I", packed))
