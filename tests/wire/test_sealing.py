import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

from tests.wire.samples import HUB, OFFICE_READER, READER
from wire import sealing
from wire.errors import BadRecord

THEIRS = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)
WEAK = X25519PublicKey.from_public_bytes(bytes(32))  # of order 1 at most: leads to no secret


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_closed_for_a_reader_opens_under_the_same_context(plain, context):
    closed = sealing.close(plain, READER.public_key(), context)
    assert len(closed) == len(plain) + sealing.OVERHEAD
    assert sealing.unclose(closed, READER, context) == plain


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_pyhpke_opens_what_we_close(plain, context):
    closed = sealing.close(plain, READER.public_key(), context)
    reader = THEIRS.create_recipient_context(closed[:32], KEMKey.from_pyca_cryptography_key(READER), info=context)
    assert reader.open(closed[32:]) == plain


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_we_open_what_pyhpke_closes(plain, context):
    enc, writer = THEIRS.create_sender_context(KEMKey.from_pyca_cryptography_key(READER.public_key()), info=context)
    assert sealing.unclose(enc + writer.seal(plain), READER, context) == plain


def test_the_same_is_closed_differently_each_time():
    assert len({sealing.close(b"text", READER.public_key(), b"") for _ in range(50)}) == 50


def test_nobody_else_opens_it_nor_under_another_context():
    closed = sealing.close(b"text", READER.public_key(), b"context")
    for reader, context in ((OFFICE_READER, b"context"), (READER, b"other"), (READER, b"")):
        with pytest.raises(BadRecord, match="not sealed for this reader"):
            sealing.unclose(closed, reader, context)


def test_no_changed_byte_and_no_cut_goes_unnoticed():
    closed = sealing.close(b"some text", READER.public_key(), b"context")
    for at in range(len(closed)):
        for changed in (closed[:at] + bytes([closed[at] ^ 1]) + closed[at + 1 :], closed[:at]):
            with pytest.raises(BadRecord):
                sealing.unclose(changed, READER, b"context")


@given(st.binary(max_size=200))
def test_garbage_is_a_bad_record(data):
    with pytest.raises(BadRecord):
        sealing.unclose(data, READER, b"")


def test_a_key_that_leads_to_no_secret_is_refused_by_all_who_would_use_it():
    with pytest.raises(BadRecord, match="gives no secret"):
        sealing.close(b"text", WEAK, b"")
    with pytest.raises(BadRecord, match="gives no secret"):
        sealing.shared_secret(READER, WEAK, HUB)
    with pytest.raises(BadRecord):
        sealing.unclose(bytes(32) + bytes(20), READER, b"")


@pytest.mark.parametrize("raw", [b"", bytes(31), bytes(33)], ids=len)
def test_a_key_of_another_length_is_refused(raw):
    with pytest.raises(BadRecord, match="32 bytes"):
        sealing.key_of(raw)


def test_both_come_to_the_same_secret_another_one_for_each_hub_and_pair():
    mine = sealing.shared_secret(READER, OFFICE_READER.public_key(), HUB)
    assert sealing.shared_secret(OFFICE_READER, READER.public_key(), HUB) == mine
    other = X25519PrivateKey.from_private_bytes(b"x" * 32)
    assert len({mine, sealing.shared_secret(READER, OFFICE_READER.public_key(), b"another!"),
                sealing.shared_secret(READER, other.public_key(), HUB)}) == 3  # fmt: skip
    assert len(mine) == 32


def test_a_key_is_called_by_the_first_bytes_of_its_hash():
    assert sealing.name_of(b"").hex() == "e3b0c44298fc1c14"  # SHA-256 of nothing, FIPS 180-4
