"""A change at head office comes to hold on a hub, and head office sees it: real programs, by the line and by a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from content_cache.library import Library
from hub.db import database, open_database, writing
from hub.settings import Settings
from hub.site import sealing_key, this_site
from hub.uplink.batches import make_batch
from hub.uplink.budget import Rules
from hub.uplink.ledger import rules
from hub.uplink.told import keep
from tests.town import Town, until
from wire.exchange import open_answer
from wire.parcel import MEDIA_TYPE, addressee, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator


class Village(Town):
    """A hub that is enrolled, without courses; each step is a program of its own."""

    def enrol(self) -> None:
        self.start("collector")
        code = json.loads(self.run("collector", "sites", "add", "Dzemul", "--time-zone", "America/Merida", "--json"))
        self.run("hub", "setup", "--collector-url", self.office, "--code", code["code"], "--json")
        self.hub = requests.get(f"{self.office}/api/v1/hubs", timeout=10).json()[0]["id"]

    def edit(self, **changes: str) -> None:
        """What somebody at head office does in her browser, who sees the form and sends it."""
        seen = requests.get(f"{self.office}/api/v1/hubs/{self.hub}/state", timeout=10).json()
        form = seen["settings"] | {"number": str(seen["number"])} | {k.replace("_", "-"): v for k, v in changes.items()}
        sent = requests.post(
            f"{self.office}/hubs/{self.hub}/settings",
            data=form,
            headers={"Origin": self.office},
            allow_redirects=False,
            timeout=10,
        )
        assert sent.status_code == 303, sent.text

    def budget(self) -> Rules:
        open_database(Path(self.environ["HUB_DATA"]) / "hub.sqlite3")
        try:
            return rules()
        finally:
            database.close()

    def page(self) -> str:
        return requests.get(f"{self.office}/hubs/{self.hub}?lang=en", timeout=10).text


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    with Village(tmp_path) as village:
        village.enrol()
        yield village


def test_an_edit_holds_after_the_next_upload_and_head_office_sees_it_after_the_one_after(village: Village) -> None:
    village.edit(daily_mb="20", hours="06-22")
    assert "The hub has not heard of it yet." in village.page()
    village.run("hub", "uplink", "send")
    assert village.budget() == Rules(daily=20_000_000, hours="06-22")
    village.run("hub", "uplink", "send")
    assert "The hub runs number 1, the newest" in village.page()
    village.run("hub", "uplink", "budget", "--daily-mb", "5")
    village.edit(hours="00-24", free_hours="00-05")
    village.run("hub", "uplink", "send")
    assert village.budget() == Rules(daily=5_000_000, hours="00-24", free="00-05")
    village.run("hub", "uplink", "send")
    assert "The hub runs number 2, the newest" in village.page()
    assert "State 2 of head office holds here." in village.run("hub", "uplink", "status")


def test_an_edit_is_carried_by_a_file_twice_and_out_of_order(village: Village, tmp_path: Path) -> None:
    village.run("hub", "uplink", "send")  # the last thing that the line carries
    replies = []
    for number, megabytes in enumerate(("20", "30")):
        village.edit(daily_mb=megabytes)
        up = tmp_path / f"{number}.vhub"
        village.run("hub", "carry", "export", str(up))
        answer = requests.post(f"{village.office}/v1/parcels", data=up.read_bytes(), timeout=10)
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        replies.append(tmp_path / f"reply-{number}.vhub")
        replies[-1].write_bytes(answer.content)
    first, second = replies
    for reply in (second, first, second):
        village.run("hub", "carry", "import", str(reply))
        assert village.budget().daily == 30_000_000
    seen = requests.get(f"{village.office}/api/v1/hubs/{village.hub}/state", timeout=10).json()
    assert (seen["number"], seen["running"]) == (2, 0), "nobody has carried that back yet"
    up = tmp_path / "last.vhub"
    village.run("hub", "carry", "export", str(up))
    requests.post(f"{village.office}/v1/parcels", data=up.read_bytes(), timeout=10)
    assert "The hub runs number 2, the newest" in village.page()


def test_the_worker_has_hold_what_a_carrier_left_and_nobody_else_can_open_it(village: Village) -> None:
    village.edit(monthly_mb="400")
    settings = Settings(data=Path(village.environ["HUB_DATA"]))
    open_database(settings.database)
    try:
        hub, key = bytes(this_site().hub), sealing_key(settings.keys)
        state = _state_of(village, settings)
        parcel = pack([state], hub, key.public_key())
        assert addressee(parcel) == hub
        assert b"400" not in parcel
        (message,) = unpack(parcel, hub, key)
        for _ in range(2):
            with writing():
                keep(message)
    finally:
        database.close()
    village.start("worker")
    assert until(lambda: village.budget().monthly == 400_000_000), village.log("worker")


def _state_of(village: Village, settings: Settings) -> bytes:
    """The sealed state out of head office's answer to an empty batch, as it would have been carried."""
    body = make_batch(settings, Library(settings.library_root), [], b"n" * 16)
    answer = requests.post(f"{village.office}/v1/summaries", data=body, timeout=10)
    office = Ed25519PublicKey.from_public_bytes(bytes(this_site().collector_key or b""))
    found = open_answer(answer.content, office, b"n" * 16).state
    assert found is not None
    return found
