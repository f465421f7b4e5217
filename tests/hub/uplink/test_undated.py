"""Boots that end without a date go to head office as parts, and days that get one later take back what parts told."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING

import pytest

from hub.clock import Boot, Clock
from hub.db import database, writing
from hub.site import signing_key, this_site
from hub.uplink.models import Ledger, Outbox
from hub.uplink.press import USAGE
from hub.uplink.seal import Feature, roll_up
from hub.uplink.settled import acknowledged_boots, acknowledged_days
from hub.usage.forget import forget_boots
from hub.usage.parts import BootPart
from tests.hub.uplink.conftest import MERIDA
from tests.hub.uplink.lives import Life
from wire.errors import BadRecord
from wire.summary import SiteDay, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MONDAY = dt.date(2026, 3, 2)


class Quiet(Life):
    """A life in which nothing happens but what the test says: from 8 on Monday the 2nd of March."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, random.Random(1))

    def off(self, hours: float = 0.1) -> None:
        database.close()
        self._pass(hours)
        self._boot()

    def wait(self, hours: float) -> None:
        """Time passes, and somebody uses the hub at its end."""
        self._pass(hours)
        self.use()

    def send(self) -> None:
        self.dice = random.Random(3)  # of a line that works
        self.upload()

    def record(self, place: dt.date | BootPart) -> SiteDay:
        here = Outbox.day == place if isinstance(place, dt.date) else (Outbox.boot, Outbox.part) == place
        if isinstance(place, BootPart):
            here = (Outbox.boot == place.boot) & (Outbox.part == place.part)
        row = Outbox.get((Outbox.epoch == this_site().epoch) & here)
        return unseal(bytes(row.sealed), lambda _: signing_key(self.settings.keys).public_key())

    def waiting(self) -> list[object]:
        rows = Outbox.select().where(~Outbox.acknowledged & ~Outbox.emptied).order_by(Outbox.sequence)
        return [row.day or (row.boot, row.part) for row in rows]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Quiet]:
    yield Quiet(tmp_path)
    database.close()


def test_a_boot_that_ended_without_a_date_is_sealed_once_it_is_known_before_which_day_it_lies(life: Quiet) -> None:
    life.learn()
    life.wait(1)
    life.off()
    life.wait(2)
    undated = life.clock.boot
    life.off(26)
    life.roll_up()
    assert life.waiting() == []
    life.learn()
    life.roll_up()
    assert life.waiting() == [MONDAY, (undated, 0)]
    part = life.record(BootPart(undated, 0))
    assert part.undated is not None
    assert part.day is None
    assert (part.undated.boot, part.undated.part, part.open) == (Boot.get_by_id(undated).tag, 0, False)
    assert (part.undated.after, part.undated.before) == (MONDAY, MONDAY + dt.timedelta(days=1))
    assert (part.plays, part.boots) == (1, (Boot.get_by_id(undated).tag,))
    life.roll_up()
    assert part == life.record(BootPart(undated, 0))


def test_the_running_boot_is_sealed_only_for_whoever_carries_the_outbox_away(life: Quiet) -> None:
    life.wait(1)
    life.roll_up()
    assert life.waiting() == []
    life.seal_all()
    here = BootPart(life.clock.boot, 0)
    assert life.waiting() == [here]
    assert (life.record(here).open, life.record(here).undated.before) == (True, None)  # type: ignore[union-attr]
    life.wait(24)
    life.seal_all()
    assert life.waiting() == [here, BootPart(here.boot, 1)]
    assert (life.record(here).open, life.record(here).revision) == (False, 2)
    assert life.record(BootPart(here.boot, 1)).open


def test_days_take_back_what_their_boot_told_without_a_date(life: Quiet) -> None:
    life.wait(1)
    life.export()
    life.hand_in()
    assert [day.plays for day in life.books.counted()] == [1]
    life.wait(1)
    life.learn()
    life.roll_up()
    assert life.waiting() == [(life.clock.boot, 0)]  # until there is a record of the day, which is not over
    life._pass(24)
    life.roll_up()
    assert life.waiting() == [MONDAY]
    life.send()
    (monday,) = life.books.counted()
    assert (monday.day, monday.plays, len(monday.emptied)) == (MONDAY, 2, 1)
    life.hand_in()
    assert [day.day for day in life.books.counted()] == [MONDAY]
    with writing():
        life.use()
    life._pass(24)
    life.send()
    assert life.record(MONDAY).emptied == monday.emptied


