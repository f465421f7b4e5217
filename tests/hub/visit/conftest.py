"""A box that nobody has set up, and phones on its setup network, on its cable and on the village's Wi-Fi."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from hub.app import create_app
from hub.box.orders import ordered
from hub.clock import Clock
from hub.db import database
from hub.network.record import Network, decode
from hub.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PASSWORD = "tres gatos cantan"
STAFF_FROM = "10.45.0.0/24 169.254.0.0/16"
RIGHT = {
    "office": {"none": "yes"},
    "place": {"name": "Dzemul", "state": "MX-YUC"},
    "wifi": {},
    "uplink": {"kind": "none"},
    "administrator": {"name": "rosa", "password": PASSWORD, "again": PASSWORD},
}


class Phone:
    """A browser with the address that a network gave it; it opens the box by the box's address there."""

    def __init__(self, client: FlaskClient, address: str, host: str, language: str) -> None:
        self.client, self.address, self.host, self.language = client, address, host, language

    def get(self, path: str = "/technician/visit") -> TestResponse:
        return self.client.get(path, base_url=f"http://{self.host}", headers=self._headers(), environ_base=self._from())

    def post(self, path: str, **fields: object) -> TestResponse:
        return self.client.post(
            path,
            data=fields,
            base_url=f"http://{self.host}",
            headers=self._headers() | {"Origin": f"http://{self.host}"},
            environ_base=self._from(),
        )

    def answer(self, part: str, **fields: object) -> TestResponse:
        token = self.get().text.partition('name="form_token" value="')[2][:64]
        return self.post(f"/technician/visit/{part}", form_token=token, **fields)

    def answer_all(self, **instead: dict[str, object]) -> None:
        for part, fields in {**RIGHT, **instead}.items():
            assert self.answer(part, **fields).status_code == 303, part

    def _headers(self) -> dict[str, str]:
        return {"Accept-Language": self.language}

    def _from(self) -> dict[str, str]:
        return {"REMOTE_ADDR": self.address}


class Box:
    """One box; root's part is played by the test."""

    def __init__(
        self, folder: Path, staff_from: str = STAFF_FROM, name: str = "hub.home.arpa", portal_api: str = ""
    ) -> None:
        self.settings = Settings(
            data=folder / "hub",
            staff_from=staff_from,
            machine=folder / "machine",
            sticks=folder / "media",
            name=name,
            portal_api=portal_api,
        )
        self.seconds = 100.0
        self.boot("first")

    def boot(self, boot_id: str) -> None:
        self.clock = Clock(since_boot=lambda: self.seconds, boot_id=boot_id, synchronised=lambda: False)
        self.app = create_app(self.settings, self.clock)

    def phone(self, address: str = "10.45.0.17", host: str = "10.45.0.1", language: str = "en") -> Phone:
        return Phone(self.app.test_client(), address, host, language)

    @property
    def asked(self) -> Network | None:
        """The order for the network, as root would read it."""
        found = ordered(self.settings, "network")
        return decode(found) if found else None

    def root_says(self, **outcome: object) -> None:
        self.settings.run_folder.mkdir(parents=True, exist_ok=True)
        (self.settings.run_folder / "network.json").write_bytes(msgspec.json.encode(outcome))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    yield Box(tmp_path)
    if not database.is_closed():
        database.close()
