"""A hub without a line and a head office, both whole, and somebody who goes from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collector.app import create_app
from collector.carry.kits import Kits, make_kit
from collector.carry.take import Taken, take_parcel
from collector.db import database as office_database
from collector.figures.query import days
from collector.settings import Settings as OfficeSettings
from collector.sites.enrol import add_site
from hub.carry.back import Back, take_back
from hub.carry.kit import take_kit
from hub.carry.up import Up, current
from hub.db import database
from tests.hub.uplink.conftest import Hub, Machine

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask


class HeadOffice:
    """The real one, on a database of its own; its clock goes with the machine's."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.machine = machine
        settings = OfficeSettings(data=folder, database=f"sqlite:///{folder / 'office.sqlite3'}")
        self.app: Flask = create_app(settings, clock=self.now)
        self.office = self.app.extensions["office"]
        with office_database.connection_context():
            add_site("Dzemul", "America/Merida", self.office.now())

    def now(self) -> float:
        return self.machine.true.timestamp()

    def kit(self, **more: object) -> bytes:
        with office_database.connection_context():
            return make_kit("dzemul", self.office, Kits(**more))

    def take(self, data: bytes) -> Taken:
        """What the page does with a file. Raises NotTaken."""
        with office_database.connection_context():
            return take_parcel(data, self.office)

    def plays(self) -> dict[dt.date, int]:
        """What it shows for the site, by day."""
        with office_database.connection_context():
            return {row.day: row.plays for row in days("dzemul")}


class Carrier:
    """Goes to and fro."""

    def __init__(self, hub: Hub, office: HeadOffice) -> None:
        self.hub, self.office = hub, office

    def fetch(self) -> Up:
        """The file that the hub hands out now."""
        return current(self.hub.settings, self.hub.library)

    def bring(self) -> Taken:
        """From the hub to head office."""
        return self.office.take(self.fetch().path.read_bytes())

    def take_back(self, reply: bytes | None) -> Back:
        assert reply is not None
        return take_back(reply, self.hub.settings, self.hub.clock)

    def go_round(self) -> Back:
        """All the way and back."""
        return self.take_back(self.bring().reply)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def hub(tmp_path: Path, machine: Machine) -> Iterator[Hub]:
    yield Hub(tmp_path / "hub", machine)
    database.close()


@pytest.fixture
def office(tmp_path: Path, machine: Machine) -> Iterator[HeadOffice]:
    yield HeadOffice(tmp_path / "office", machine)
    if not office_database.is_closed():
        office_database.close()


@pytest.fixture
def carrier(hub: Hub, office: HeadOffice) -> Carrier:
    """Of a hub that was set up with a kit, and that head office has never heard of."""
    take_kit(office.kit(), hub.settings, hub.clock)
    return Carrier(hub, office)
