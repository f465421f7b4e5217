"""Every byte is counted while it flows, over real sockets, and a refusal stops the bytes as well."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import pytest
import requests

from content_cache.errors import Refused
from hub.clock import Clock
from hub.db import database, open_database
from hub.uplink.budget import CONTENT, COUNTS, Rules, Spent, Used
from hub.uplink.ledger import Tally, fold, rules, set_rules, spent
from hub.uplink.line import MOST_UNASKED, Line, NoAnswer
from hub.uplink.models import Ledger
from hub.uplink.seal import uplink_bytes
from tests.hub.uplink.conftest import MERIDA, MONDAY, Hub
from tests.town import ROOT, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIECE = 16 * 2**10


class Spring:
    """Answers every request with bytes without end, as fast as they are taken, and counts what the socket took."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/o/spring"
        self.requests: list[bytes] = []
        self.given = 0
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self._listener.accept()
            except OSError:
                return
            with taken:
                self.requests.append(taken.recv(65536))
                taken.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {2**40}\r\n\r\n".encode())
                try:
                    while True:
                        self.given += taken.send(bytes(PIECE))
                except OSError:
                    self.ended.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def spring() -> Iterator[Spring]:
    made = Spring()
    yield made
    made.close()


@contextmanager
def download(line: Line, url: str) -> Iterator[Iterator[bytes]]:
    """What a source does: asks before each 64 KiB, reads pieces of 16."""
    line.ask(4 * PIECE)
    with line.session.get(url, stream=True, timeout=10) as response:

        def pieces() -> Iterator[bytes]:
            while True:
                for _ in range(4):
                    yield response.raw.read(PIECE)
                line.ask(4 * PIECE)

        yield pieces()


def crossed(kind: str = CONTENT) -> int:
    return sum(row.up + row.down for row in Ledger.select().where(Ledger.kind == kind))


def refused(hub: Hub, spring: Spring, each: Callable[[], object] = lambda: None) -> str:
    """The sentence that ends a download without end."""
    with Line(hub.clock, kind=CONTENT) as line, download(line, spring.url) as pieces:
        try:
            for _ in pieces:
                each()
        except Refused as error:
            return str(error)
    raise AssertionError("the spring ran dry")


