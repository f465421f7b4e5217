"""Site-days become sealed records: once each, anew when they change, and never by halves."""

from __future__ import annotations

import datetime as dt

import pytest

from hub.clock import Boot
from hub.db import writing
from hub.site import Site, signing_key, this_site
from hub.uplink.budget import COUNTS
from hub.uplink.ledger import Tally
from hub.uplink.models import Ledger, Outbox, Rolled
from hub.uplink.seal import due, roll_up, uplink_bytes
from hub.uplink.settled import acknowledged_days
from tests.hub.uplink.conftest import MERIDA, MONDAY, Hub
from wire.summary import SiteDay, digest, unseal

TUESDAY, WEDNESDAY, SUNDAY = (MONDAY + dt.timedelta(days=n) for n in (1, 2, 6))


def opened(hub: Hub, day: dt.date) -> SiteDay:
    return unseal(bytes(hub.row(day).sealed), lambda _: signing_key(hub.settings.keys).public_key())


def test_a_day_is_sealed_once_it_is_over_at_the_site(hub: Hub) -> None:
    hub.counts.play(MONDAY, 3)
    assert hub.seal() == []
    hub.machine.true = dt.datetime(2026, 3, 2, 23, 59, 59, tzinfo=MERIDA)
    hub.reboot()
    assert hub.seal() == []
    hub.machine.pass_time(seconds=2)
    assert hub.seal() == [MONDAY]
    day = opened(hub, MONDAY)
    assert (day.plays, day.revision, day.sequence, day.open, day.day) == (3, 1, 1, False, MONDAY)
    assert bytes(hub.row(MONDAY).digest) == digest(bytes(hub.row(MONDAY).sealed))


def test_a_day_that_did_not_change_keeps_its_bytes_and_its_revision(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)
    hub.seal()
    before = bytes(hub.row(MONDAY).sealed)
    hub.counts.changes.append(MONDAY)
    assert hub.seal() == []
    assert hub.counts.asked.count(MONDAY) == 2
    assert bytes(hub.row(MONDAY).sealed) == before


def test_a_late_play_is_sealed_as_the_next_revision_in_place_of_the_older(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)
    hub.seal()
    hub.counts.play(MONDAY, 4)
    assert hub.seal() == [MONDAY]
    assert Outbox.select().count() == 1
    assert (opened(hub, MONDAY).revision, opened(hub, MONDAY).plays, opened(hub, MONDAY).sequence) == (2, 5, 2)


def test_a_late_play_makes_an_acknowledged_day_wait_again(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)
    hub.seal()
    Outbox.update(acknowledged=True, refused="no").execute()
    hub.counts.play(MONDAY)
    hub.seal()
    assert hub.waiting() == [MONDAY]


def test_empty_days_between_are_records_too(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=6)
    hub.counts.play(SUNDAY)
    assert hub.seal() == [MONDAY + dt.timedelta(days=n) for n in range(6)]
    assert opened(hub, WEDNESDAY).plays == 0
    assert [row.sequence for row in Outbox.select().order_by(Outbox.day)] == [1, 2, 3, 4, 5, 6]


def test_the_first_dated_boot_begins_the_row_of_days_though_nobody_came(hub: Hub) -> None:
    hub.machine.pass_time(days=2)
    assert hub.seal() == [MONDAY, TUESDAY]


def test_nothing_is_sealed_while_the_time_is_unsure(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)
    hub.reboot(certain=False)
    assert hub.seal() == []
    assert Rolled.get_or_none() is None
    hub.clock.learn(hub.machine.true, "head office")
    assert hub.seal() == [MONDAY]


