"""Blocks that can be told from any other, where on a card to write them, and what it means how they come back.

    blocks = Blocks(nonce=os.urandom(16))
    written = plan([Extent(0, 0, size)])            # a ruler, and marks
    blocks.make(at)                                 # BLOCK bytes that say where they belong
    judge(((at, blocks.read(at, data)) for …))      # Judgement(right=1540, moved=0, lost=0, real=None)

A counterfeit card says that it holds 64 GB and holds 8. What is written beyond is thrown away, or lies where something
else lay: place p and place p mod 8 GB are one (the kinds are told apart in F3's documentation, https://fight-flash-fraud
.readthedocs.io, as limbo and wraparound). Marks alone would not show the second kind, since each reads back well. So
one stretch is written in full, the ruler, and then a mark every so often, at most a ruler's length apart: whatever the
real size is, some mark falls onto the ruler and spoils it, and how far from its place it lies tells the real size.
"""

from __future__ import annotations

import hashlib
import math
import os
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

BLOCK = 4096  # bytes
PIECE = 2**20  # bytes that the ruler is written by; whole blocks
MAGIC = b"hub card"
HEAD = 8 + 16 + 8 + 32  # magic, nonce, place, keyed hash
SHORTEST, LONGEST = 16 * PIECE, 256 * PIECE  # of the ruler
MOST_MARKS = 4096
FEW = 3  # that lie at the end and are all gone are a card that ends there; fewer may be worn cells


class Extent(NamedTuple):
    """`size` bytes of the file from `at` on, which lie on the device from `place` on."""

    at: int
    place: int
    size: int


class Plan(NamedTuple):
    """Places in the file: pieces of PIECE bytes written in full, and single blocks."""

    ruler: list[int]
    marks: list[int]

    @property
    def bytes(self) -> int:
        return len(self.ruler) * PIECE + len(self.marks) * BLOCK


class Blocks:
    """The blocks of one test: each holds its place, and a hash of that under a key that no test before had."""

    def __init__(self, nonce: bytes | None = None) -> None:
        self._nonce = os.urandom(16) if nonce is None else nonce
        self._rest = os.urandom(BLOCK - HEAD)  # a controller that packs or merges gains nothing

    def make(self, at: int) -> bytes:
        """The block that belongs at `at`."""
        place = at.to_bytes(8, "big")
        return MAGIC + self._nonce + place + self._hash(place) + self._rest

    def piece(self, at: int) -> bytes:
        """The PIECE bytes that belong from `at` on."""
        return b"".join(self.make(place) for place in range(at, at + PIECE, BLOCK))

    def read(self, at: int, data: bytes) -> int | None:
        """Where the block `data`, which was read at `at`, belongs; None if it is none of this test, or was changed."""
        if data == self.make(at):
            return at
        place = data[24:32]
        known = data[:24] == MAGIC + self._nonce and len(data) == BLOCK and data[32:HEAD] == self._hash(place)
        return int.from_bytes(place, "big") if known else None

    def _hash(self, place: bytes) -> bytes:
        return hashlib.blake2b(place, key=self._nonce, digest_size=32).digest()


@dataclass(frozen=True)
class Judgement:
    """How many blocks came `right`, how many hold another's (`moved`), how many nothing that was written (`lost`).

    `real` is about how many bytes of the device hold anything, where that can be told; then the card lies.
    """

    right: int = 0
    moved: int = 0
    lost: int = 0
    real: int | None = None

    @property
    def lies(self) -> bool:
        return self.real is not None

    @property
    def wrong(self) -> int:
        return self.moved + self.lost


def plan(extents: list[Extent]) -> Plan:
    """Where to write in a file that lies on the device as told; empty if it is shorter than a ruler."""
    size = sum(extent.size for extent in extents)
    extents = sorted(extents, key=lambda extent: extent.place)
    length = min(max(size // 512, SHORTEST), LONGEST) // PIECE * PIECE
    ruler = _ruler(extents, length)
    if len(ruler) * PIECE < SHORTEST:
        return Plan([], [])
    return Plan(ruler, _marks(extents, ruler, max(length // 2, size // MOST_MARKS)))


def _ruler(extents: list[Extent], length: int) -> list[int]:
    """Pieces at the lowest places of the device, since that is where what lies beyond the end comes down."""
    pieces: list[int] = []
    for extent in extents:
        for at in range(extent.at, extent.at + extent.size - PIECE + 1, PIECE):
            if len(pieces) * PIECE >= length:
                return pieces
            pieces.append(at)
    return pieces


def _marks(extents: list[Extent], ruler: list[int], stride: int) -> list[int]:
    """A block every `stride` bytes of the device, as far as it is ours, the last one too; none on the ruler."""
    taken, marks = set(ruler), []
    due = extents[0].place
    for extent in extents:
        blocks = extent.size // BLOCK
        while blocks and due < extent.place + extent.size:
            at = extent.at + max(due - extent.place, 0) // BLOCK * BLOCK
            at = min(at, extent.at + (blocks - 1) * BLOCK)
            if _piece_of(at, extent) not in taken:
                marks.append(at)
            due = max(due, extent.place) + stride
    last = extents[-1]
    end = last.at + (last.size // BLOCK - 1) * BLOCK
    if end not in marks and end >= last.at and _piece_of(end, last) not in taken:
        marks.append(end)
    return marks


def _piece_of(at: int, extent: Extent) -> int:
    return extent.at + (at - extent.at) // PIECE * PIECE


def judge(found: Iterable[tuple[int, int | None]], extents: list[Extent]) -> Judgement:
    """What it means, for each place in the file, which place's block was read there."""
    layout = _Layout(extents)
    right, moved, lost = [], [], []
    for at, read in found:
        if read == at:
            right.append(at)
        elif read is None:
            lost.append(layout.place(at))
        else:
            moved.append(abs(layout.place(read) - layout.place(at)))
    real = math.gcd(*moved) or None  # each is a multiple of what the card really holds
    if real is None and len(lost) >= FEW and min(lost) > max(map(layout.place, right), default=-1):
        real = min(lost)
    return Judgement(len(right), len(moved), len(lost), real)


class _Layout:
    def __init__(self, extents: list[Extent]) -> None:
        self._extents = sorted(extents)
        self._begins = [extent.at for extent in self._extents]

    def place(self, at: int) -> int:
        """Where on the device that place of the file lies."""
        extent = self._extents[max(bisect_right(self._begins, at) - 1, 0)]
        return extent.place + at - extent.at
