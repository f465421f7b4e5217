"""What feeds the watchdogs of web and worker, and what does not: real processes, and a manager that listens to them."""

from __future__ import annotations

import http.client
import io
import os
import signal
import socket
import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from content_cache.library import Library
from tests.faults.test_disk import fill
from tests.simulators.manager import Manager, without_settings
from tests.town import free_port, small_disk, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

QUICKLY = 1.5  # seconds until the watchdog runs out
FILM = b"film" * 50_000
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="component absent: root, to mount a small disk")
HANGS = """
import threading, hub.app
made = hub.app.create_app
def with_a_page_that_hangs(settings):
    app = made(settings)
    app.add_url_rule("/hangs", view_func=lambda: threading.Event().wait())
    return app
hub.app.create_app = with_a_page_that_hangs
"""
KEEPS_THE_PEN = """
import threading, hub.db, hub.worker.jobs as jobs
def keep(work):
    with hub.db.writing():
        threading.Event().wait()
jobs.JOBS = (*jobs.JOBS, jobs.Job("keeps the pen", 2, 60, keep, "A test."))
"""


class Box:
    """One hub's folder, and its programs under a manager."""

    def __init__(self, manager: Manager, data: Path, **settings: str) -> None:
        self.manager, self.data, self.port = manager, data, free_port()
        self.environ = without_settings(
            HUB_DATA=str(data), HUB_PORT=str(self.port), HUB_FLUSH_EVERY="0.3", HUB_RESERVE_MB="1", **settings
        )

    def start(self, name: str, **how: object) -> subprocess.Popen[bytes]:
        """Start web or worker and wait until it is ready."""
        self.manager.said.clear()
        process = self.manager.start(["hub", name], self.environ, **how)
        assert self.manager.hears("READY=1"), self.manager.log
        return process

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def film(self) -> str:
        """The address of a film that this hub holds."""
        return f"/media/{Library(self.data / 'library').store.put(io.BytesIO(FILM)).sha256}/film.mp4"

    def asked(self, question: str) -> object:
        with closing(sqlite3.connect(self.data / "hub.sqlite3", timeout=20)) as connection:
            return connection.execute(question).fetchone()[0]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with Manager(tmp_path, QUICKLY) as manager:
        yield manager


@pytest.fixture
def box(manager: Manager, tmp_path: Path) -> Box:
    return Box(manager, tmp_path / "hub")


def test_web_is_ready_once_it_answers_and_feeds_from_then_on(box: Box, manager: Manager) -> None:
    process = manager.start(["hub", "web"], box.environ)
    assert manager.hears("READY=1")
    assert box.get("/healthz/pulse") == (200, b'{"database":"The database can be read."}\n')
    assert manager.is_fed(6)
    process.terminate()
    assert process.wait(20) == 0
    assert manager.said.index("STOPPING=1") > manager.said.index("READY=1")
    assert manager.said[0] == "STATUS=starts"


