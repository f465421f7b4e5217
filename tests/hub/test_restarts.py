"""A program that ends badly again and again waits longer each time; one that ends in order is forgiven."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from hub.restarts import FORGIVEN, Starts, backing_off, count, pause
from tests.simulators.manager import Manager, without_settings
from tests.town import free_port, until

if TYPE_CHECKING:
    from pathlib import Path


def test_pauses_double_from_the_third_on_up_to_a_minute() -> None:
    assert [pause(failed) for failed in range(10)] == [0, 0, 0, 2, 4, 8, 16, 32, 60, 60]
    assert pause(100_000) == 60


def test_what_ran_for_long_is_counted_anew() -> None:
    assert count(None, 50) == Starts(0, 50)
    assert count(Starts(3, 50), 60) == Starts(4, 60)
    assert count(Starts(0, 50), 50 + FORGIVEN) == Starts(0, 50 + FORGIVEN)
    assert count(Starts(9, 50), 50 + FORGIVEN + 59) == Starts(10, 50 + FORGIVEN + 59), "a minute of it was a pause"
    assert count(Starts(9, 5000), 20) == Starts(0, 20), "of another start of the machine"


@pytest.fixture
def managed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))


@pytest.mark.usefixtures("managed")
def test_only_ends_in_order_are_forgiven(tmp_path: Path) -> None:
    file, waited = tmp_path / "run" / "web.starts", []
    for _ in range(5):
        with pytest.raises(OSError, match="broken"), backing_off(file, waited.append):
            raise OSError("broken")
    assert waited == [2, 4]
    with backing_off(file, waited.append):
        assert file.exists()
    assert not file.exists()
    with backing_off(file, waited.append):
        pass
    assert waited == [2, 4, 8]


@pytest.mark.usefixtures("managed")
@pytest.mark.parametrize("text", ["", "{", '{"failed": "many", "at": 1}', "\0" * 100])
def test_a_file_that_cannot_be_read_costs_no_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "web.starts").write_text(text)
    waited: list[float] = []
    with backing_off(tmp_path / "web.starts", waited.append):
        pass
    assert waited == []


@pytest.mark.usefixtures("managed")
def test_a_folder_that_cannot_be_written_costs_no_start(tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    with backing_off(tmp_path / "a-file" / "web.starts"):
        begun = True
    assert begun


def test_where_nobody_restarts_anything_nothing_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    with backing_off(tmp_path / "web.starts"):
        assert not (tmp_path / "web.starts").exists()


def test_web_that_is_killed_each_time_waits_and_can_be_stopped_meanwhile(tmp_path: Path) -> None:
    environ = without_settings(HUB_DATA=str(tmp_path / "hub"), HUB_RUN=str(tmp_path / "run"), HUB_PORT=str(free_port()))
    with Manager(tmp_path) as manager:
        for _ in range(3):
            manager.said.clear()
            process = manager.start(["hub", "web"], environ)
            assert manager.hears("READY=1")
            process.kill()
            process.wait(20)
        process = manager.start(["hub", "web"], environ)
        assert manager.hears("STATUS=waits 2 seconds, since it ended badly 3 times")
        process.terminate()
        assert process.wait(20) == -signal.SIGTERM
        assert until(lambda: "It ended badly 3 times; it starts in 2 seconds." in manager.log)
