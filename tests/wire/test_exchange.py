import datetime as dt
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.samples import HUB, KEY, KEYS, PUBLIC, a_day
from wire.errors import BadRecord
from wire.exchange import Acknowledged, Answer, Batch, Refused, open_answer, open_batch, seal_answer, seal_batch
from wire.summary import digest, seal

OFFICE = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
NONCE = b"n" * 16


def a_batch(**changes) -> Batch:
    return Batch(**({"hub": HUB, "nonce": NONCE, "records": [seal(a_day(), KEY, HUB)], "software": "0.1"} | changes))


def an_answer(**changes) -> Answer:
    fields = {
        "nonce": NONCE,
        "time": 1_772_000_000_000,
        "acknowledged": [Acknowledged(7, dt.date(2026, 2, 28), 2, digest(b"a"))],
        "refused": [Refused(digest(b"b"), "It is damaged; send it again.")],
        "configuration": 3,
        "missing": [(7, dt.date(2026, 2, 20))],
    }
    return Answer(**(fields | changes))


def test_a_batch_arrives_with_its_records_as_they_were_sealed():
    batch = a_batch(oldest_unacknowledged=40, content_release=7)
    assert open_batch(seal_batch(batch, KEY, HUB), KEYS.get) == batch


def test_a_batch_without_records_asks_for_the_time():
    batch = a_batch(records=[], oldest_unacknowledged=None)
    assert open_batch(seal_batch(batch, KEY, HUB), KEYS.get) == batch


def test_an_answer_arrives_whole():
    assert open_answer(seal_answer(an_answer(), OFFICE, b"office"), OFFICE.public_key(), NONCE) == an_answer()


def test_an_answer_to_another_request_is_not_believed():
    with pytest.raises(BadRecord, match="another request"):
        open_answer(seal_answer(an_answer(), OFFICE, b"office"), OFFICE.public_key(), b"m" * 16)


def test_an_answer_that_head_office_did_not_sign_is_not_believed():
    with pytest.raises(BadRecord, match="seal does not fit"):
        open_answer(seal_answer(an_answer(), KEY, b"office"), OFFICE.public_key(), NONCE)


def test_the_page_of_a_hotspot_is_no_answer():
    with pytest.raises(BadRecord, match="not a sealed record"):
        open_answer(b"<html>Please pay</html>", OFFICE.public_key(), NONCE)


def test_a_batch_never_passes_for_an_answer_nor_a_summary_for_a_batch():
    with pytest.raises(BadRecord, match="no answer"):
        open_answer(seal_batch(a_batch(), KEY, HUB), PUBLIC, NONCE)
    with pytest.raises(BadRecord):
        open_batch(seal(a_day(), KEY, HUB), KEYS.get)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": b"short"},
        {"records": [b""] * 513},
        {"records": [bytes(40_000)]},
        {"software": "x" * 65},
        {"hub": b"12345678"},
    ],
    ids=["a short nonce", "too many records", "a record too long", "a long name", "another hub"],
)
def test_a_batch_that_would_be_refused_is_not_sealed(changes):
    with pytest.raises(BadRecord, match=r"\.$"):
        seal_batch(a_batch(**changes), KEY, HUB)


def test_a_batch_beyond_a_megabyte_is_to_be_split():
    with pytest.raises(BadRecord, match="fewer records"):
        seal_batch(a_batch(records=[bytes(30_000)] * 40), KEY, HUB)


def test_500_acknowledgements_fit_one_answer():
    rows = [Acknowledged(2**32 - 1, dt.date(2026, 2, 28), 2, digest(b"a"))] * 512
    answer = an_answer(acknowledged=rows, missing=[(2**32 - 1, dt.date(2026, 1, 1))] * 512)
    assert open_answer(seal_answer(answer, OFFICE, b"office"), OFFICE.public_key(), NONCE) == answer


@given(st.binary(max_size=300))
def test_garbage_is_a_bad_record(data):
    with pytest.raises(BadRecord):
        open_batch(data, KEYS.get)
    with pytest.raises(BadRecord):
        open_answer(data, PUBLIC, NONCE)


@given(st.data())
def test_what_the_other_side_signs_is_read_or_refused(data):
    from wire import cose

    for sealed, read in (
        (seal_batch(a_batch(), KEY, HUB), lambda body: open_batch(body, KEYS.get)),
        (seal_answer(an_answer(), KEY, HUB), lambda body: open_answer(body, PUBLIC, NONCE)),
    ):
        payload = bytearray(cose.verify(sealed, PUBLIC))
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
        with suppress(BadRecord):
            assert read(cose.sign(bytes(payload), KEY, HUB)) is not None
