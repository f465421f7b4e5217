"""What an answer settles, over the line at once and, as far as that is still true, when somebody carried it."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from hub.db import writing
from hub.site import begin_epoch, signing_key, this_site
from hub.uplink.batches import lineage, make_batch, pending
from hub.uplink.models import Outbox, Sealing, note, state
from hub.uplink.settle import Delivered, settle
from tests.hub.uplink.conftest import MONDAY, Hub
from wire.exchange import Acknowledged, Answer, Batch, Held, Refused, open_batch
from wire.messages import VERSION

if TYPE_CHECKING:
    from tests.simulators.head_office import HeadOffice

TUESDAY = MONDAY + dt.timedelta(days=1)


def an_answer(hub: Hub, *rows: Outbox, **fields: Any) -> Answer:
    """What head office says of `rows`, on the day before."""
    acknowledged = [Acknowledged(row.epoch, row.day, row.revision, bytes(row.digest)) for row in rows]
    time = int((hub.machine.true - dt.timedelta(days=1)).timestamp() * 1000)
    return Answer(nonce=bytes(16), time=time, acknowledged=acknowledged, **({"refused": []} | fields))


def a_batch(hub: Hub, *rows: Outbox) -> Batch:
    body = make_batch(hub.settings, hub.library, rows, secrets.token_bytes(16))
    return open_batch(body, lambda _: signing_key(hub.settings.keys).public_key())


@pytest.fixture
def two_days(hub: Hub) -> Hub:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=2)
    hub.seal()
    return hub


def as_part(day: dt.date) -> None:
    """Let what was sealed for `day` be of version 2."""
    with writing():
        Outbox.update(version=2).where(Outbox.day == day).execute()


def test_what_is_acknowledged_is_named_by_its_digest_whatever_the_day(two_days: Hub) -> None:
    row = two_days.row(MONDAY)
    named = Acknowledged(row.epoch, None, row.revision, bytes(row.digest))
    answer = Answer(nonce=bytes(16), time=0, acknowledged=[named], refused=[])
    assert settle(two_days.clock, answer, live=True) == Delivered(1, 0)
    assert two_days.waiting() == [TUESDAY]


def test_a_carried_answer_acknowledges_and_refuses_and_says_nothing_of_now(hub: Hub) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=2)
    hub.seal()
    monday, tuesday = hub.row(MONDAY), hub.row(TUESDAY)
    hub.reboot(certain=False)
    answer = an_answer(
        hub, monday, refused=[Refused(bytes(tuesday.digest), "no")], missing=[(monday.epoch, MONDAY)], configuration=7
    )
    assert settle(hub.clock, answer, live=False) == Delivered(1, 1)
    assert hub.row(MONDAY).acknowledged
    assert hub.row(TUESDAY).refused == "no"
    assert hub.clock.now() is None
    assert hub.clock.at_least() == hub.machine.true - dt.timedelta(days=1)
    assert (state().reached, state().configuration, state().speaks) == (None, 0, None)


def test_what_head_office_reads_is_learnt_from_a_carried_answer_too_but_never_that_it_reads_less(hub: Hub) -> None:
    settle(hub.clock, an_answer(hub, speaks=2), live=False)
    assert state().speaks == 2
    settle(hub.clock, an_answer(hub, speaks=1), live=False)
    assert state().speaks == 2
    settle(hub.clock, an_answer(hub, speaks=1), live=True)
    assert state().speaks == 1


def test_a_refusal_that_comes_late_does_not_undo_an_acknowledgement(two_days: Hub) -> None:
    row = two_days.row(MONDAY)
    settle(two_days.clock, an_answer(two_days, row), live=True)
    refused = an_answer(two_days, refused=[Refused(bytes(row.digest), "no")])
    assert settle(two_days.clock, refused, live=False) == Delivered(0, 0)
    assert two_days.row(MONDAY).refused is None


def test_what_head_office_cannot_read_waits_until_it_can(two_days: Hub, office: HeadOffice) -> None:
    as_part(MONDAY)
    office.speaks = 1
    two_days.send()
    assert two_days.waiting() == [MONDAY]
    assert [len(batch.records) for batch in office.batches] == [0, 1]  # it was asked first what it reads
    two_days.send()
    assert len(office.batches) == 2
    office.speaks = VERSION
    two_days.counts.play(TUESDAY)
    two_days.seal()
    two_days.send()
    assert two_days.waiting() == []


def test_what_was_refused_by_a_head_office_that_could_not_read_it_is_sent_again_once_it_can(two_days: Hub) -> None:
    as_part(MONDAY)
    settle(two_days.clock, an_answer(two_days, speaks=1), live=True)
    refused = [Refused(bytes(two_days.row(MONDAY).digest), "The message is of a version that is not read here.")]
    settle(two_days.clock, an_answer(two_days, refused=refused), live=False)
    assert [row.day for row in pending(this_site().epoch, open_days=False)] == [TUESDAY]
    settle(two_days.clock, an_answer(two_days, speaks=2), live=True)
    assert [row.day for row in pending(this_site().epoch, open_days=False)] == [MONDAY, TUESDAY]


def test_an_old_answer_that_is_carried_again_brings_no_older_key_of_head_office_back(hub: Hub) -> None:
    old, new = b"o" * 32, b"n" * 32
    settle(hub.clock, an_answer(hub, sealing_key=old), live=False)
    assert this_site().office_sealing_key == old, "where none is known a carrier may bring it"
    settle(hub.clock, an_answer(hub, sealing_key=new), live=True)
    settle(hub.clock, an_answer(hub, sealing_key=old), live=False)
    assert this_site().office_sealing_key == new


class TestHeadOfficePutBack:
    """Head office tells how far it is in this epoch; what it acknowledged above that, it has lost."""

    def test_what_was_sealed_above_what_it_holds_waits_again_and_nothing_below(self, two_days: Hub) -> None:
        settle(two_days.clock, an_answer(two_days, *(two_days.row(day) for day in (MONDAY, TUESDAY))), live=True)
        epoch = this_site().epoch
        settle(two_days.clock, an_answer(two_days, held=Held(epoch, 2)), live=True)
        assert two_days.waiting() == []
        settle(two_days.clock, an_answer(two_days, held=Held(epoch, 1)), live=True)
        assert two_days.waiting() == [TUESDAY]
        told = a_batch(two_days).lineage
        assert told is not None
        assert told.first == 1

    def test_an_old_answer_that_was_carried_has_nothing_sent_again(self, two_days: Hub) -> None:
        settle(two_days.clock, an_answer(two_days, *(two_days.row(day) for day in (MONDAY, TUESDAY))), live=True)
        settle(two_days.clock, an_answer(two_days, held=Held(this_site().epoch, 0)), live=False)
        assert two_days.waiting() == []

    def test_what_ended_epochs_told_waits_again_but_not_what_was_refused(self, two_days: Hub) -> None:
        monday, tuesday = two_days.row(MONDAY), two_days.row(TUESDAY)
        settle(two_days.clock, an_answer(two_days, monday, refused=[Refused(bytes(tuesday.digest), "no")]), live=True)
        with writing():
            begin_epoch()
        two_days.counts.play(TUESDAY)
        two_days.seal()
        settle(two_days.clock, an_answer(two_days, two_days.row(TUESDAY)), live=True)
        settle(two_days.clock, an_answer(two_days, held=Held(this_site().epoch, 0)), live=True)
        waits = pending(this_site().epoch, open_days=False)
        assert {bytes(monday.digest), bytes(two_days.row(TUESDAY).digest)} <= {bytes(row.digest) for row in waits}
        assert bytes(tuesday.digest) not in {bytes(row.digest) for row in waits}


class TestLineage:
    def test_it_goes_from_the_newest_that_arrived_to_the_newest_of_all(self, two_days: Hub) -> None:
        rows = [two_days.row(day) for day in (MONDAY, TUESDAY)]
        two_days.counts.play(MONDAY)
        two_days.seal()
        told = a_batch(two_days).lineage
        assert told is not None
        assert (told.epoch, told.first, told.highest) == (this_site().epoch, 1, 3)
        assert [told.mark(row.sequence) for row in rows] == [bytes(row.digest)[:4] for row in rows]
        assert told.mark(3) == bytes(two_days.row(MONDAY).digest)[:4]
        settle(two_days.clock, an_answer(two_days, rows[1]), live=True)
        told = a_batch(two_days).lineage
        assert told is not None
        assert (told.first, told.highest) == (2, 3)

    def test_a_sealing_that_was_replaced_before_its_acknowledgement_came_counts_as_arrived(self, two_days: Hub) -> None:
        first = two_days.row(MONDAY)
        two_days.counts.play(MONDAY)
        two_days.seal()
        assert settle(two_days.clock, an_answer(two_days, first), live=True) == Delivered()
        assert [row.sequence for row in Sealing.select().where(Sealing.acknowledged)] == [1]
        assert MONDAY in two_days.waiting()

    def test_a_hub_that_has_sealed_nothing_shows_none(self, hub: Hub) -> None:
        assert lineage(this_site().epoch) is None
        assert a_batch(hub).lineage is None

    def test_behind_a_gap_in_the_log_nothing_older_is_shown(self, two_days: Hub) -> None:
        for _ in range(3):
            two_days.counts.play(MONDAY)
            two_days.seal()
        with writing():
            Sealing.delete().where(Sealing.sequence == 3).execute()
        told = lineage(this_site().epoch)
        assert told is not None
        assert (told.first, told.highest) == (4, 5)


def test_a_record_that_left_the_outbox_before_the_batch_was_made_is_not_in_it(two_days: Hub) -> None:
    rows = pending(this_site().epoch, open_days=False)
    assert len(a_batch(two_days, *rows).records) == 2
    two_days.row(MONDAY).delete_instance()
    assert a_batch(two_days, *rows).records == [bytes(two_days.row(TUESDAY).sealed)]


def test_head_office_is_asked_first_only_until_it_has_said_what_it_reads(two_days: Hub, office: HeadOffice) -> None:
    with writing():
        note(speaks=VERSION)
    as_part(MONDAY)
    two_days.send()
    assert [len(batch.records) for batch in office.batches] == [2]
