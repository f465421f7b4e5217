"""When to try again: a rule over plain values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.uplink.backoff import BASE, LONGEST, wait_after


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_wait_is_never_longer_than_an_hour_and_grows_with_failures(failures: int, chance: float) -> None:
    assert 0 <= wait_after(failures, chance) <= wait_after(failures + 1, chance) <= LONGEST


@given(st.integers(1, 10_000))
def test_jitter_is_full_so_that_hubs_spread_over_the_whole_wait(failures: int) -> None:
    whole = wait_after(failures, 1.0)
    assert wait_after(failures, 0.0) == 0
    assert wait_after(failures, 0.25) == pytest.approx(whole / 4)


def test_the_bound_doubles_up_to_an_hour() -> None:
    assert [wait_after(n, 1.0) for n in range(10)] == [0, BASE, 60, 120, 240, 480, 960, 1920, LONGEST, LONGEST]
