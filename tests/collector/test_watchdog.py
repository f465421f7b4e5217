"""Head office under a manager that listens to it: ready once it answers, fed by answers, and credentials for secrets."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import requests

from collector.errors import BadSetting
from collector.notify import notify, watchdog_pace
from collector.settings import Settings
from tests.simulators.manager import Manager, without_settings
from tests.town import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.collector.conftest import Cluster

TOKEN = "sixteen letters or more"
HANGS = """
import threading, collector.app
made = collector.app.create_app
def with_a_page_that_hangs(settings):
    app = made(settings)
    app.add_url_rule("/healthz/hangs", "probes.hangs", lambda: threading.Event().wait())
    return app
collector.app.create_app = with_a_page_that_hangs
"""


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with Manager(tmp_path, 1.5) as manager:
        yield manager


def environ(folder: Path, **more: str) -> dict[str, str]:
    return without_settings(COLLECTOR_DATA=str(folder / "data"), COLLECTOR_PORT=str(free_port()), **more)


def test_it_is_ready_once_it_answers_and_says_when_it_stops(manager: Manager, tmp_path: Path) -> None:
    told = environ(tmp_path)
    process = manager.start(["collector", "serve"], told)
    assert manager.hears("READY=1"), manager.log
    answer = requests.get(f"http://127.0.0.1:{told['COLLECTOR_PORT']}/healthz/pulse", timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert manager.is_fed(6)
    process.terminate()
    assert process.wait(20) == 0
    assert "STOPPING=1" in manager.said


def test_a_stopped_one_runs_out(manager: Manager, tmp_path: Path) -> None:
    process = manager.start(["collector", "serve"], environ(tmp_path))
    assert manager.hears("READY=1")
    process.send_signal(signal.SIGSTOP)
    assert manager.expires()
    assert manager.end_by_watchdog(process) == -signal.SIGABRT


def test_one_whose_threads_all_hang_runs_out(manager: Manager, tmp_path: Path) -> None:
    told = environ(tmp_path)
    manager.start(["collector", "serve"], told, patched=HANGS)
    assert manager.hears("READY=1")
    for _ in range(4):
        with pytest.raises(requests.Timeout):
            requests.get(f"http://127.0.0.1:{told['COLLECTOR_PORT']}/healthz/hangs", timeout=0.1)
    assert manager.expires()


def test_a_postgresql_that_is_away_does_not_end_it(
    cluster: Cluster, fresh_postgresql: str, manager: Manager, tmp_path: Path
) -> None:
    told = environ(tmp_path, COLLECTOR_DATABASE=fresh_postgresql)
    manager.start(["collector", "serve"], told)
    assert manager.hears("READY=1"), manager.log
    cluster.control("stop", "-m", "fast")
    try:
        assert manager.hears("STATUS=the database cannot be reached")
        assert manager.is_fed(6)
    finally:
        cluster.control("start")
    manager.said.clear()
    assert manager.hears("STATUS=answers")


def test_a_credential_is_a_setting_and_newer_than_the_environment(tmp_path: Path) -> None:
    (tmp_path / "COLLECTOR_TOKEN").write_text(f"{TOKEN}\n")
    (tmp_path / "of-another-program").write_text("not ours")
    told = {"CREDENTIALS_DIRECTORY": str(tmp_path), "COLLECTOR_TOKEN": "an old one, still told"}
    assert Settings.load(told).token == TOKEN


def test_a_credential_that_is_no_setting_or_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "COLLECTOR_TOKENS").write_text(TOKEN)
    with pytest.raises(BadSetting, match="COLLECTOR_TOKENS is no setting of head office"):
        Settings.load({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    (tmp_path / "COLLECTOR_TOKENS").rename(tmp_path / "COLLECTOR_TOKEN")
    (tmp_path / "COLLECTOR_TOKEN").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSetting, match=r"The credential COLLECTOR_TOKEN cannot be read \(.*\); write it again\."):
        Settings.load({"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_no_manager_is_told_nothing() -> None:
    assert notify("READY=1", environ={}) is False
    assert watchdog_pace({}) is None
    assert watchdog_pace({"WATCHDOG_USEC": "120000000"}) == 40
