"""The real program killed and stopped: what was kept stays, and an orderly stop loses nothing."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from hub.db import database, open_database
from hub.usage.models import Batch, Play
from tests.hub.usage.conftest import VIDEO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Web:
    """`hub web` in a process of its own."""

    def __init__(self, data: Path, port: int, flush_every: float) -> None:
        self.port = port
        environ = os.environ | {"HUB_DATA": str(data), "HUB_PORT": str(port), "HUB_FLUSH_EVERY": str(flush_every)}
        self.process = subprocess.Popen([sys.executable, "-m", "hub", "web"], env=environ, stdout=subprocess.DEVNULL)

    def report(self, cookie: str, ids: list[str]) -> list[str]:
        plays = [{"id": id_, "item": VIDEO, "intervals": [[0, 10]]} for id_ in ids]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Content-Type": "application/json", "Cookie": f"visitor={cookie}"}
        connection.request("POST", "/usage/events", json.dumps({"plays": plays}), headers)
        answer = connection.getresponse()
        assert answer.status == 202
        kept = json.loads(answer.read())["kept"]
        connection.close()
        return kept

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                self.report("0" * 32, [])
            except OSError:
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(20)


@pytest.fixture
def start(tmp_path: Path, library_root: Path, free_port: int) -> Iterator:
    running = []

    def begin(flush_every: float) -> Web:
        running.append(Web(tmp_path / "hub", free_port, flush_every))
        running[-1].wait()
        return running[-1]

    yield begin
    for web in running:
        if web.process.poll() is None:
            web.process.kill()
            web.process.wait(20)
    database.close()


def test_sigterm_loses_nothing_that_was_taken_in(start, tmp_path: Path) -> None:
    web = start(5)
    ids = [secrets.token_hex(16) for _ in range(20)]
    for id_ in ids:
        web.report(secrets.token_hex(16), [id_])
    web.end(signal.SIGTERM)
    assert web.process.returncode == 0
    open_database(tmp_path / "hub" / "hub.sqlite3")
    assert {play.id.hex() for play in Play.select()} == set(ids)
    assert Batch.select().count() >= 1


def test_what_was_listed_as_kept_survives_kill_9_and_counts_once(start, tmp_path: Path) -> None:
    cookie, ids, kept = secrets.token_hex(16), [secrets.token_hex(16) for _ in range(10)], set()
    for round_ in range(4):
        web = start(0.1)
        deadline = time.monotonic() + 20
        while not kept & set(ids[: 2 * round_ + 2]) >= set(ids[2 * round_ : 2 * round_ + 1]):
            kept |= set(web.report(cookie, ids[: 2 * round_ + 2]))
            assert time.monotonic() < deadline
        web.report(cookie, ids)  # under way when the power goes
        web.end(signal.SIGKILL)
    open_database(tmp_path / "hub" / "hub.sqlite3")
    held = [play.id.hex() for play in Play.select()]
    assert kept <= set(held)
    assert len(held) == len(set(held))
