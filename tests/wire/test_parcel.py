import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.samples import HUB, KEY, OFFICE_READER, READER, a_day
from wire import cbor, sealing
from wire.errors import BadRecord
from wire.exchange import LONGEST_BODY
from wire.parcel import LONGEST_PARCEL, MOST_MESSAGES, addressee, pack, unpack
from wire.summary import seal


def packed(*messages: bytes) -> bytes:
    return pack(messages, HUB, READER.public_key())


@given(st.lists(st.binary(max_size=60), max_size=6))
@settings(max_examples=60)
def test_messages_come_out_as_they_went_in_for_the_addressee_alone(messages):
    data = packed(*messages)
    assert addressee(data) == HUB
    assert unpack(data, HUB, READER) == messages
    with pytest.raises(BadRecord, match="not sealed for this reader"):
        unpack(data, HUB, OFFICE_READER)
    with pytest.raises(BadRecord, match="for somebody else"):
        unpack(data, b"another!", READER)


def test_who_carries_it_can_read_nothing_of_it():
    record = seal(a_day(), KEY, HUB)
    data = packed(record)
    assert record[20:40] not in data
    assert len(data) < len(record) + 100


def test_a_file_readdressed_on_the_way_does_not_open():
    moved = packed(b"text").replace(HUB, b"another!")
    assert addressee(moved) == b"another!"
    with pytest.raises(BadRecord, match="not sealed for this reader"):
        unpack(moved, b"another!", READER)


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data):
    changed = bytearray(packed(b"text"))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadRecord):
        unpack(bytes(changed), HUB, READER)


def test_a_file_cut_anywhere_is_a_bad_record():
    data = packed(b"text")
    for length in range(len(data)):
        with pytest.raises(BadRecord):
            unpack(data[:length], HUB, READER)


@given(st.binary(max_size=300))
def test_garbage_is_a_bad_record(data):
    for read in (lambda: addressee(data), lambda: unpack(data, HUB, READER)):
        with pytest.raises(BadRecord):
            read()


def test_a_file_beyond_four_megabytes_is_neither_made_nor_read():
    with pytest.raises(BadRecord, match="make two of it"):
        packed(*[bytes(LONGEST_BODY)] * 4)
    with pytest.raises(BadRecord, match="at most 4194304 bytes"):
        addressee(bytes(LONGEST_PARCEL + 1))


WITHIN = {
    "no list": {1: b"text"},
    "a list of text": ["text"],
    "a list within a list": [[b"text"]],
    "65 messages": [b""] * (MOST_MESSAGES + 1),
    "a message beyond a megabyte": [bytes(LONGEST_BODY + 1)],
}


@pytest.mark.parametrize("value", WITHIN.values(), ids=WITHIN)
def test_refused_though_well_closed_is(value):
    closed = sealing.close(cbor.encode(value), READER.public_key(), b"village-hub parcel 1" + HUB)
    data = cbor.encode({0: 7, 1: 1, 2: HUB, 3: closed})
    with pytest.raises(BadRecord, match=r"\.$"):
        unpack(data, HUB, READER)


@pytest.mark.parametrize("change", [{0: 2}, {1: 3}, {1: True}, {2: b"short"}, {2: "12345678"}, {3: 5}], ids=str)
def test_no_parcel_is_a_message_with(change):
    with pytest.raises(BadRecord, match=r"\.$"):
        addressee(cbor.encode({0: 7, 1: 1, 2: HUB, 3: b"sealed"} | change))


@pytest.mark.parametrize("key", [2, 3])
def test_no_parcel_is_a_message_without(key):
    fields = {0: 7, 1: 1, 2: HUB, 3: b"sealed"}
    del fields[key]
    with pytest.raises(BadRecord, match=r"\.$"):
        addressee(cbor.encode(fields))


def test_more_messages_than_are_read_are_not_packed():
    with pytest.raises(BadRecord, match="make two of it"):
        packed(*[b"text"] * (MOST_MESSAGES + 1))
    with pytest.raises(BadRecord, match="make two of it"):
        packed(bytes(LONGEST_BODY + 1))
