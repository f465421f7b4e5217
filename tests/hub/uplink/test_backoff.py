"""When to try again: a rule over plain values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clock import Moment
from hub.uplink.backoff import AFTER_BOOT, BASE, LONGEST, retry_at, share, wait_after

HUBS = st.binary(min_size=8, max_size=8)


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


@given(HUBS, st.integers(1, 100), st.floats(0, 1e7))
def test_within_a_boot_the_moment_of_the_last_failure_counts(hub: bytes, failures: int, seconds: float) -> None:
    assert retry_at(failures, Moment(7, seconds), 7, hub) == seconds
    assert retry_at(0, None, 7, hub) == 0


@given(HUBS, st.integers(1, 100), st.integers(1, 1000))
def test_another_boot_waits_by_the_same_failures_for_minutes_at_most(hub: bytes, failures: int, boot: int) -> None:
    waits = [retry_at(count, Moment(boot - 1, 99_999), boot, hub) for count in (failures, failures + 1)]
    assert 0 <= waits[0] <= waits[1] <= AFTER_BOOT
    assert waits[0] == retry_at(failures, Moment(0, 5), boot, hub), "however often it looks"


def test_over_many_boots_waits_spread_over_all_the_minutes() -> None:
    waits = [retry_at(99, Moment(0, 0), boot, b"the same") / AFTER_BOOT for boot in range(1, 1001)]
    assert sum(wait < 0.1 for wait in waits) > 70
    assert sum(wait > 0.9 for wait in waits) > 70


@given(HUBS, st.text(max_size=20))
def test_a_share_lies_between_nothing_and_all_and_does_not_change(hub: bytes, of: str) -> None:
    assert 0 <= share(hub, of) < 1
    assert share(hub, of) == share(hub, of)