def test_web_is_not_ready_while_its_threads_hang(box: Box, manager: Manager) -> None:
    """One thread, which the first request takes for good: nobody else is answered, so nobody is told READY."""
    waiting = socket.socket()
    waiting.bind(("127.0.0.1", 0))
    waiting.listen()
    box.environ["HUB_THREADS"] = "1"
    with closing(waiting), closing(socket.create_connection(waiting.getsockname())) as first:
        first.sendall(b"GET /hangs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        manager.start(["hub", "web"], box.environ, listener=waiting, patched=HANGS)
        assert until(lambda: "did not answer itself" in manager.log)
    assert "READY=1" not in manager.said


def test_a_web_process_that_was_stopped_runs_out_and_tells_where_it_was(box: Box, manager: Manager) -> None:
    process = box.start("web")
    process.send_signal(signal.SIGSTOP)
    assert manager.expires()
    assert manager.end_by_watchdog(process) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in manager.log
    assert "in serve" in manager.log, "each thread says where it was"


def test_a_web_process_whose_threads_all_hang_runs_out(box: Box, manager: Manager) -> None:
    box.start("web", patched=HANGS)
    assert manager.is_fed(2)
    with ExitStack() as phones:
        for _ in range(8):
            phone = phones.enter_context(closing(socket.create_connection(("127.0.0.1", box.port))))
            phone.sendall(b"GET /hangs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert manager.expires()


def test_a_house_that_is_full_is_no_reason_to_end_it(box: Box, manager: Manager) -> None:
    box.environ["HUB_CONNECTIONS"] = "20"
    box.start("web")
    assert manager.is_fed(1)
    with ExitStack() as phones:
        for _ in range(40):
            phones.enter_context(closing(socket.create_connection(("127.0.0.1", box.port))))
        assert until(lambda: "reached the connection limit" in manager.log)
        assert manager.is_fed(6)


def test_web_feeds_as_a_box_is_set(box: Box, manager: Manager) -> None:
    """A hub with a name, a portal and staff pages for some networks alone: the pulse comes from none of them."""
    box.environ |= {"HUB_NAME": "hub.home.arpa", "HUB_STAFF_FROM": "10.45.0.0/24", "HUB_HOST": "0.0.0.0"}
    box.start("web")
    assert manager.is_fed(3)


def test_the_pulse_is_no_use_of_the_hub_and_writes_nothing(box: Box, manager: Manager) -> None:
    box.environ["HUB_FLUSH_EVERY"] = "5"
    box.start("web")
    assert manager.is_fed(1)
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in box.data.iterdir()}
    assert manager.is_fed(4)
    assert {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in box.data.iterdir()} == before
    assert [box.asked(f"SELECT count(*) FROM {table}") for table in ("visit", "play")] == [0, 0]


def test_one_that_writes_for_long_keeps_nobody_from_reading_or_feeding(box: Box, manager: Manager) -> None:
    box.start("web")
    with closing(sqlite3.connect(box.data / "hub.sqlite3", isolation_level=None, timeout=20)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert manager.is_fed(6)


@AS_ROOT
@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_full_disk_ends_nobody(manager: Manager, tmp_path: Path, name: str) -> None:
    with small_disk(tmp_path / "small", 24) as disk:
        box = Box(manager, disk / "hub")
        film = box.film()
        process = box.start(name)
        fill(disk / "ballast")
        assert manager.is_fed(8)
        if name == "web":
            assert box.get(film) == (200, FILM)
            assert box.get("/")[0] == 200
        process.terminate()
        assert process.wait(20) == 0


def test_a_damaged_database_does_not_end_web_and_the_next_start_mends_it(box: Box, manager: Manager) -> None:
    film, process = box.film(), box.start("web")
    manager_of_commands = manager.start(["hub", "backup", "now"], box.environ)
    assert manager_of_commands.wait(30) == 0
    database = box.data / "hub.sqlite3"
    database.write_bytes(b"nothing of a database" * (database.stat().st_size // 20))
    assert manager.hears("STATUS=The database cannot be read; restart the hub.")
    assert manager.is_fed(4)
    assert box.get(film) == (200, FILM)
    process.terminate()
    process.wait(20)
    box.start("web")
    assert box.get("/healthz/pulse")[0] == 200
    assert manager.is_fed(2)


def test_a_worker_feeds_by_a_job_and_a_stopped_one_runs_out(box: Box, manager: Manager) -> None:
    process = box.start("worker")
    assert manager.hears("STATUS=runs ")
    assert manager.is_fed(5)
    assert box.asked("SELECT count(*) FROM job_run WHERE name = 'pulse'") == 0, "a card wears"
    process.send_signal(signal.SIGSTOP)
    assert manager.expires()
    assert manager.end_by_watchdog(process) == -signal.SIGABRT


def test_a_worker_that_keeps_the_pen_for_good_runs_out(box: Box, manager: Manager) -> None:
    box.start("worker", patched=KEEPS_THE_PEN)
    assert manager.is_fed(1)
    assert manager.expires()


def test_a_worker_that_must_wait_for_the_pen_of_another_says_so_and_is_fed(tmp_path: Path) -> None:
    with Manager(tmp_path, 21) as manager:
        box = Box(manager, tmp_path / "hub")
        box.start("worker")
        assert manager.is_fed(1)
        with closing(sqlite3.connect(box.data / "hub.sqlite3", isolation_level=None, timeout=20)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert manager.hears("STATUS=The database cannot be written (database is locked)", 30)


def test_a_worker_leaves_a_damaged_database_to_web(box: Box, manager: Manager) -> None:
    """Web puts it right when it starts and nobody else has it open."""
    web = box.start("web")
    assert manager.start(["hub", "backup", "now"], box.environ).wait(30) == 0
    worker = box.start("worker")
    database = box.data / "hub.sqlite3"
    database.write_bytes(b"nothing of a database" * (database.stat().st_size // 20))
    assert worker.wait(30) == 0, manager.log
    again = manager.start(["hub", "worker"], box.environ)
    assert again.wait(30) == 75, manager.log
    web.kill()
    web.wait(20)
    box.start("web")
    assert box.get("/healthz/pulse")[0] == 200
    box.start("worker")


def test_what_was_counted_until_the_order_to_stop_is_in_the_database(box: Box, manager: Manager) -> None:
    box.environ["HUB_FLUSH_EVERY"] = "5"
    process = box.start("web")
    path = box.film()
    for _ in range(3):
        assert box.get(path, Cookie="visitor=" + "ab" * 16) == (200, FILM)
    assert box.asked("SELECT coalesce(sum(bytes), 0) FROM batch") == 0, "it waits in memory"
    process.terminate()
    assert process.wait(20) == 0
    assert "STOPPING=1" in manager.said
    assert box.asked("SELECT sum(bytes) FROM batch") == 3 * len(FILM)


def test_who_asked_before_the_stop_is_answered(box: Box, manager: Manager) -> None:
    """One request that came in part, and a connection whose request comes only now."""
    process = box.start("web")
    address = ("127.0.0.1", box.port)
    with (
        closing(socket.create_connection(address, timeout=20)) as half,
        closing(socket.create_connection(address, timeout=20)) as whole,
    ):
        half.sendall(b"GET /healthz/pulse HTTP/1.1\r\nHost: hub\r\n")
        whole.sendall(b"GET /healthz/pulse HTTP/1.1\r\nHost: hub\r\n\r\n")
        assert whole.recv(15) == b"HTTP/1.1 200 OK", "the loop has read what came before it, too"
        process.terminate()
        assert manager.hears("STOPPING=1")
        half.sendall(b"\r\n")
        assert half.recv(15) == b"HTTP/1.1 200 OK"
    assert process.wait(20) == 0


def test_who_comes_while_web_restarts_waits_and_is_answered(box: Box, manager: Manager) -> None:
    """systemd holds the port; the process asks for none."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    box.environ["HUB_PORT"] = "1"  # nobody may take it, and nobody asks
    with closing(listener):
        first = box.start("web", listener=listener)
        first.terminate()
        assert first.wait(20) == 0
        with closing(socket.create_connection(listener.getsockname(), timeout=20)) as phone:
            phone.sendall(b"GET /healthz/pulse HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
            box.start("web", listener=listener)
            assert phone.recv(15) == b"HTTP/1.1 200 OK"
        assert manager.is_fed(2)
