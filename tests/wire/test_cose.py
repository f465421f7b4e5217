import cwt
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pycose.algorithms import HMAC256, EdDSA
from pycose.headers import KID, Algorithm
from pycose.keys import OKPKey, SymmetricKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage, Mac0Message, Sign1Message

from tests.wire.samples import HUB, KEY, PUBLIC
from wire import cose
from wire.errors import BadRecord

RAW = PUBLIC.public_bytes(form.Encoding.Raw, form.PublicFormat.Raw)
THEIR_KEY = OKPKey(crv=Ed25519, d=KEY.private_bytes_raw(), x=RAW)


def test_pycose_verifies_what_we_sign():
    message = CoseMessage.decode(cose.sign(b"payload", KEY, HUB))
    message.key = THEIR_KEY
    assert isinstance(message, Sign1Message)
    assert message.verify_signature()
    assert (message.payload, message.phdr[KID]) == (b"payload", HUB)


def test_we_verify_what_pycose_signs_and_it_is_byte_for_byte_ours():
    message = Sign1Message(phdr={Algorithm: EdDSA, KID: HUB}, payload=b"payload", key=THEIR_KEY)
    sealed = message.encode()
    assert sealed == cose.sign(b"payload", KEY, HUB)
    assert cose.verify(sealed, PUBLIC) == b"payload"


def test_cwt_verifies_what_we_sign():
    pem = PUBLIC.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    key = cwt.COSEKey.from_pem(pem, kid=HUB, alg="EdDSA")
    assert cwt.COSE().decode(cose.sign(b"payload", KEY, HUB), key) == b"payload"


def test_pycose_verifies_what_we_authenticate_and_makes_the_same_bytes():
    theirs = Mac0Message(phdr={Algorithm: HMAC256, KID: b"K7QM"}, payload=b"payload", key=SymmetricKey(k=b"s" * 16))
    assert theirs.encode() == cose.authenticate(b"payload", b"s" * 16, b"K7QM")


def test_the_key_id_is_read_without_the_key():
    assert cose.key_id(cose.sign(b"payload", KEY, HUB)) == HUB
    assert cose.secret_id(cose.authenticate(b"payload", b"secret", b"K7QM")) == b"K7QM"


def test_another_key_is_refused():
    other = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(BadRecord, match="seal does not fit"):
        cose.verify(cose.sign(b"payload", KEY, HUB), other)


def test_another_secret_is_refused():
    with pytest.raises(BadRecord, match="seal does not fit"):
        cose.authentic(cose.authenticate(b"payload", b"secret", b"K7QM"), b"other")


@pytest.mark.parametrize(
    "header",
    [{1: -8}, {1: -7, 4: HUB}, {1: -8, 4: "text"}, {1: -8, 4: b""}, {1: -8, 4: HUB, 2: [1]}, []],
    ids=str,
)
def test_a_header_other_than_ours_is_refused_though_signed(header):
    from wire import cbor

    protected = cbor.encode(header)
    seal = KEY.sign(cbor.encode(["Signature1", protected, b"", b"payload"]))
    with pytest.raises(BadRecord):
        cose.verify(b"\xd2" + cbor.encode([protected, {}, b"payload", seal]), PUBLIC)


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data):
    sealed = bytearray(cose.sign(b"a payload of some length", KEY, HUB))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadRecord):
        cose.verify(bytes(sealed), PUBLIC)


@given(st.binary(max_size=200))
def test_garbage_is_a_bad_record(data):
    for read in (cose.key_id, cose.secret_id):
        with pytest.raises(BadRecord):
            read(data)
