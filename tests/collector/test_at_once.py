"""Many at once, and a database or a head office that goes away in the middle: afterwards each day counts once."""

import datetime as dt
import os
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from collector.db import database, open_database
from collector.sites.enrol import another_code
from tests.collector.running import RunningOffice
from tests.collector.sender import FakeHub, Socket

DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=number) for number in range(40)]


def totals(office: RunningOffice) -> dict[str, int]:
    return {row["id"]: row["totals"]["plays"] for row in office.get("/api/v1/sites").json()}


def enrolled(office: RunningOffice, name: str = "Dzemul") -> FakeHub:
    hub = FakeHub(Socket(office.address))
    hub.enrol(office.add_site(name))
    return hub


def test_two_uploads_of_one_hub_at_once_keep_every_highest_revision(tmp_path, database_url):
    """Both carry the same days in other revisions, in other orders."""
    with RunningOffice(tmp_path, database=database_url) as office:
        hub = enrolled(office)
        records = [hub.sealed(day=day, revision=revision, plays=revision) for day in DAYS[:15] for revision in (1, 2)]
        halves = [random.Random(seed).sample(records, len(records)) for seed in range(2)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda half: hub.send(*half), halves))
        assert [len(answer.acknowledged) for answer in answers] == [30, 30]
        assert totals(office) == {"dzemul": 30}


def test_twenty_hubs_at_once_are_all_taken_in(tmp_path, database_url):
    with RunningOffice(tmp_path, database=database_url) as office:
        first = enrolled(office)
        open_database(database_url)
        with database.connection_context():
            codes = [another_code("dzemul", round(time.time() * 1000))[1] for _ in range(19)]
        hubs = [first, *(FakeHub(Socket(office.address)) for _ in codes)]
        for hub, code in zip(hubs[1:], codes, strict=True):
            hub.enrol(code)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda hub: hub.send(*(hub.sealed(day=day) for day in DAYS[:10])), hubs))
        assert [len(answer.acknowledged) for answer in answers] == [10] * 20
        assert totals(office) == {"dzemul": 20 * 10 * 3}


class Proxy:
    """Passes bytes between a hub and head office, and cuts the line once all of an answer has come."""

    def __init__(self, port: int) -> None:
        self.port, self.answered = port, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        hub, _ = self.listener.accept()
        with hub, socket.create_connection(("127.0.0.1", self.port)) as office:
            threading.Thread(target=self._pass, args=(hub, office), daemon=True).start()
            office.recv(1 << 20)  # the answer is on its way: what it acknowledges is on the disk
            self.answered.set()
            hub.shutdown(socket.SHUT_RDWR)

    def _pass(self, hub: socket.socket, office: socket.socket) -> None:
        with suppress(OSError):
            while data := hub.recv(1 << 16):
                office.sendall(data)


def test_head_office_killed_before_its_answer_arrived_finds_nothing_new_in_the_same_again(
    tmp_path, database_url, free_port
):
    with RunningOffice(tmp_path, free_port, database=database_url) as office:
        hub = enrolled(office)
        proxy = Proxy(office.port)
        hub.client = Socket(proxy.address)
        with pytest.raises(requests.RequestException):
            hub.send(hub.sealed(plays=3))
        assert proxy.answered.wait(10)
        office.kill(signal.SIGKILL)
    with RunningOffice(tmp_path, free_port, database=database_url) as office:
        assert totals(office) == {"dzemul": 3}
        hub.client = Socket(office.address)
        assert len(hub.send(hub.sealed(plays=3)).acknowledged) == 1
        assert totals(office) == {"dzemul": 3}


def test_while_postgresql_restarts_uploads_are_told_to_wait_and_go_on_afterwards(tmp_path, cluster, fresh_postgresql):
    """Hubs send without pause; each answer is a signed one or a sentence, and nothing that was signed is lost."""
    with RunningOffice(tmp_path, database=fresh_postgresql) as office:
        hubs = [enrolled(office, f"Site {number}") for number in range(3)]
        done, refused, kept = threading.Event(), [], [set() for _ in hubs]
        going = [threading.Event() for _ in hubs]

        def stream(at: int) -> None:
            hub, number = hubs[at], 0
            while not done.is_set() or len(kept[at]) < len(DAYS):
                day = DAYS[number % len(DAYS)]
                number += 1
                body = hub.body([hub.sealed(day=day, plays=3)], os.urandom(16))
                answer = hub.client.post("/v1/summaries", data=body)
                if answer.status_code == 200:
                    kept[at].add(day)
                    going[at].set()
                else:
                    refused.append((answer.status_code, answer.json()["error"]))

        with ThreadPoolExecutor(3) as pool:
            streams = [pool.submit(stream, at) for at in range(3)]
            assert all(event.wait(20) for event in going)
            for mode in ("immediate", "fast"):
                cluster.control("stop", "-m", mode)
                waited = len(refused)
                deadline = time.monotonic() + 20
                while len(refused) < waited + 3 and time.monotonic() < deadline:
                    time.sleep(0.01)
                cluster.control("start")
                for event in going:
                    event.clear()
                assert all(event.wait(20) for event in going)
            done.set()
            for future in streams:
                future.result(timeout=60)
        assert {status for status, _ in refused} == {503}
        assert {sentence for _, sentence in refused} == {
            "The database cannot be reached just now; try again in a minute."
        }
        assert totals(office) == {f"site-{number}": 3 * len(DAYS) for number in range(3)}
        assert office.kill(signal.SIGTERM) == 0
