"""The pure part of slowing down who guesses passwords."""

from __future__ import annotations

from hub.technician.attempts import FREE, LONGEST_PAUSE, MOST_ADDRESSES, TOGETHER, WITHIN, Attempts, pause_after


class Now:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_pauses_grow_and_stay_bounded() -> None:
    assert [pause_after(tries) for tries in range(FREE + 3)] == [0] * FREE + [2, 4, 8]
    assert pause_after(10_000) == LONGEST_PAUSE


def test_waiting_admits_one_more_try() -> None:
    now = Now()
    attempts = Attempts(now)
    assert [attempts.ask("a") for _ in range(FREE)] == [0] * FREE
    assert attempts.ask("a") == 2
    now.seconds = 2
    assert attempts.ask("a") == 0
    assert attempts.ask("a") == 4


def test_a_right_password_clears_what_its_address_got_wrong_and_nothing_else() -> None:
    attempts = Attempts(Now())
    for _ in range(FREE):
        attempts.ask("a")
        attempts.ask("b")
    attempts.passed("a")
    assert attempts.ask("a") == 0
    assert attempts.ask("b") > 0


def test_all_addresses_together_have_a_budget() -> None:
    now = Now()
    attempts = Attempts(now)
    assert all(attempts.ask(str(number)) == 0 for number in range(TOGETHER))
    assert attempts.ask("another") == WITHIN
    now.seconds = WITHIN
    assert attempts.ask("another") == 0


def test_memory_does_not_grow_with_the_addresses() -> None:
    now = Now()
    attempts = Attempts(now)
    for number in range(3 * MOST_ADDRESSES):
        now.seconds += WITHIN / TOGETHER + 0.01
        assert attempts.ask(str(number)) == 0
    assert len(attempts._tries) <= MOST_ADDRESSES + 1
