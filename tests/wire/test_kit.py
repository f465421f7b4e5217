"""The kit: what it says is read again, damage shows, and nothing in it can be so large that it hurts."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from wire import cbor, cose, messages
from wire.errors import BadRecord
from wire.kit import KIT, OUTER, Kit, open_kit, seal_kit
from wire.messages import Kind

OFFICE = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
CODE = "K7QM-3T5X-9D2B-HJ4W-P6RE"
FIELDS = {
    "code": CODE, "site": "dzemul", "name": "Dzemul", "time_zone": "America/Merida", "sealing_key": b"s" * 32,
    "collector_key": OFFICE.public_key().public_bytes_raw(), "until": 1_803_916_800_000, "speaks": 2,
}  # fmt: skip
MORE = {
    "address": "https://office.example",
    "content_place": "https://content.example/repository",
    "content_root": b"{}",
    "group": "norte",
}


@pytest.mark.parametrize("more", [{}, MORE])
def test_what_is_written_is_read_again(more):
    kit = Kit(**FIELDS, **more)
    assert open_kit(seal_kit(kit, OFFICE)) == kit


def test_equal_kits_are_equal_bytes():
    assert seal_kit(Kit(**FIELDS), OFFICE) == seal_kit(Kit(**FIELDS), OFFICE)


def test_every_flipped_bit_of_every_byte_shows():
    data = seal_kit(Kit(**FIELDS, **MORE), OFFICE)
    for place in range(len(data)):
        for bit in (0, 3, 7):
            bent = bytearray(data)
            bent[place] ^= 1 << bit
            with pytest.raises(BadRecord):
                open_kit(bytes(bent))


@given(st.binary(max_size=300))
def test_garbage_gets_a_sentence(data):
    with pytest.raises(BadRecord, match=r"\.$"):
        open_kit(data)


def test_a_kit_cut_short_or_of_another_kind_is_no_kit():
    data = seal_kit(Kit(**FIELDS), OFFICE)
    for wrong in (data[:-1], data + b"x", b"", b"PK\x03\x04", bytes(30_000)):
        with pytest.raises(BadRecord, match="take a fresh copy of the file"):
            open_kit(wrong)


def test_the_key_that_signs_is_the_one_that_is_named():
    with pytest.raises(BadRecord, match="signed by the key that it names"):
        seal_kit(Kit(**FIELDS | {"collector_key": b"c" * 32}), OFFICE)
    other = Ed25519PrivateKey.generate()
    outer = messages.named(messages.read(seal_kit(Kit(**FIELDS), OFFICE), Kind.KIT, items=9), OUTER)
    outer["collector_key"] = other.public_key().public_bytes_raw()
    with pytest.raises(BadRecord):
        open_kit(messages.write(Kind.KIT, OUTER, outer))


@pytest.mark.parametrize("wrong", [{"code": "K7QM"}, {"site": ""}, {"sealing_key": b"s"}, {"until": -1}])
def test_what_no_kit_says_is_refused_although_it_is_signed(wrong):
    fields = FIELDS | wrong
    told = {number: name for number, name in KIT.items() if name in fields}
    sealed = cose.sign(messages.write(Kind.KIT, told, fields), OFFICE, b"K7QM")
    with pytest.raises(BadRecord):
        open_kit(messages.write(Kind.KIT, OUTER, {"collector_key": FIELDS["collector_key"], "sealed": sealed}))


def test_what_a_newer_program_adds_is_passed_over():
    plain = messages.write(Kind.KIT, {number: name for number, name in KIT.items() if name in FIELDS}, FIELDS)
    more = cbor.encode(cbor.decode(plain, items=99) | {40: "new"})
    sealed = cose.sign(more, OFFICE, b"K7QM")
    data = messages.write(Kind.KIT, OUTER, {"collector_key": FIELDS["collector_key"], "sealed": sealed})
    assert open_kit(data) == Kit(**FIELDS)
