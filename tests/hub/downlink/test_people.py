"""Accounts that head office makes, answers to what the hub sent, and what is revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collector.inbox.decide import TOLD
from hub.app import create_app
from hub.db import writing
from hub.downlink.accounts import plan
from hub.downlink.answers import answered, is_revoked
from hub.technician.links import administrator
from hub.technician.models import StaffSession, Technician
from hub.technician.passwords import hash_password
from hub.technician.sessions import begin, change_password, find
from hub.uplink.status import status
from wire.state import Account, Answered

if TYPE_CHECKING:
    from hub.uplink.models import Outbox
    from tests.hub.downlink.conftest import Told

HASH = hash_password("cada quien su caja 1")
OTHER = hash_password("cada quien su caja 2")


def account(name: str) -> Technician:
    return Technician.get(Technician.name == name)


def test_an_account_of_head_office_opens_the_technicians_page_until_it_is_removed(told: Told) -> None:
    client = create_app(told.hub.settings, told.clock).test_client()
    form = {"name": "Rosa", "password": "cada quien su caja 1"}
    ours = {"Origin": "http://localhost"}
    assert client.post("/technician/sign-in", data=form, headers=ours).status_code == 403
    assert told.hold(1, accounts=[Account("rosa", HASH)]) == ""
    assert client.post("/technician/sign-in", data=form, headers=ours).status_code == 303
    assert client.get("/technician").status_code == 200
    told.hold(2)
    assert client.get("/technician").status_code == 303, "signed out with the account"
    assert not StaffSession.select().exists()


def test_a_password_changes_when_head_office_changes_it_and_signs_out(told: Told) -> None:
    told.hold(1, accounts=[Account("rosa", HASH)])
    own = change_password(account("rosa"), "her own", told.clock)
    told.hold(2, accounts=[Account("rosa", HASH)])
    assert account("rosa").password == "her own", "head office did not change it"
    assert find(own, told.clock) is not None
    told.hold(3, accounts=[Account("rosa", OTHER)])
    assert account("rosa").password == OTHER
    assert find(own, told.clock) is None


def test_the_hubs_own_account_is_never_touched(told: Told) -> None:
    trouble = told.hold(1, accounts=[Account("Admin", HASH), Account("rosa", HASH)])
    assert trouble.startswith("account admin: this hub has one of that name")
    token = begin(administrator(), told.clock)
    assert administrator().password is None
    told.hold(2)
    assert find(token, told.clock) is not None
    assert [row.name for row in Technician.select()] == ["admin"]


def test_names_collide_in_a_sentence_and_the_others_hold() -> None:
    bad = "scrypt:1073741824:8:1$aaaaaaaaaaaaaaaa$" + "0" * 128
    told = [Account("pedro", HASH), Account("rosa", HASH), Account("ROSA ", OTHER), Account("luz", bad)]
    wanted = plan(told, {"pedro": None, "luz": HASH})
    assert (wanted.make, wanted.change, wanted.remove) == ({"rosa": HASH}, {}, set())
    assert [line.partition(":")[0] for line in wanted.troubles] == ["account pedro", "account rosa", "account luz"]


@pytest.mark.parametrize("bad", ["plain$a$b", "pbkdf2:sha256:1$a$b", "", "scrypt:32768:8:1$aaaaaaaa$" + "0" * 127])
def test_no_hash_is_taken_that_is_cheap_or_dear_to_compute(bad: str) -> None:
    assert plan([Account("rosa", bad)], {}).make == {}


@pytest.fixture
def refused(told: Told) -> Outbox:
    """A day that head office set aside."""
    day = told.hub.machine.true.date()
    told.office.refuse[day] = "It names no item of ours."
    told.hub.counts.play(day)
    told.hub.machine.pass_time(days=1)
    told.hub.seal()
    told.hub.send()
    row = told.hub.row(day)
    assert row.refused
    return row


def test_a_refused_record_is_sent_again_at_head_offices_word(told: Told, refused: Outbox) -> None:
    digest = bytes(refused.digest)
    told.office.refuse.clear()
    told.hold(1, answers=[Answered(digest, "again", "Our reader was at fault.")])
    assert told.hub.send().acknowledged == 1
    assert told.office.arrivals[-1] == bytes(refused.sealed), "as it was sealed"
    row = answered(digest)
    assert row is not None
    assert row.sentence == "Our reader was at fault."


def test_the_same_answer_in_a_later_state_sends_nothing_again(told: Told, refused: Outbox) -> None:
    again = Answered(bytes(refused.digest), "again", "Our reader was at fault.")
    told.hold(1, answers=[again])
    told.hub.send()
    assert told.hub.row(refused.day).refused, "it was refused once more"
    told.hold(2, answers=[again], settings={"daily-mb": "20"})
    assert told.hub.row(refused.day).refused
    told.hold(3, answers=[Answered(again.subject, "again", "Our reader was at fault. (3)")])
    assert not told.hub.row(refused.day).refused


@pytest.mark.parametrize("word", sorted(set(TOLD.values())))
def test_a_record_that_a_person_dealt_with_waits_no_more(told: Told, refused: Outbox, word: str) -> None:
    assert status(told.hub.settings, told.clock).refused == 1
    told.hold(1, answers=[Answered(bytes(refused.digest), word, "Decided.")])
    assert status(told.hub.settings, told.clock).refused == 0
    assert told.hub.row(refused.day).acknowledged
    assert told.hub.waiting() == []


def test_a_record_that_was_dismissed_is_not_sent_for_the_gap_that_it_leaves(told: Told, refused: Outbox) -> None:
    digest = bytes(refused.digest)
    told.office.missing, told.office.forgetful = [(refused.epoch, refused.day)], True
    told.hold(1, answers=[Answered(digest, "dismissed", "Not needed.")])
    told.hub.send(urgent=True)
    assert told.hub.row(refused.day).acknowledged


def test_a_record_that_was_taken_is_sent_again_if_head_office_lost_it(told: Told, refused: Outbox) -> None:
    told.office.missing, told.office.forgetful = [(refused.epoch, refused.day)], True
    told.hold(1, answers=[Answered(bytes(refused.digest), "taken", "It is here.")])
    told.office.refuse.clear()
    told.hub.send(urgent=True)
    assert told.hub.waiting() == [refused.day]


def test_answers_of_other_kinds_are_kept_for_their_features(told: Told, refused: Outbox) -> None:
    told.hold(1, answers=[Answered(b"sign-up 7", "accepted", "She begins in March.")])
    row = answered(b"sign-up 7")
    assert row is not None
    assert (row.word, row.sentence) == ("accepted", "She begins in March.")
    assert told.hub.row(refused.day).refused
    told.hold(2)
    assert answered(b"sign-up 7") is None


def test_what_is_revoked_is_the_newest_list_and_no_other(told: Told) -> None:
    told.hold(1, revoked=[b"certificate 1", b"certificate 2", b"certificate 1"])
    assert is_revoked(b"certificate 1")
    told.hold(2, revoked=[b"certificate 2"])
    assert [is_revoked(b"certificate 1"), is_revoked(b"certificate 2")] == [False, True]


def test_an_account_made_here_stays_when_head_office_forgets_it_all(told: Told) -> None:
    with writing():
        Technician.create(name="luz", password=HASH)
    told.hold(1, accounts=[Account("luz", OTHER)])
    told.hold(2)
    assert account("luz").password == HASH
