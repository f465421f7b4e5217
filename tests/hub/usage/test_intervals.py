"""Intervals are sets of milliseconds: the set says what is right."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hub.usage.intervals import MOST_HELD, pack, played, subtract, union, unpack

pairs = st.tuples(st.integers(0, 200), st.integers(1, 50)).map(lambda pair: (pair[0], sum(pair)))
some = st.lists(pairs, max_size=12)


def covered(intervals):
    return {ms for begin, end in intervals for ms in range(begin, end)}


@given(some, some)
def test_a_union_covers_what_either_covers_and_is_sorted_and_disjoint(one, other):
    joined = union(one, other)
    assert covered(joined) == covered(one) | covered(other)
    assert played(joined) == len(covered(joined))
    assert all(first[1] < second[0] for first, second in pairwise(joined))


@given(some, some)
def test_what_is_left_after_subtracting_is_what_only_the_whole_covers(one, other):
    left = subtract(union(one), union(other))
    assert covered(left) == covered(one) - covered(other)
    assert played(left) == len(covered(left))


@given(some)
def test_packed_intervals_come_back_as_they_were(one):
    assert unpack(pack(union(one))) == union(one)


def test_a_million_intervals_are_cut_to_what_an_honest_page_may_have():
    assert len(unpack(pack(tuple((at, at + 1) for at in range(0, 10_000, 2))))) == MOST_HELD
