"""How long the hub has been up, from plain values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.clock import Moment
from hub.technician.uptime import seconds_up


def test_within_a_boot_it_is_the_difference() -> None:
    assert seconds_up(Moment(3, 100), Moment(3, 250.5), {}) == 150.5


def test_over_power_cuts_it_is_the_sum_of_the_parts_that_are_known() -> None:
    assert seconds_up(Moment(1, 100), Moment(4, 30), {1: 1100, 2: 500}) == 1000 + 500 + 30


def test_a_boot_without_a_sign_of_life_counts_nothing() -> None:
    assert seconds_up(Moment(1, 100), Moment(2, 30), {}) == 30


seconds = st.floats(0, 1e7)


@given(st.integers(1, 9), seconds, st.integers(0, 5), seconds, st.dictionaries(st.integers(1, 15), seconds))
def test_it_is_never_negative_and_grows_with_time(boot, then, later, now, ends) -> None:
    start, end = Moment(boot, then), Moment(boot + later, now if later else then + now)
    ends = {number: value for number, value in ends.items() if boot <= number < boot + later}
    up = seconds_up(start, end, ends)
    assert up >= 0
    assert seconds_up(start, Moment(end.boot, end.seconds + 10), ends) > up
