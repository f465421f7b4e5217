import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import cbor
from wire.errors import BadRecord

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=20) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 300) | st.text(max_size=3), inner),
    max_leaves=15,
)


@given(VALUES)
@settings(max_examples=150)
def test_what_is_encoded_decodes_to_the_same(value):
    assert cbor.decode(cbor.encode(value), items=1000, depth=100) == value


@given(st.binary(max_size=60))
@settings(max_examples=400)
def test_any_bytes_give_a_value_that_encodes_to_them_or_a_bad_record(data):
    try:
        value = cbor.decode(data, items=100)
    except BadRecord:
        return
    assert cbor.encode(value) == data


REFUSED = {
    "a billion items are promised": b"\x9a\x3b\x9a\xca\x00",
    "an exabyte of bytes is promised": b"\x5b\x10" + bytes(7),
    "arrays nest a thousand deep": b"\x81" * 1000 + b"\x00",
    "a tag (a regular expression)": cbor2.dumps(cbor2.CBORTag(35, "(a+)+$")),
    "a shared reference to itself": bytes.fromhex("d81c81d81d00"),
    "a float": cbor2.dumps(1.5),
    "an indefinite array": bytes.fromhex("9f0102ff"),
    "a number longer than needed": bytes.fromhex("1801"),
    "a key twice": bytes.fromhex("a201000101"),
    "a map as a key": bytes.fromhex("a1a0a0"),
    "text that is no UTF-8": b"\x61\xff",
    "undefined": b"\xf7",
    "nothing": b"",
    "something behind the value": b"\x00\x00",
    "a value cut short": b"\x82\x00",
    "too many items": cbor2.dumps([0] * 101),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_refused_is(data):
    with pytest.raises(BadRecord, match=r"\.$"):
        cbor.decode(data, items=100)


def test_what_cbor_of_ours_cannot_say_is_a_bad_record():
    with pytest.raises(BadRecord):
        cbor.encode(object())
