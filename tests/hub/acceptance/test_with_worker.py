"""A check by real processes: web, worker and head office, on a made-up machine."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.browser.village import PASSWORD
from tests.hub.acceptance.conftest import PAGE
from tests.hub.box.machine import UNDER_VOLTAGE, make_machine
from tests.town import Town, until

if TYPE_CHECKING:
    from collections.abc import Iterator


class Technician:
    """Somebody who entered by the link of `hub setup`."""

    def __init__(self, town: Town) -> None:
        self.town, self.session = town, requests.Session()
        self.session.headers.update({"Origin": town.at(""), "Accept-Language": "en"})
        link = json.loads(town.run("hub", "setup", "--json"))["link"]
        token = self.token_in(self.session.post(link, timeout=20).text)
        words = {"form_token": token, "password": PASSWORD, "again": PASSWORD}
        self.token = self.token_in(self.session.post(town.at("/technician/password"), words, timeout=20).text)

    @staticmethod
    def token_in(page: str) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        assert found is not None, page
        return found[1]

    def page(self) -> str:
        return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", self.session.get(self.town.at(PAGE), timeout=20).text))

    def press(self, button: str) -> None:
        answer = self.session.post(self.town.at(f"{PAGE}/{button}"), {"form_token": self.token}, timeout=20)
        assert answer.status_code == 200


def rows(town: Town, statement: str) -> Iterator[tuple[object, ...]]:
    with closing(sqlite3.connect(Path(town.environ["HUB_DATA"]) / "hub.sqlite3", timeout=20)) as database:
        yield from database.execute(statement).fetchall()


def test_a_check_by_real_processes_reaches_head_office_and_reads_the_card(tmp_path: Path) -> None:
    machine = make_machine(tmp_path / "machine", data=tmp_path / "hub")
    # Nothing goes by itself: what reaches head office was sent by the check.
    quiet = {"HUB_SEAL_OPEN_DAYS": "no", "HUB_UPLOAD_EVERY": "86400", "HUB_ROLL_UP_EVERY": "86400"}
    with Town(tmp_path, {"HUB_MACHINE": str(machine), "HUB_CARD_TEST_MB": "48"} | quiet) as town:
        town.open()
        technician = Technician(town)
        assert list(rows(town, "SELECT count(*) FROM outbox")) == [(0,)]
        technician.press("start")
        assert until(lambda: list(rows(town, "SELECT files FROM errand WHERE step = ''")) > [(0,)], 60), town.log(
            "worker"
        )
        told = technician.page()
        assert "Head office answered;" in told
        assert "Head office has acknowledged a summary of this hub." in told
        assert "were read back, and all are right." in told
        ((sealed_open, acknowledged),) = rows(town, "SELECT open, acknowledged FROM outbox")
        assert (sealed_open, acknowledged) == (1, 1), "of today, which is not over"
        ((card,),) = rows(town, "SELECT card FROM errand")
        assert json.loads(str(card))["wrong"] == 0
        make_machine(tmp_path / "machine", data=tmp_path / "hub", **UNDER_VOLTAGE)
        assert "The voltage is too low" in technician.page()
        assert until((tmp_path / "hub/run/low-power").exists, 30), "the worker looks as well"
        technician.press("end")
        ((number, passed, site),) = rows(town, "SELECT number, passed, site FROM acceptance")
        assert (number, passed, site) == (1, 0, "Prueba")
        report = technician.session.get(town.at(f"{PAGE}/report-1.pdf"), timeout=60)
        assert report.content.startswith(b"%PDF")
        status, body = town.ask("GET", "/healthz")
        checks = json.loads(body)["checks"]
        assert status == 200
        assert (checks["power"]["ok"], checks["heat"]["celsius"]) == (False, 48)
