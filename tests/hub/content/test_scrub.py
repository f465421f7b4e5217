"""A worn card changes bytes in silence: the slow check finds them, slowly."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import pytest

from hub.content import models, orders
from hub.content.scrub import AGAIN, SHARE, Pace, Stopped, scrub

if TYPE_CHECKING:
    from tests.hub.content.conftest import Box

FAST = 1e12


@pytest.fixture
def blobs(box: Box) -> list[str]:
    return sorted(box.library.store.put(io.BytesIO(bytes([n]) * 1000)).sha256 for n in range(5))


def run(box: Box, rate: float = FAST, stop: threading.Event | None = None) -> int | None:
    return scrub(box.library.store, box.clock, rate=rate, stop=stop or threading.Event())


def damage(box: Box, sha256: str) -> None:
    path = box.library.store.path(sha256)
    path.chmod(0o644)
    path.write_bytes(b"x" * 1000)


class StopAfter(threading.Event):
    """Set at the nth look."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.left = looks

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_damaged_blob_is_set_aside_the_rest_is_checked_and_new_bytes_are_sent_for(box: Box, blobs: list[str]) -> None:
    damage(box, blobs[1])
    assert run(box) == 5
    assert box.library.store.damaged() == [blobs[1]]
    assert not box.library.store.has(blobs[1])
    assert models.state().wanted


def test_a_blob_that_is_let_go_of_meanwhile_is_no_damage(box: Box, blobs: list[str], monkeypatch) -> None:
    class Store(type(box.library.store)):
        def verify(self, sha256: str, **how: object) -> bool:
            self.path(blobs[2]).unlink(missing_ok=True)
            return bool(super().verify(sha256, **how))

    store = Store(box.library.store.folder)
    monkeypatch.setattr(Store, "__iter__", lambda _: iter(list(box.library.store)))
    assert scrub(store, box.clock, rate=FAST, stop=threading.Event()) == 5
    assert store.damaged() == []
    assert not models.state().wanted


def test_a_whole_library_sends_for_nothing_and_is_read_again_a_week_later(box: Box, blobs: list[str]) -> None:
    assert run(box) == 5
    assert not models.state().wanted
    assert run(box) is None
    box.seconds += AGAIN - 1
    assert run(box) is None
    box.seconds += 1
    assert run(box) == 5


def test_after_a_power_cut_the_week_goes_on_if_the_time_is_known(box: Box, blobs: list[str]) -> None:
    run(box)
    box.boot("second", certain=True)
    assert run(box) is None


def test_when_nobody_knows_how_long_ago_it_was_it_is_read_again(box: Box, blobs: list[str]) -> None:
    box.boot("undated")
    run(box)
    box.boot("another", certain=True)
    assert run(box) == 5


def test_it_goes_on_where_it_was_stopped(box: Box, blobs: list[str]) -> None:
    assert run(box, stop=StopAfter(2)) == 2
    assert (models.scrub().place, models.scrub().bytes) == (blobs[1], 2000)
    assert run(box) == 3
    assert (models.scrub().place, models.scrub().bytes) == ("", 0)


def test_the_place_is_noted_in_the_middle_of_a_long_run(box: Box, blobs: list[str]) -> None:
    places = []

    class Slow(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            box.seconds += 200
            places.append(models.scrub().place)
            return False

    run(box, stop=Slow())
    assert places == ["", "", blobs[1], blobs[1], blobs[3]]


def test_who_wants_it_now_gets_a_whole_pass_at_full_speed(box: Box, blobs: list[str]) -> None:
    assert run(box, stop=StopAfter(2)) == 2
    orders.verify_now()
    assert run(box, rate=1e-9) == 5
    assert not models.scrub().wanted


def test_a_slow_pass_makes_way_for_who_wants_it_now() -> None:
    now = [0.0]
    pace = Pace(FAST, threading.Event(), lambda: True, clock=lambda: now[0], cpu=lambda: 0.0)
    pace(1)
    now[0] += 5
    with pytest.raises(Stopped):
        pace(1)


class Waits(threading.Event):
    """Notes how long it would have waited, on a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        self.now += timeout or 0
        return False


def test_it_keeps_to_its_rate_within_a_blob() -> None:
    stop = Waits()
    pace = Pace(1000, stop, lambda: False, clock=lambda: stop.now, cpu=lambda: 0.0)
    for _ in range(4):
        pace(500)
    assert stop.waits == [0.5] * 4


def test_it_slows_down_where_the_processor_is_slow() -> None:
    stop, used = Waits(), [0.0]
    pace = Pace(FAST, stop, lambda: False, clock=lambda: stop.now, cpu=lambda: used[0])
    for _ in range(100):
        used[0] += 0.004  # 256 KiB at 64 MB/s
        stop.now += 0.004
        pace(256 * 2**10)
    assert used[0] / stop.now == pytest.approx(SHARE, rel=0.01)


def test_what_was_held_up_elsewhere_is_not_made_up_for_in_a_burst() -> None:
    stop = Waits()
    pace = Pace(1000, stop, lambda: False, clock=lambda: stop.now, cpu=lambda: 0.0)
    stop.now += 3600
    for _ in range(5):
        pace(1000)
    assert sum(stop.waits) >= 4
