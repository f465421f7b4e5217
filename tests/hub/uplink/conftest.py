"""A hub with a clock of its own and counts that a test sets, enrolled with a head office that can lie."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from content_cache.library import Library
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.db import database, writing
from hub.settings import Settings
from hub.site import Site, signing_key, this_site
from hub.uplink.deliver import Delivered, deliver
from hub.uplink.models import Outbox
from hub.uplink.seal import Feature, roll_up
from hub.usage.rollups import UsageDay
from tests.simulators.head_office import HeadOffice
from wire.summary import HourUse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MERIDA = ZoneInfo("America/Merida")
MONDAY = dt.date(2026, 3, 2)


class Machine:
    """Time since boot and the wall clock of a box; the hub learns the true time only if it is told."""

    def __init__(self) -> None:
        self.boot, self.seconds = "first boot", 100.0
        self.true = dt.datetime(2026, 3, 2, 12, tzinfo=MERIDA)

    def clock(self, *, certain: bool = True) -> Clock:
        clock = Clock(
            since_boot=lambda: self.seconds, wall=lambda: 946_684_800.0, boot_id=self.boot, synchronised=lambda: False
        )
        if certain:
            clock.learn(self.true, "technician")
        return clock

    def pass_time(self, **duration: float) -> None:
        passed = dt.timedelta(**duration)
        self.seconds += passed.total_seconds()
        self.true += passed


class Counts:
    """A feature that counts plays; each change is a batch."""

    def __init__(self) -> None:
        self.plays: dict[dt.date, int] = {}
        self.changes: list[dt.date] = []
        self.asked: list[dt.date] = []

    def play(self, day: dt.date, times: int = 1) -> None:
        self.plays[day] = self.plays.get(day, 0) + times
        self.changes.append(day)

    def changed_since(self, batch: int, zone: ZoneInfo) -> tuple[set[dt.date], int]:
        return set(self.changes[batch:]), len(self.changes)

    def summary(self, day: dt.date, zone: ZoneInfo) -> UsageDay:
        self.asked.append(day)
        plays = self.plays.get(day, 0)
        return UsageDay(
            visitors=0, visitors_new_week=0, visitors_new_month=0, visits=0, minutes_up=0, most_phones=0, languages={},
            plays=plays, seconds_played=60 * plays, person_seconds=60 * plays, local_bytes=0, downloads=0,
            group_plays=0, items=(), hours=(HourUse(plays, plays, 0), *[HourUse(0, 0, 0)] * 23),
        )  # fmt: skip


class Hub:
    """What the worker does, one step at a time."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.settings = Settings(data=folder, reserve_mb=0)
        self.machine, self.counts = machine, Counts()
        open_or_restore(self.settings)
        self.clock = machine.clock()
        self.library = Library(self.settings.library_root)
        with writing():
            this_site()
            Site.update(time_zone="America/Merida").execute()

    def seal(self, *, open_days: bool | None = None) -> list[dt.date]:
        feature = Feature("counts", self.counts.changed_since, self.counts.summary)
        return roll_up(self.settings, self.clock, self.library, open_days=open_days, features=(feature,))

    def send(self, *, urgent: bool = False) -> Delivered:
        return deliver(self.settings, self.clock, self.library, urgent=urgent)

    def reboot(self, *, certain: bool = True) -> None:
        self.machine.boot, self.machine.seconds = f"{self.machine.boot} and another", 5.0
        self.clock = self.machine.clock(certain=certain)

    def enrol_with(self, office: HeadOffice) -> None:
        office.now = lambda: self.machine.true.timestamp()  # noqa: PLW0108 (`true` changes)
        office.keys[bytes(this_site().hub)] = signing_key(self.settings.keys).public_key()
        with writing():
            Site.update(
                collector_url=office.url, collector_key=office.public_key, code="dzemul", name="Dzemul"
            ).execute()

    def row(self, day: dt.date) -> Outbox:
        return Outbox.get((Outbox.epoch == this_site().epoch) & (Outbox.day == day))

    def waiting(self) -> list[dt.date]:
        rows = Outbox.select().where(~Outbox.acknowledged & Outbox.refused.is_null())
        return [row.day for row in rows.order_by(Outbox.day)]


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def hub(tmp_path: Path, machine: Machine) -> Iterator[Hub]:
    yield Hub(tmp_path / "hub", machine)
    database.close()


@pytest.fixture
def office(hub: Hub) -> Iterator[HeadOffice]:
    with HeadOffice() as office:
        hub.enrol_with(office)
        yield office
