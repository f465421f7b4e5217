"""Where bytes of a new file lie in an old one, however they moved: for files too large for a compressor to see whole.

    matches = match(old, new)
    matches.copies          # Copy(new=0, old=731_204, length=9_812_345), …: long runs that are the same, in order
    matches.hints           # (new, old): places where the two agree for a short while

Content decides where to look, as in content-defined chunking: both files are searched for one short pattern that
stands about once every few hundred bytes. What follows it there is a mark; marks found in both files are compared, and
what is the same around them is a copy. So an insertion shifts nothing, and the index of a film may move to the front.
All byte work is done by C (translate, find, compare), so that 300 MB take seconds; files are read in pieces.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 2**20
MARK = 32  # bytes after the pattern that make a mark
SHORTEST = 4 * 2**10  # a copy costs some 10 bytes of index: a shorter one is better left to the compressor
MARKS = 2**16  # about so many in a file of any size, but none closer than SPACING on average
SPACING = 2**8
APART = 16  # bytes between two marks at least, for files that repeat themselves
SAMPLES = 64

# Two kinds of bytes, told apart by a hash: text, numbers and noise all get patterns out of it.
KINDS = bytes(hashlib.blake2b(bytes([byte]), digest_size=1).digest()[0] & 1 for byte in range(256))


class Copy(NamedTuple):
    """`length` bytes at `new` in the new file are those at `old` in the old one."""

    new: int
    old: int
    length: int


class Matches(NamedTuple):
    copies: list[Copy]
    hints: list[tuple[int, int]]


class Bytes(Protocol):
    """A file to read anywhere."""

    size: int

    def read(self, start: int, length: int) -> bytes: ...


def match(old: Bytes, new: Bytes) -> Matches:
    """What of `new` is in `old`."""
    pattern = _pattern(old)
    places: dict[bytes, int] = {}
    for place, mark in _marks(old, pattern):
        places.setdefault(mark, place)
    found, done = Matches([], []), 0
    for place, mark in _marks(new, pattern):
        if place >= done and (there := places.get(mark)) is not None:
            copy = _extended(old, new, there, place, done)
            if copy.length >= SHORTEST:
                found.copies.append(copy)
                done = copy.new + copy.length
            else:
                found.hints.append((place, there))
    return found


def spacing_of(size: int) -> int:
    """Bytes between two marks, about."""
    return max(SPACING, size // MARKS)


def _pattern(file: Bytes) -> re.Pattern[bytes]:
    """What to look for, from samples: a sequence of kinds that stands about once each `spacing` bytes."""
    spacing = spacing_of(file.size)
    length = spacing.bit_length() - 1
    counts: Counter[bytes] = Counter()
    for number in range(SAMPLES):
        sample = file.read(number * file.size // SAMPLES, 4096).translate(KINDS)
        counts.update(sample[at : at + length] for at in range(len(sample) - length + 1))
    wanted = SAMPLES * 4096 / spacing
    mixed = [kinds for kinds in counts if 0 < kinds.count(1) < length]
    best = min(mixed, key=lambda kinds: (abs(counts[kinds] - wanted), kinds), default=bytes([0, 1] * length)[:length])
    return re.compile(re.escape(best))


def _marks(file: Bytes, pattern: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Every place of the pattern, and a hash of the bytes there."""
    last = -APART
    for start in range(0, file.size, CHUNK):
        chunk = file.read(start, CHUNK + MARK)
        for found in pattern.finditer(chunk.translate(KINDS), 0, CHUNK + 15):
            place = found.start()
            mark = chunk[place : place + MARK]
            if place < CHUNK and len(mark) == MARK and start + place - last >= APART:
                last = start + place
                yield start + place, hashlib.blake2b(mark, digest_size=8).digest()


def _extended(old: Bytes, new: Bytes, there: int, place: int, done: int) -> Copy:
    """The longest run around the mark that is the same, not going back before `done`."""
    before = _same_before(old, new, there, place, min(there, place - done))
    after = _same_after(old, new, there, place)
    return Copy(place - before, there - before, before + after)


def _same_after(old: Bytes, new: Bytes, there: int, place: int) -> int:
    same, step = 0, 4096
    while True:
        ours, theirs = new.read(place + same, step), old.read(there + same, step)
        if ours == theirs and len(ours) == step:
            same, step = same + step, min(step * 2, CHUNK)
            continue
        return same + _common(ours, theirs)


def _same_before(old: Bytes, new: Bytes, there: int, place: int, most: int) -> int:
    same, step = 0, 4096
    while same < most:
        step = min(step, most - same)
        ours, theirs = new.read(place - same - step, step), old.read(there - same - step, step)
        if ours != theirs:
            return same + _common(ours[::-1], theirs[::-1])
        same, step = same + step, min(step * 2, CHUNK)
    return same


def _common(one: bytes, other: bytes) -> int:
    """How many bytes at the beginning are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
