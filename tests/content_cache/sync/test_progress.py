"""What a sync tells of itself: how far it is, and how fast it goes now."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from content_cache.library import Library
from content_cache.sync import progress
from content_cache.sync.progress import read_progress, telling

if TYPE_CHECKING:
    from pathlib import Path


class Watch:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=made.monotonic))
    return made


def test_it_tells_the_pace_of_the_last_minutes(tmp_path: Path, watch: Watch) -> None:
    library = Library(tmp_path)
    with telling(library, "content.example", lambda _done, _total: None) as tell:
        tell.begin("files", 100_000_000)
        for seconds, pace in ((3600, 100_000), (300, 1000)):
            for _ in range(0, seconds, 10):
                watch.now += 10
                tell.moved(pace * 10)
        told = read_progress(library)
    assert told is not None
    assert told.bytes_a_second == pytest.approx(1000, rel=0.01)
    assert told.done == 3600 * 100_000 + 300 * 1000
    assert read_progress(library) is None


def test_at_its_beginning_it_tells_what_came_since(tmp_path: Path, watch: Watch) -> None:
    with telling(Library(tmp_path), "content.example", lambda _done, _total: None) as tell:
        tell.begin("files", 10_000)
        watch.now += 5
        tell.moved(5000)
        told = read_progress(Library(tmp_path))
    assert told is not None
    assert (told.bytes_a_second, told.seconds_left) == (1000.0, 5.0)
