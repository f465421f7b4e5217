import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.columns import MINUTE, STEP, _deflate, deflate, differences, from_differences, inflate, round_to_total
from wire.errors import BadRecord


@given(st.lists(st.integers(0, 10**12), max_size=60), st.sampled_from([1, MINUTE, STEP]))
def test_rounded_values_add_up_to_the_rounded_total_and_none_moves_by_a_unit(values, unit):
    rounded = round_to_total(values, unit)
    assert sum(rounded) == (2 * sum(values) + unit) // (2 * unit)
    assert all(abs(value - whole * unit) < unit for value, whole in zip(values, rounded, strict=True))


def test_the_largest_remainder_is_rounded_up_first():
    assert round_to_total([70, 100, 95], MINUTE) == [1, 2, 1]
    assert round_to_total([90, 90, 90], MINUTE) == [2, 2, 1]
    assert round_to_total([], MINUTE) == []


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, MINUTE - 1))
def test_among_equal_remainders_the_first_is_rounded_up_however_large_the_values(one, other, left):
    values = [one * MINUTE + left, other * MINUTE + left]
    up = [[0, 0], [1, 0], [1, 1]][(2 * 2 * left + MINUTE) // (2 * MINUTE)]
    assert round_to_total(values, MINUTE) == [one + up[0], other + up[1]]


@given(st.sets(st.integers(0, 2**32 - 1), max_size=50).map(sorted))
def test_differences_give_the_numbers_back(numbers):
    assert from_differences(differences(numbers)) == numbers


@given(st.binary(max_size=500))
def test_what_is_deflated_inflates(data):
    assert inflate(deflate(data), limit=500) == data


def test_a_bomb_is_given_up_at_the_limit():
    bomb = _deflate(bytes(100_000_000), zlib.Z_DEFAULT_STRATEGY, 9)
    assert len(bomb) < 100_000_000 / 400
    with pytest.raises(BadRecord, match="unfolds to more than 1000 bytes"):
        inflate(bomb, limit=1000)


@pytest.mark.parametrize("data", [b"", b"\xff\xff", deflate(b"abc")[:-1], deflate(b"abc") + b"x", zlib.compress(b"a")])
def test_a_stream_cut_or_lengthened_is_a_bad_record(data):
    with pytest.raises(BadRecord):
        inflate(data, limit=1000)
