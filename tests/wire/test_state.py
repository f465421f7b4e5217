from contextlib import suppress

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.samples import HUB, KEY, OFFICE, OFFICE_READER, READER, a_state
from wire import cbor, cose, sealing
from wire.errors import BadRecord
from wire.messages import OLDEST
from wire.state import Account, Answered, State, named, open_state, seal_state

PUBLIC = OFFICE.public_key()
TEXT = st.text(max_size=20)
NAME = st.from_regex(r"[a-z][a-z -]{0,20}", fullmatch=True)


def sealed_of(state: State) -> bytes:
    return seal_state(state, OFFICE, b"office", READER.public_key())


def opened(sealed: bytes) -> State:
    return open_state(sealed, PUBLIC, READER)


@given(
    st.dictionaries(NAME, TEXT, max_size=5),
    st.lists(st.builds(Account, NAME, st.text(min_size=1, max_size=30)), max_size=4),
    st.lists(st.builds(Answered, st.binary(min_size=1, max_size=32), NAME, TEXT), max_size=4),
    st.lists(st.binary(min_size=1, max_size=32), max_size=4),
    st.none() | st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_a_state_comes_out_as_it_went_in(told, accounts, answers, revoked, content):
    state = State(
        hub=HUB, number=1, settings=told, accounts=accounts, answers=answers, revoked=revoked, content=content
    )
    assert opened(sealed_of(state)) == state


def test_who_carries_it_learns_for_whom_it_is_and_its_number_and_no_more():
    sealed = sealed_of(a_state())
    assert named(sealed, PUBLIC) == (HUB, 7)
    for told in (b"Ana", b"daily-mb", b"Thank you", b"certificate 12"):
        assert told not in sealed


def test_another_hub_cannot_open_it_nor_head_office_itself():
    with pytest.raises(BadRecord, match="not sealed for this reader"):
        open_state(sealed_of(a_state()), PUBLIC, OFFICE_READER)


def test_what_head_office_did_not_sign_is_not_believed():
    forged = seal_state(a_state(), KEY, b"office", READER.public_key())
    for read in (lambda: named(forged, PUBLIC), lambda: opened(forged)):
        with pytest.raises(BadRecord, match="seal does not fit"):
            read()


@pytest.mark.parametrize("changes", [{"number": 8}, {"hub": b"another!"}], ids=str)
def test_a_state_closed_for_another_number_or_hub_does_not_open_though_well_signed(changes):
    """Head office's key signs; yet who could only sign could not pass one state off as another."""
    payload = cbor.decode(cose.verify(sealed_of(a_state()), PUBLIC), items=16)
    keys = {"hub": 2, "number": 3}
    moved = cose.sign(cbor.encode(payload | {keys[name]: value for name, value in changes.items()}), OFFICE, b"office")
    with pytest.raises(BadRecord, match="not sealed for this reader"):
        opened(moved)


NEVER = {
    "number 0": {"number": 0},
    "a hub of four bytes": {"hub": b"four"},
    "a setting without a name": {"settings": {"": "1"}},
    "a setting with a line break in its name": {"settings": {"a\nb": "1"}},
    "a setting of 301 letters": {"settings": {"a": "x" * 301}},
    "an account without a password": {"accounts": [Account("Ana", "")]},
    "an answer about nothing": {"answers": [Answered(b"", "accepted")]},
    "65 accounts": {"accounts": [Account(f"name {number}", "hash") for number in range(65)]},
    "more than 24 KiB": {"accounts": [Account(f"name {number}", "x" * 300) for number in range(64)],
                         "settings": {f"name {number}": "x" * 300 for number in range(64)}},
}  # fmt: skip


@pytest.mark.parametrize("changes", NEVER.values(), ids=NEVER)
def test_never_sealed_is_a_state_with(changes):
    with pytest.raises(BadRecord, match=r"\.$"):
        sealed_of(a_state(**changes))


def test_a_state_for_a_key_that_leads_to_no_secret_is_not_sealed():
    with pytest.raises(BadRecord, match="gives no secret"):
        seal_state(a_state(), OFFICE, b"office", X25519PublicKey.from_public_bytes(bytes(32)))


def resealed(change: dict) -> bytes:
    """What a newer or a broken head office may say within."""
    plain = {0: 6, 1: OLDEST, 2: {"daily-mb": "20"}, 3: [["Ana", "hash"]], 4: [], 5: []} | change
    closed = sealing.close(cbor.encode(plain), READER.public_key(), b"village-hub state 1" + HUB + bytes(3) + b"\x07")
    return cose.sign(cbor.encode({0: 6, 1: 1, 2: HUB, 3: 7, 4: closed}), OFFICE, b"office")


def test_what_a_newer_head_office_adds_is_passed_over():
    told = opened(resealed({3: [["Ana", "hash", "more"]], 7: "new"}))
    assert told == State(hub=HUB, number=7, settings={"daily-mb": "20"}, accounts=[Account("Ana", "hash")])


@pytest.mark.parametrize(
    "change",
    [{0: 5}, {1: 3}, {1: True}, {2: [1]}, {2: {1: "a"}}, {3: [["Ana"]]}, {3: {}}, {4: [5]}, {5: ["text"]}, {6: -1}],
    ids=str,
)
def test_refused_though_well_sealed_is_a_state_with(change):
    with pytest.raises(BadRecord, match=r"\.$"):
        opened(resealed(change))


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data):
    sealed = bytearray(sealed_of(a_state()))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadRecord):
        opened(bytes(sealed))


@given(st.data())
@settings(max_examples=150)
def test_whatever_head_office_may_sign_is_a_state_or_a_bad_record(data):
    plain = bytearray(cbor.encode({0: 6, 1: 1, 2: {"daily-mb": "20"}, 3: [["Ana", "hash"]], 4: [[b"d", "waits", ""]]}))
    for _ in range(data.draw(st.integers(1, 3))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    context = b"village-hub state 1" + HUB + bytes(3) + b"\x07"
    closed = sealing.close(bytes(plain), READER.public_key(), context)
    sealed = cose.sign(cbor.encode({0: 6, 1: 1, 2: HUB, 3: 7, 4: closed}), OFFICE, b"office")
    with suppress(BadRecord):
        state = opened(sealed)
        assert opened(sealed_of(state)) == state


@given(st.binary(max_size=300))
def test_garbage_is_a_bad_record(data):
    for read in (lambda: named(data, PUBLIC), lambda: opened(data)):
        with pytest.raises(BadRecord):
            read()


def test_settings_are_sealed_in_one_order_whatever_order_they_came_in():
    one, two = (a_state(settings=dict(rows)) for rows in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]))
    assert list(opened(sealed_of(two)).settings) == list(opened(sealed_of(one)).settings) == ["a", "b"]
    assert msgspec.structs.asdict(opened(sealed_of(two)))["settings"] == {"a": "1", "b": "2"}
