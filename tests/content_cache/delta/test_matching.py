"""What of a new file lies in an old one: found wherever it went, and never said of bytes that differ."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache.delta.matching import SHORTEST, match


class Text:
    """Bytes as a file to read anywhere."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read(self, start: int, length: int) -> bytes:
        assert start >= 0
        return self.data[start : start + length]


def noise(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


def covered(old: bytes, new: bytes) -> int:
    """Bytes of the new file that copies give; every copy is checked."""
    done = total = 0
    for copy in match(Text(old), Text(new)).copies:
        assert copy.new >= done
        assert new[copy.new : copy.new + copy.length] == old[copy.old : copy.old + copy.length]
        done, total = copy.new + copy.length, total + copy.length
    return total


def test_what_was_inserted_in_the_middle_shifts_nothing() -> None:
    old = noise(300_000)
    new = old[:100_000] + b"a sentence" + old[100_000:]
    assert covered(old, new) >= len(old) - 2


def test_blocks_are_found_wherever_they_went() -> None:
    old = noise(300_000)
    new = old[200_000:] + noise(5_000, seed=2) + old[:200_000]
    assert covered(old, new) == len(old)


def test_the_moved_index_of_a_film_leaves_the_film_one_copy() -> None:
    film, index = noise(1_000_000), bytes(range(256)) * 100
    copies = match(Text(film + index), Text(index[:-7] + b"7654321" + film)).copies
    assert copies[-1].length >= len(film)
    assert len(copies) <= 2


@pytest.mark.parametrize("old", [b"", b"short", bytes(100_000), b"ab" * 50_000, noise(100_000)])
@pytest.mark.parametrize("new", [b"", b"short", bytes(90_000), b"ab" * 40_000, noise(100_000, seed=2)])
def test_files_of_every_sort_are_looked_at(old: bytes, new: bytes) -> None:
    assert covered(old, new) <= len(new)


def test_files_that_repeat_themselves_are_copied_whole() -> None:
    rows = b"".join(b"%06d, un renglon de una tabla\n" % number for number in range(20_000))
    assert covered(rows, rows + rows) >= 2 * len(rows) - 2 * SHORTEST


edits = st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 60_000), st.binary(max_size=300)), max_size=6)


@settings(max_examples=25, deadline=None)
@given(edits, st.sampled_from([noise(200_000), b"".join(b"line %d\n" % number for number in range(20_000))]))
def test_copies_are_always_the_same_bytes(changes: list[tuple[int, int, bytes]], old: bytes) -> None:
    new = old
    for place, gone, come in changes:
        new = new[:place] + come + new[place + gone :]
    covered(old, new)
