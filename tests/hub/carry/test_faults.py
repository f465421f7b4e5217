"""Clones, boxes without the time, boxes that get a line later, and states that come by phone: nothing counts twice."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
from typing import TYPE_CHECKING

import pytest

from collector.db import database as office_database
from collector.figures.query import days
from collector.sites.models import Hub as HubRow
from collector.state.draft import with_settings
from collector.state.store import current as state_of
from collector.state.store import save
from hub.carry.kit import take_kit
from hub.carry.up import seal_all
from hub.clock import Clock
from hub.db import database
from hub.downlink.apply import apply
from hub.site import this_site
from hub.uplink.introduce import owed
from hub.uplink.ledger import rules
from hub.uplink.models import Outbox
from hub.usage.record import PlayReport, Recorder
from tests.collector.running import RunningOffice
from tests.hub.carry.conftest import Carrier, HeadOffice
from tests.hub.carry.test_loop import DAYS, live
from tests.hub.uplink.conftest import Hub, Machine
from tests.hub.uplink.test_with_head_office import command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def opened(hub: Hub) -> Hub:
    """The hub, with its database as the one of this process."""
    from hub.backup import open_or_restore

    database.close()
    open_or_restore(hub.settings, hub.clock)
    return hub


class Clones:
    """A box and its copy, both with the kit, both out in the village."""

    def __init__(self, carrier: Carrier, folder: Path) -> None:
        self.office = carrier.office
        database.close()
        shutil.copytree(carrier.hub.settings.data, folder / "copy")
        # What was counted before stays with the epoch that it was counted in, so the copy begins with nothing.
        self.boxes = [carrier.hub, Hub(folder / "copy", carrier.hub.machine)]

    def go_round(self, number: int) -> int:
        hub = opened(self.boxes[number])
        hub.seal()
        return Carrier(hub, self.office).go_round().acknowledged


def test_two_clones_files_are_told_apart_and_nothing_of_the_past_counts_twice(carrier: Carrier, tmp_path: Path) -> None:
    live(carrier.hub, 3)
    carrier.go_round()
    clones = Clones(carrier, tmp_path)
    first, second = clones.boxes
    first.counts.play(DAYS[1], 4)
    second.counts.play(DAYS[1], 5)
    carrier.hub.machine.pass_time(days=1)
    for number in (0, 1, 0, 1):
        clones.go_round(number)
    epochs = set()
    for hub in clones.boxes:
        epochs.add(this_site().epoch if opened(hub) else None)
    assert len(epochs) == 2, "one of them has begun an epoch of its own"
    assert clones.office.plays() == {DAYS[0]: 3, DAYS[1]: 9}


class Village:
    """A box of which nobody knows the time, and what people do there, counted by the real recorder."""

    def __init__(self, folder: Path, office: HeadOffice, machine: Machine) -> None:
        self.hub, self.office, self.machine = Hub(folder, machine), office, machine
        self.hub.reboot(certain=False)
        take_kit(office.kit(), self.hub.settings, self.hub.clock)

    def play(self, times: int) -> None:
        recorder = Recorder(self.hub.settings, self.hub.clock, self.hub.library)
        for _ in range(times):
            visitor, play = secrets.token_hex(8), secrets.token_bytes(16)
            recorder.report(visitor, [PlayReport(play, "course/item", 2, ((0, 10_000),))])
        recorder.flush()

    def seal(self) -> None:
        seal_all(self.hub.settings, self.hub.clock, self.hub.library)

    def carrier(self) -> Carrier:
        self.seal()
        return Carrier(self.hub, self.office)

    def figures(self) -> dict[str, int]:
        with office_database.connection_context():
            return {str(row.day): row.plays for row in days("dzemul") if row.plays}


@pytest.fixture
def village(tmp_path: Path, office: HeadOffice, machine: Machine) -> Iterator[Village]:
    yield Village(tmp_path / "hub", office, machine)
    database.close()


def test_a_box_that_never_learned_the_time_delivers_what_has_no_date(village: Village) -> None:
    village.play(3)
    taken = village.carrier().bring()
    assert (taken.days, taken.parts) == (0, 1)
    village.play(2)
    again = village.carrier().bring()
    assert again.parts == 1, "the same part, as it stands now"
    assert village.carrier().take_back(again.reply).acknowledged == 1
    assert village.figures() == {"None": 5}
    assert village.hub.clock.now() is None


def test_once_the_time_is_known_what_had_no_date_counts_on_its_day_and_once(village: Village) -> None:
    village.play(3)
    early = village.carrier().fetch().path.read_bytes()
    village.hub.clock.learn(village.machine.true, "technician")
    village.play(1)
    village.machine.pass_time(days=1)
    late = village.carrier().fetch().path.read_bytes()
    for data in (early, late, early):
        village.office.take(data)
    assert village.figures() == {"2026-03-02": 4}
    reply = village.office.take(late).reply
    Carrier(village.hub, village.office).take_back(reply)
    assert [row for row in Outbox.select() if not row.acknowledged and not row.emptied and not row.open] == []


def test_the_days_first_and_the_old_file_long_after_gives_the_same(village: Village) -> None:
    village.play(3)
    early = village.carrier().fetch().path.read_bytes()
    village.hub.clock.learn(village.machine.true, "technician")
    village.machine.pass_time(days=1)
    village.carrier().go_round()
    village.office.take(early)
    assert village.figures() == {"2026-03-02": 3}


def test_a_hub_that_gets_a_line_later_is_known_by_the_same_kit(tmp_path: Path, hub: Hub) -> None:
    hub.clock = Clock()
    with RunningOffice(tmp_path / "office") as office:
        office.add_site("Dzemul")
        kit = tmp_path / "dzemul.kit"
        office.command("sites", "kit", "dzemul", "-o", str(kit), "--address", office.address)
        take_kit(kit.read_bytes(), hub.settings, hub.clock)
        assert this_site().has_line
        sent = command(hub, "uplink", "send")
        assert sent.returncode == 0, sent.stderr
        opened(hub)
        assert owed() is None, "head office knows it now, and the code is forgotten"
        assert hub.clock.now() is not None, "and it told the time"
        assert command(hub, "uplink", "send").returncode == 0


def test_a_hub_that_a_file_introduced_goes_on_over_a_line_although_its_code_has_served(
    tmp_path: Path, hub: Hub
) -> None:
    hub.clock = Clock()
    with RunningOffice(tmp_path / "office") as office:
        office.add_site("Dzemul")
        kit, file = tmp_path / "dzemul.kit", tmp_path / "up.vhub"
        office.command("sites", "kit", "dzemul", "-o", str(kit), "--address", office.address)
        take_kit(kit.read_bytes(), hub.settings, hub.clock)
        assert command(hub, "carry", "export", str(file)).returncode == 0
        assert office.command("import", str(file)).returncode == 0
        opened(hub)
        assert owed() is not None, "no reply has come back"
        assert command(hub, "uplink", "send").returncode == 0
        opened(hub)
        assert owed() is None


def test_a_hub_without_an_address_is_told_what_to_do(carrier: Carrier) -> None:
    sent = command(carrier.hub, "uplink", "send")
    assert sent.returncode == 1
    assert sent.stderr == (
        "hub: This hub has no address of head office; `hub carry export` writes what somebody can carry there.\n"
    )


def test_what_head_office_decided_comes_by_phone_and_holds(carrier: Carrier) -> None:
    live(carrier.hub, 3)
    carrier.go_round()
    name = bytes(this_site().hub).hex()
    with office_database.connection_context():
        draft = with_settings(state_of(name).draft, {"daily-mb": "20"})
        save(name, 0, draft, carrier.office.office)
    first = carrier.bring().reply
    back = carrier.take_back(first)
    assert back.news
    assert apply(carrier.hub.settings, carrier.hub.clock)
    assert rules().daily == 20_000_000
    carrier.go_round()
    with office_database.connection_context():
        assert HubRow.get_by_id(name).running == 1, "and head office hears that it holds"
    carrier.take_back(first)
    assert not apply(carrier.hub.settings, carrier.hub.clock), "the same file again changes nothing"


def test_signed_content_still_raises_the_floor_after_a_carried_answer(carrier: Carrier, machine: Machine) -> None:
    live(carrier.hub, 3)
    reply = carrier.bring().reply
    carrier.hub.reboot(certain=False)
    carrier.take_back(reply)
    signed = machine.true + dt.timedelta(days=30)
    carrier.hub.clock.raise_floor(signed, "signed content")
    assert carrier.hub.clock.at_least() >= signed


def test_the_file_is_made_anew_when_its_folder_is_lost(carrier: Carrier) -> None:
    live(carrier.hub, 3)
    shutil.rmtree(carrier.fetch().path.parent)
    assert carrier.go_round().acknowledged == 1