def test_a_part_that_reaches_over_midnight_is_taken_back_by_both_days(life: Quiet) -> None:
    life._pass(14)  # 22:00
    life.off()
    life.wait(1)
    life.wait(3)
    life.export()
    life.learn()
    life._pass(48)
    life.roll_up()
    days = [life.record(MONDAY + dt.timedelta(days=n)) for n in range(3)]
    assert [len(day.emptied) for day in days] == [1, 1, 0]
    assert [day.plays for day in days] == [1, 1, 0]


def test_a_boot_that_gets_its_date_before_anything_was_carried_leaves_no_trace_of_parts(life: Quiet) -> None:
    life.wait(1)
    life.learn()
    life._pass(24)
    life.roll_up()
    assert life.record(MONDAY).emptied == ()
    assert Outbox.select().where(Outbox.boot.is_null(False)).count() == 0


def test_days_that_had_a_date_are_sealed_for_carriers_though_the_time_is_unsure_now(life: Quiet) -> None:
    life.learn()
    life.wait(1)
    life.off(30)
    life.roll_up()
    assert life.waiting() == []
    life.seal_all()
    assert life.waiting() == [MONDAY]
    assert life.record(MONDAY).open  # nobody can say that it is over
    life.learn()
    life.roll_up()
    assert not life.record(MONDAY).open


def test_what_crossed_the_line_in_an_undated_boot_is_told_with_its_part_and_looked_at_no_more(life: Quiet) -> None:
    with writing():
        Ledger.create(boot=life.clock.boot, seconds=30.0, up=100, down=11, epoch=this_site().epoch)
    undated = BootPart(life.clock.boot, 0)
    life.seal_all()
    assert life.record(undated).uplink_bytes == 111
    assert Ledger.select().where(Ledger.counted).count() == 0  # the boot may still get a date
    life.off()
    life.learn()
    life.roll_up()
    assert life.record(undated).uplink_bytes == 111
    assert Ledger.select().where(~Ledger.counted).count() == 0


def test_a_part_that_cannot_be_sealed_blocks_no_other_and_is_tried_again(
    life: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    life.wait(1)
    bad = life.clock.boot
    life.off()
    life.wait(1)
    good = life.clock.boot
    life.off()
    life.learn()

    def some(place: BootPart) -> object:
        if place.boot == bad:
            raise BadRecord("a number out of range")
        return USAGE.summary_of_part(place)

    feature = Feature(*USAGE[:-1], some)
    roll_up(life.settings, life.clock, life.library, features=(feature,))
    assert life.waiting() == [(good, 0)]
    life.roll_up()
    assert life.waiting() == [(good, 0), (bad, 0)]


def test_rows_of_an_undated_boot_go_so_long_after_head_office_has_all_of_it(life: Quiet) -> None:
    life.wait(1)
    undated = life.clock.boot
    life.off()
    life.learn()
    life.send()
    now = life.clock.now()
    assert now is not None
    assert list(acknowledged_boots()) == [undated]
    assert acknowledged_days() == {}
    assert forget_boots(acknowledged_boots(), 35, now + dt.timedelta(days=34)) == 0
    assert forget_boots(acknowledged_boots(), 35, None) == 0
    assert forget_boots(acknowledged_boots(), 35, now + dt.timedelta(days=36)) == 4  # batch, visit, play, visitor
    before = bytes(Outbox.get(Outbox.boot == undated).sealed)
    life.roll_up()
    assert bytes(Outbox.get(Outbox.boot == undated).sealed) == before


def test_a_boot_of_which_something_is_not_sealed_yet_is_not_forgotten(life: Quiet) -> None:
    life.wait(1)
    life.export()
    Outbox.update(acknowledged=True, open=False, again=False).execute()
    assert acknowledged_boots() == {}
    life.use()
    life.off()
    life.learn()
    Outbox.update(acknowledged=True, at_boot=life.clock.boot, at_seconds=5.0, again=False, open=False).execute()
    assert acknowledged_boots() == {}


def test_a_clock_that_is_26_years_ahead_for_a_day_loses_and_doubles_nothing(life: Quiet) -> None:
    life.wait(1)
    life.off()
    far = life.true + dt.timedelta(days=26 * 365)
    life.clock = Clock(since_boot=life.clock.since_boot, wall=far.timestamp, boot_id="far", synchronised=lambda: True)
    life.recorder._clock = life.clock
    assert life.clock.now() == far.astimezone(dt.UTC)
    life.wait(30)
    life.send()
    life.off()
    life.learn()
    life.wait(1)
    life.come_to_an_end()
    life.check()
    assert life.counted() == dict.fromkeys(range(3), 1)
    assert (far + dt.timedelta(hours=30)).astimezone(MERIDA).date() in {
        day.day for day in life.books.counted() if day.plays
    }