@pytest.mark.parametrize("budget", [1_000_000, 2_000_000, 5_000_000])
def test_a_spent_budget_stops_the_bytes_within_what_the_kernel_held(hub: Hub, spring: Spring, budget: int) -> None:
    set_rules(Rules(daily=budget))
    most = budget - min(budget // 10, 256 * 2**10)
    assert "rest comes from 2026-03-03 00:00 on" in refused(hub, spring)
    assert spring.ended.wait(10)  # the reset reached it
    assert most - 64 * 2**10 < crossed() < most + 128 * 2**10
    with pytest.raises(Refused), Line(hub.clock, kind=CONTENT) as line:
        line.ask(4 * PIECE)
    with Line(hub.clock) as line:
        line.ask(25_000)  # counts have theirs still


def test_what_has_crossed_when_the_budget_ends_is_read_still(hub: Hub, spring: Spring) -> None:
    set_rules(Rules(daily=300_000))
    with Line(hub.clock, kind=CONTENT) as line, download(line, spring.url) as pieces:
        taken = len(next(pieces))
        assert until(lambda: line._meter.unread() > 40_000)
        Tally(hub.clock, COUNTS).close(0, 300_000)
        hub.machine.pass_time(seconds=5)
        waited = line._meter.unread()
        line.ask(waited - 5000)
        with pytest.raises(Refused):
            line.ask(2 * PIECE)
    assert taken
    assert crossed() < waited + 40_000, "the kernel took in next to nothing more"


def test_where_nothing_is_limited_nothing_is_asked_of_the_kernel(hub: Hub) -> None:
    def buffer() -> list[int]:
        with Line(hub.clock, kind=CONTENT) as line:
            options = line.session.get_adapter("http://").poolmanager.connection_pool_kw["socket_options"]
        return [value for _, name, value in options if name == socket.SO_RCVBUF]

    assert buffer() == []
    set_rules(Rules(hours="01-05"))
    assert buffer() == [MOST_UNASKED]


def test_bytes_stop_when_the_allowed_hours_end(hub: Hub, spring: Spring) -> None:
    set_rules(Rules(hours="06-13"))
    said = refused(hub, spring, each=lambda: hub.machine.pass_time(seconds=20))
    assert said == "The uplink is not to be used at this hour; the rest comes from 2026-03-03 06:00 on."


def test_another_lines_bytes_are_seen_within_seconds(hub: Hub, spring: Spring) -> None:
    set_rules(Rules(daily=2_000_000))
    with Line(hub.clock, kind=CONTENT) as line, download(line, spring.url) as pieces:
        next(pieces)
        Tally(hub.clock, COUNTS).close(0, 1_900_000)
        hub.machine.pass_time(seconds=5)
        with pytest.raises(Refused):
            list(islice(pieces, 5))


def test_what_flows_is_written_down_while_it_does_by_kind_and_at_most_every_five_seconds(
    hub: Hub, spring: Spring
) -> None:
    with Line(hub.clock, kind=CONTENT) as line, download(line, spring.url) as pieces:
        for _ in range(64):
            next(pieces)
        assert crossed() == 0
        hub.machine.pass_time(seconds=5)
        assert until(lambda: crossed() > 64 * PIECE)
        database.close()
    assert crossed() > 64 * PIECE
    assert crossed(COUNTS) == 0
    assert Ledger.select().count() == 1


def test_each_quarter_of_an_hour_has_a_row_so_that_none_falls_on_two_days(hub: Hub) -> None:
    tally = Tally(hub.clock, CONTENT)
    hub.machine.pass_time(hours=11, minutes=59, seconds=58)
    tally.moved(0, 100)
    hub.machine.pass_time(seconds=1)
    tally.moved(0, 150)
    hub.machine.pass_time(seconds=1.5)
    tally.moved(0, 170)
    hub.machine.pass_time(seconds=1)
    tally.close(3, 171)
    assert spent(rules(), hub.clock, MERIDA) == Spent(Used(0, 4), Used(0, 174))


def test_rows_that_no_budget_asks_for_are_folded_by_day_and_lose_no_byte(hub: Hub) -> None:
    for _ in range(4):
        for kind in (CONTENT, COUNTS):
            Tally(hub.clock, kind).close(3, 100)
        hub.machine.pass_time(hours=8)
    Ledger.update(counted=True).execute()
    before = uplink_bytes(MONDAY, MERIDA)
    assert fold(hub.clock, MERIDA) == 0, "the budget of a month may ask for them"
    hub.machine.pass_time(days=71)
    assert fold(hub.clock, MERIDA) == 4
    assert Ledger.select().count() == 4
    assert uplink_bytes(MONDAY, MERIDA) == before
    assert fold(hub.clock, MERIDA) == 0


def test_a_sealed_day_is_sealed_anew_when_more_crossed_on_it(hub: Hub) -> None:
    tally = Tally(hub.clock, CONTENT)
    tally.moved(10, 0)
    hub.machine.pass_time(seconds=5)
    tally.moved(10, 0)
    Ledger.update(counted=True).execute()
    hub.machine.pass_time(seconds=5)
    tally.moved(12, 0)
    assert [(row.up, row.counted) for row in Ledger.select()] == [(12, False)]


def test_while_the_time_is_unsure_this_boots_bytes_count_as_todays_and_once_known_on_their_day(hub: Hub) -> None:
    hub.reboot(certain=False)
    Tally(hub.clock, CONTENT).close(0, 500)
    assert spent(Rules(), hub.clock, MERIDA).day == Used(0, 500)
    hub.reboot(certain=False)
    assert spent(Rules(), hub.clock, MERIDA).day == Used(0, 0)
    hub.machine.pass_time(days=2)
    Tally(hub.clock, COUNTS).close(0, 30)
    hub.clock.learn(hub.machine.true, "head office")
    # Of the first boot nobody knows when it was; it may have been this month.
    assert spent(Rules(), hub.clock, MERIDA) == Spent(Used(30, 0), Used(30, 500))


def test_boots_that_never_learned_the_time_do_not_cross_for_nothing(hub: Hub) -> None:
    """A box that loses power each hour would else have a day's budget in each."""
    hub.machine.pass_time(hours=1)
    for _ in range(2):
        hub.reboot(certain=False)
        Tally(hub.clock, CONTENT).close(0, 400)
    hub.reboot()
    Tally(hub.clock, CONTENT).close(0, 50)
    assert spent(Rules(), hub.clock, MERIDA) == Spent(Used(0, 850), Used(0, 850))
    hub.machine.pass_time(days=1)
    hub.reboot()
    assert spent(Rules(), hub.clock, MERIDA) == Spent(Used(0, 0), Used(0, 850))


def test_connections_that_end_are_counted_once_and_kept_ones_too(hub: Hub, spring: Spring) -> None:
    with Line(hub.clock, kind=CONTENT) as line:
        for _ in range(20):
            with line.session.get(spring.url, stream=True, timeout=10) as response:
                response.raw.read(10)
        assert len(line._meter._open) == 0
        before = sum(line._meter.read())
        assert 20 * 500 < before < 20 * 2**20
        assert sum(line._meter.read()) == before


def test_a_request_has_few_headers(hub: Hub, spring: Spring) -> None:
    with Line(hub.clock, kind=CONTENT) as line, line.session.get(spring.url, stream=True, timeout=10):
        pass
    (request,) = spring.requests
    assert len(request) < 140, request
    assert b"Accept-Encoding: identity" in request


def test_an_upload_has_fewer_still_and_goes_out_in_one_piece(hub: Hub, spring: Spring) -> None:
    with Line(hub.clock) as line, pytest.raises(NoAnswer):
        line.post(spring.url, b"batch" * 1000)
    (request,) = spring.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b"batch" * 1000
    names = {row.partition(b":")[0].decode() for row in head.split(b"\r\n")[1:]}
    assert names == {"Host", "User-Agent", "Content-Type", "Content-Length"}


def test_a_line_is_cut_when_the_hub_stops(hub: Hub) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent, Line(hub.clock, stop, kind=CONTENT) as line:
        threading.Timer(0.1, stop.set).start()
        with pytest.raises(requests.RequestException):
            line.session.get(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=20)
        with pytest.raises(Refused, match="stopping"):
            line.ask(1)


KILLED = """
import sys, pathlib
from hub.db import open_database
from hub.clock import Clock
from hub.uplink.line import Line
open_database(pathlib.Path(sys.argv[1]))
with Line(Clock(), kind="content") as line, line.session.get(sys.argv[2], stream=True) as response:
    while True:
        response.raw.read(16384)
"""


def test_kill_9_costs_the_last_five_seconds_at_most(hub: Hub, spring: Spring) -> None:
    Clock().learn(dt.datetime.now(dt.UTC), "technician")
    database.close()
    command = [sys.executable, "-c", KILLED, str(hub.settings.database), spring.url]
    process = subprocess.Popen(command, env=os.environ, cwd=ROOT)
    try:
        assert until(lambda: _rows(hub) > 0, 30)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert crossed() > 0


def _rows(hub: Hub) -> int:
    open_database(hub.settings.database)
    try:
        return crossed()
    finally:
        database.close()
