"""A box at the end of a visit: its machine, its network, its phones and head office are as the test wants them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from content_cache.library import Library
from hub.acceptance.work import look
from hub.box.orders import order
from hub.db import database, writing
from hub.network.record import Network, WiFi, encode
from hub.portal.acceptance import Acceptance as Portal
from hub.portal.leases import Leases
from hub.runs import note_run
from hub.site import Site
from hub.uplink.models import Outbox, note
from tests.hub.box.machine import make_machine, write
from tests.hub.technician.conftest import Bench, publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hub.technician.conftest import Browser

VILLAGE = WiFi(name="Biblioteca Dzemul", password="48217730")
SETUP = WiFi(name="hub-setup-7f", password="tejon-maple-urraca-44")
PAGE = "/technician/acceptance"


class Box(Bench):
    """A box with a name, a healthy machine, a library and a network in force; no phone came, nobody was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(folder)
        self.ills()
        self.settings = dataclasses.replace(
            self.settings, machine=folder / "machine", name="hub.home.arpa", card_test_mb=48, reserve_mb=1
        )
        self.boot("a boot")
        publish(self.settings.library_root)
        self.network()
        self.clock.learn(dt.datetime(2026, 11, 28, 18, 40, tzinfo=dt.UTC), "head office")
        note_run("roll up", self.clock.moment(), 0.1, None)
        with writing():
            Site.update(name="Dzemul", code="YUC-031", time_zone="America/Merida").execute()

    def ills(self, **ills: Any) -> None:
        make_machine(self.folder / "machine", data=self.settings.data, **ills)

    def network(self, *, ok: bool = True, number: int = 3, told: int | None = None, **fields: Any) -> None:
        """What was ordered, and what root says of it."""
        wanted = {"uplink": "cable"} | fields
        order(self.settings, "network", encode(Network(number=number, village=VILLAGE, setup=SETUP, **wanted)))
        outcome = {"number": number if told is None else told, "ok": ok, "sentence": "It is so."}
        write(self.settings.run_folder / "network.json", json.dumps(outcome))

    def phone(self, *kinds: str) -> None:
        """A phone with a lease, which does that at the portal: `page`, `accepted`."""
        write(self.settings.leases_file, "1790000000 6a:11:22:33:44:55 10.44.0.7 telefono-de-rosa *\n")
        portal = Portal(self.settings.run_folder / "portal.json", Leases(self.settings.leases_file), self.clock)
        for kind in kinds:
            portal.note(kind, "55")
        portal.save()

    def enrol(self, *, line: bool = True) -> None:
        address = "http://office.example" if line else None
        with writing():
            Site.update(collector_key=b"k" * 32, collector_url=address).execute()

    def answered(self) -> None:
        """Head office answered, and acknowledged a day."""
        now = self.clock.moment()
        with writing():
            note(reached_boot=now.boot, reached_seconds=now.seconds, error=None)
            Outbox.create(
                epoch=Site.get().epoch,
                day=dt.date(2026, 11, 28),
                revision=1,
                sequence=1,
                sealed=b"",
                digest=b"",
                content=b"",
                acknowledged=True,
            )

    def work(self, stop: threading.Event | None = None) -> bool:
        """What the worker does when it looks."""
        library = Library(self.settings.library_root)
        return look(self.settings, self.clock, library, stop or threading.Event())

    def press(self, browser: Browser, button: str) -> int:
        token = browser.form_token(PAGE)
        return browser.post(f"{PAGE}/{button}", form_token=token).status_code


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    yield Box(tmp_path)
    if not database.is_closed():
        database.close()