def test_an_open_day_is_sealed_as_open_and_again_when_it_is_over(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    assert hub.seal(open_days=True) == [MONDAY]
    assert opened(hub, MONDAY).open
    hub.machine.pass_time(days=1)
    assert hub.seal() == [MONDAY]
    assert not opened(hub, MONDAY).open
    assert opened(hub, MONDAY).revision == 2
    assert hub.seal() == []


def test_uplink_bytes_of_an_open_day_alone_make_no_new_revision(hub: Hub) -> None:
    hub.seal(open_days=True)
    Tally(hub.clock, COUNTS).close(700, 300)
    assert hub.seal(open_days=True) == []
    hub.machine.pass_time(days=1)
    hub.seal()
    assert opened(hub, MONDAY).uplink_bytes == 1000


def test_bytes_that_left_before_the_time_was_known_belong_to_their_day_once_it_is(hub: Hub) -> None:
    hub.machine.pass_time(days=1)
    hub.seal()
    assert opened(hub, MONDAY).uplink_bytes == 0
    hub.machine.true = dt.datetime(2026, 3, 2, 13, tzinfo=MERIDA)
    hub.reboot(certain=False)
    Tally(hub.clock, COUNTS).close(50, 7)
    hub.machine.pass_time(days=1, hours=1)
    assert uplink_bytes(MONDAY, MERIDA) == 0
    hub.clock.learn(hub.machine.true, "head office")
    assert MONDAY in hub.seal()
    assert opened(hub, MONDAY).uplink_bytes == 57
    assert Ledger.select().where(~Ledger.counted).count() == 0


def test_a_day_that_cannot_be_sealed_blocks_no_other_and_is_tried_again(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)
    hub.seal()
    hub.machine.pass_time(days=1)
    hub.counts.plays[MONDAY] = -1
    hub.counts.changes.append(MONDAY)
    assert hub.seal() == [TUESDAY]
    assert opened(hub, MONDAY).plays == 1
    hub.counts.plays[MONDAY] = 9
    assert hub.seal() == [MONDAY]
    assert opened(hub, MONDAY).plays == 9


def test_a_crash_in_the_transaction_leaves_neither_rows_nor_progress(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)

    def fail(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr("hub.uplink.seal._keep_progress", fail)
        with pytest.raises(RuntimeError):
            hub.seal()
    assert Outbox.select().count() == 0
    assert Rolled.get_or_none() is None
    assert hub.seal() == [MONDAY]


def test_a_new_epoch_counts_from_one_and_leaves_old_records_alone(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)
    hub.seal()
    old = bytes(hub.row(MONDAY).sealed)
    with writing():
        Site.update(epoch=(this_site().epoch + 1) % 2**32).execute()
    hub.counts.plays[MONDAY] = 1
    hub.counts.changes.append(MONDAY)
    assert hub.seal() == [MONDAY]
    assert (opened(hub, MONDAY).revision, opened(hub, MONDAY).sequence) == (1, 1)
    assert Outbox.select().where(Outbox.sealed == old).count() == 1


def test_real_usage_is_sealed(hub: Hub) -> None:
    boot = Boot.get().id
    with writing():
        Boot.get()._meta.database.execute_sql(
            "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads) VALUES (?, ?, 100, 160, 5000, 2)",
            (this_site().epoch, boot),
        )
    hub.machine.pass_time(days=1)
    assert roll_up(hub.settings, hub.clock, hub.library) == [MONDAY]
    day = opened(hub, MONDAY)
    assert (day.local_bytes, day.downloads, day.minutes_up) == (5000, 2, 1)


def test_only_days_acknowledged_in_full_count_as_acknowledged(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=2)
    hub.seal()
    now = hub.clock.moment()
    Outbox.update(acknowledged=True, at_boot=now.boot, at_seconds=now.seconds).where(Outbox.day == MONDAY).execute()
    assert acknowledged_days() == {MONDAY: hub.clock.now()}
    Outbox.update(again=True).execute()
    assert acknowledged_days() == {}


class TestDue:
    """Which days are to be sealed, as a rule over plain values."""

    def test_days_that_changed_were_never_sealed_or_were_sealed_too_early(self) -> None:
        sealed = {MONDAY: False, TUESDAY: True}
        assert due(WEDNESDAY, WEDNESDAY + dt.timedelta(days=1), MONDAY, set(), sealed) == [TUESDAY, WEDNESDAY]

    def test_a_day_that_is_not_over_is_left_though_it_changed(self) -> None:
        assert due(MONDAY, TUESDAY, MONDAY, {TUESDAY}, {MONDAY: False}) == []

    def test_a_box_that_slept_for_years_does_not_report_each_day_of_them(self) -> None:
        assert len(due(MONDAY, TUESDAY, dt.date(2020, 1, 1), set(), {})) == 400

    def test_a_hub_without_a_past_has_nothing_to_seal(self) -> None:
        assert due(MONDAY - dt.timedelta(days=1), MONDAY, None, set(), {}) == []
