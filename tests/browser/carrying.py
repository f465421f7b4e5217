"""Files to bring to a hub that was set up with a kit: a reply of its head office, and ones that are none.

Head office is a pair of keys here; what its program makes of files is for tests/browser/test_carry.py.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wire.exchange import Answer, seal_answer
from wire.kit import Kit, seal_kit
from wire.parcel import pack

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.village import Village
    from tests.town import Town

OFFICE = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
SEALING = X25519PrivateKey.from_private_bytes(bytes(range(32)))
YEAR = 366 * 86_400_000  # milliseconds
HUB = "carried"


def set_up(town: Town) -> None:
    """Make the hub one of Dzemul by a kit, and seal what was counted there."""
    kit = Kit(
        code="K7QM-3T5X-9D2B-HJ4W-P6RE",
        site="dzemul",
        name="Dzemul",
        time_zone="America/Merida",
        collector_key=OFFICE.public_key().public_bytes_raw(),
        sealing_key=SEALING.public_key().public_bytes_raw(),
        until=round(time.time() * 1000) + YEAR,
        speaks=2,
        address="https://oficina-central.ejemplo.org",
    )
    file = town.folder / "dzemul.kit"
    file.write_bytes(seal_kit(kit, OFFICE))
    town.run("hub", "setup", "--kit", str(file), "--json")
    town.run("hub", "carry", "export", str(town.folder))


def thank(village: Village, page: Page) -> None:
    """Bring a reply that acknowledges nothing new."""
    town = village.hub(HUB)
    data = Path(town.environ["HUB_DATA"])
    with closing(sqlite3.connect(data / "hub.sqlite3", timeout=20)) as database:
        (hub,) = database.execute("SELECT hub FROM site").fetchone()
    reader = X25519PrivateKey.from_private_bytes((data / "keys" / "sealing.key").read_bytes()).public_key()
    answer = Answer(nonce=bytes(16), time=round(time.time() * 1000), acknowledged=[], refused=[])
    bring(page, "#file", pack([seal_answer(answer, OFFICE, b"office")], to=bytes(hub), reader=reader))


def mistake(_village: Village, page: Page) -> None:
    """Bring a photo."""
    bring(page, "#file", b"\x89PNG\r\n")


def wrong_kit(_village: Village, page: Page) -> None:
    bring(page, "#kit-file", json.dumps({"not": "a kit"}).encode())


def bring(page: Page, field: str, data: bytes) -> None:
    page.set_input_files(field, {"name": "archivo.vhub", "mimeType": "application/octet-stream", "buffer": data})
    page.locator("form", has=page.locator(field)).locator("button").click()
    page.wait_for_selector("main .notice")
