"""What head office tells a hub comes by answers and carriers; the highest number is kept, and nobody else is believed."""

from __future__ import annotations

import secrets
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.db import writing
from hub.site import Site, sealing_key, this_site
from hub.uplink.told import keep, note_applied, running, told
from tests.simulators.head_office import HeadOffice
from wire.errors import BadRecord
from wire.state import State, open_state, seal_state

if TYPE_CHECKING:
    from tests.hub.uplink.conftest import Hub


def a_state(number: int, hub: bytes | None = None) -> State:
    return State(hub=hub or bytes(this_site().hub), number=number, settings={"daily-mb": str(number)})


def sealed(hub: Hub, office: HeadOffice, state: State) -> bytes:
    return seal_state(state, office.key, b"office", sealing_key(hub.settings.keys).public_key())


def kept(hub: Hub, office: HeadOffice) -> State:
    key = sealing_key(hub.settings.keys)
    return open_state(bytes(told().sealed or b""), office.key.public_key(), key)


def test_a_hub_tells_its_key_until_it_knows_head_offices(hub: Hub, office: HeadOffice) -> None:
    hub.send(urgent=True)
    hub.send(urgent=True)
    first, second = office.batches
    assert first.sealing_key == sealing_key(hub.settings.keys).public_key().public_bytes_raw()
    assert second.sealing_key is None
    assert office.sealing_key is not None
    assert bytes(this_site().office_sealing_key or b"") == office.sealing_key.public_key().public_bytes_raw()


def test_a_head_office_one_version_behind_is_told_the_key_each_time_and_takes_all(hub: Hub, office: HeadOffice) -> None:
    office.sealing_key = None
    for _ in range(2):
        hub.counts.play(hub.machine.true.date())
        hub.machine.pass_time(days=1)
        hub.seal()
        assert hub.send().acknowledged == 1
    assert all(batch.sealing_key for batch in office.batches)
    assert this_site().office_sealing_key is None


def test_an_answer_brings_the_state_until_the_hub_runs_it(hub: Hub, office: HeadOffice) -> None:
    office.tells = a_state(7)
    hub.send(urgent=True)
    assert kept(hub, office) == a_state(7)
    assert running() == (0, ""), "nobody has applied it yet"
    with writing():
        note_applied(7, "half of it")
    hub.send(urgent=True)
    assert [(batch.state, batch.trouble) for batch in office.batches] == [(0, ""), (7, "half of it")]


@pytest.mark.parametrize("order", sorted(set(permutations((2, 5, 5, 9)))))
def test_the_highest_number_is_kept_in_whatever_order_they_come(
    hub: Hub, office: HeadOffice, order: tuple[int, ...]
) -> None:
    for number in order:
        with writing():
            keep(sealed(hub, office, a_state(number)))
    assert kept(hub, office) == a_state(9)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("another hub", "This was sealed for the hub 0101010101010101"),
        ("another office", "The seal does not fit"),
        ("damaged", "The seal does not fit"),
        ("no state", "This is not a sealed record"),
    ],
)
def test_what_is_not_for_this_hub_changes_nothing_and_is_a_sentence(
    hub: Hub, office: HeadOffice, wrong: str, sentence: str
) -> None:
    good = sealed(hub, office, a_state(8))
    other = HeadOffice.__new__(HeadOffice)
    other.key = Ed25519PrivateKey.generate()
    bad = {
        "another hub": sealed(hub, office, a_state(8, hub=b"\1" * 8)),
        "another office": sealed(hub, other, a_state(8)),
        "damaged": good[:-1] + bytes([good[-1] ^ 1]),
        "no state": secrets.token_bytes(200),
    }[wrong]
    with pytest.raises(BadRecord, match=sentence), writing():
        keep(bad)
    assert told().number == 0
    with writing():
        assert keep(good)


def test_a_damaged_state_spoils_no_answer_and_is_told_back(
    hub: Hub, office: HeadOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "_state", lambda _: b"\xd2 no state at all")
    hub.counts.play(hub.machine.true.date())
    hub.machine.pass_time(days=1)
    hub.seal()
    assert hub.send().acknowledged == 1
    assert "damaged" in running()[1]


def test_the_word_of_a_head_office_that_was_left_counts_no_more(hub: Hub, office: HeadOffice) -> None:
    with writing():
        keep(sealed(hub, office, a_state(90)))
        note_applied(90, "")
    with HeadOffice() as other:
        hub.enrol_with(other)
        assert running() == (0, "")
        with pytest.raises(BadRecord), writing():
            keep(sealed(hub, office, a_state(91)))
        with writing():
            assert keep(sealed(hub, other, a_state(1)))
        assert kept(hub, other) == a_state(1)


def test_a_hub_without_head_office_believes_nothing(hub: Hub, office: HeadOffice) -> None:
    state = sealed(hub, office, a_state(3))
    with writing():
        Site.update(collector_key=None).execute()
    with pytest.raises(BadRecord, match="not enrolled with head office"), writing():
        keep(state)
