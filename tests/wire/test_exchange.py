import datetime as dt
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.samples import BOOT, HUB, KEY, KEYS, NEXT, PUBLIC, a_day, undated
from wire import cbor, cose
from wire.errors import BadRecord
from wire.exchange import (
    Acknowledged,
    Ahead,
    Answer,
    Batch,
    Lineage,
    Refused,
    open_answer,
    open_batch,
    seal_answer,
    seal_batch,
)
from wire.summary import Part, digest, seal

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


LINEAGE = Lineage(7, 40, b"aaaabbbbcccc")
AHEAD = Ahead(
    7, 45, b"mark", [(dt.date(2026, 2, 28), [BOOT, NEXT]), (Part(BOOT, 1), [BOOT]), (dt.date(2026, 3, 1), [])]
)


def test_a_batch_tells_lineage_state_and_trouble():
    told = {"lineage": LINEAGE, "speaks": 2, "state": 6, "trouble": "There is no disk.", "sealing_key": b"k" * 32}
    batch = a_batch(records=[seal(undated(), KEY, HUB)], **told)
    assert open_batch(seal_batch(batch, KEY, HUB), KEYS.get) == batch


def test_a_lineage_knows_the_mark_of_each_of_its_sealings():
    assert [LINEAGE.mark(number) for number in range(39, 44)] == [None, b"aaaa", b"bbbb", b"cccc", None]
    assert LINEAGE.highest == 42
    assert (Lineage(7, 1, b"").highest, Lineage(7, 1, b"").mark(1), Lineage(7, 0, b"").highest) == (0, None, -1)


def test_an_answer_tells_how_far_ahead_head_office_is_by_day_and_by_part():
    answer = an_answer(ahead=AHEAD, speaks=2)
    assert open_answer(seal_answer(answer, OFFICE, b"office"), OFFICE.public_key(), NONCE) == answer


def test_an_answer_acknowledges_undated_parts_by_digest_and_brings_a_state_and_a_key():
    rows = [Acknowledged(7, None, 2, digest(b"a"))]
    answer = an_answer(acknowledged=rows, state=b"sealed state", sealing_key=b"k" * 32)
    assert open_answer(seal_answer(answer, OFFICE, b"office"), OFFICE.public_key(), NONCE) == answer


def test_what_is_as_every_reader_assumes_takes_no_byte():
    plain = cbor.decode(cose.verify(seal_batch(a_batch(records=[]), KEY, HUB), PUBLIC), items=99)
    assert sorted(plain) == [0, 1, 2, 3, 4, 5, 6]
    plain = cbor.decode(cose.verify(seal_answer(an_answer(), KEY, HUB), PUBLIC), items=99)
    assert sorted(plain) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_an_answer_that_was_carried_is_read_without_its_nonce():
    answer = an_answer()
    assert open_answer(seal_answer(answer, OFFICE, b"office"), OFFICE.public_key(), None) == answer
    with pytest.raises(BadRecord, match="seal does not fit"):
        open_answer(seal_answer(answer, KEY, b"office"), OFFICE.public_key(), None)


def test_the_fullest_answer_is_read():
    sentence = "x" * 100
    answer = an_answer(
        acknowledged=[Acknowledged(2**32 - 1, dt.date(2026, 2, 28), 2, digest(b"a"))] * 512,
        refused=[Refused(digest(b"b"), sentence)] * 512,
        missing=[(2**32 - 1, dt.date(2026, 1, 1))] * 512,
        ahead=Ahead(7, 45, b"mark", [(Part(BOOT, 1), [BOOT, NEXT])] * 512),
        state=bytes(24 << 10),
    )
    assert open_answer(seal_answer(answer, OFFICE, b"office"), OFFICE.public_key(), NONCE) == answer


WRONG_ANSWERS = {
    "a time beyond 2199": {3: 7_258_118_400_000},
    "a time before 1970": {3: -1},
    "ahead of nothing": {12: None},
    "ahead by a short row": {12: [7, 45, b"mark"]},
    "ahead with a mark of three bytes": {12: [7, 45, b"mar", []]},
    "ahead with a place that is text": {12: [7, 45, b"mark", [["today", b""]]]},
    "ahead with half a part": {12: [7, 45, b"mark", [[[BOOT], b""]]]},
    "ahead with half a boot": {12: [7, 45, b"mark", [[2250, b"123456"]]]},
    "ahead with boots that are a number": {12: [7, 45, b"mark", [[2250, 5]]]},
    "an acknowledgement that is no row": {4: [5]},
    "acknowledgements that are a map": {4: {}},
    "no acknowledgements": {4: None},
    "a state beyond 24 KiB": {10: bytes((24 << 10) + 1)},
    "a key of 31 bytes": {11: bytes(31)},
    "true for its version": {1: True},
}


@pytest.mark.parametrize("change", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_refused_though_well_signed_is_an_answer_with(change):
    plain = cbor.decode(cose.verify(seal_answer(an_answer(), OFFICE, b"office"), OFFICE.public_key()), items=99)
    with pytest.raises(BadRecord, match=r"\.$"):
        open_answer(cose.sign(cbor.encode(plain | change), OFFICE, b"office"), OFFICE.public_key(), NONCE)


WRONG_BATCHES = {
    "a lineage that is none": {8: 5},
    "a lineage that is null": {8: None},
    "a lineage too short": {8: [7, 40]},
    "half a mark": {8: [7, 40, b"123456"]},
    "marks as a list": {8: [7, 40, [b"aaaa"]]},
    "more marks than are read": {8: [7, 40, bytes(4 * 1025)]},
    "records as a map": {3: {}},
    "a record that is text": {3: ["cmVjb3Jk"]},
    "a nonce that is text": {2: "bm9uY2Ugb2YgMTYgYnl0ZQ=="},
    "trouble without end": {10: "x" * 501},
    "a version it speaks that is negative": {7: -1},
    "a key of 33 bytes": {11: bytes(33)},
}


@pytest.mark.parametrize("change", WRONG_BATCHES.values(), ids=WRONG_BATCHES)
def test_refused_though_well_signed_is_a_batch_with(change):
    plain = cbor.decode(cose.verify(seal_batch(a_batch(records=[]), KEY, HUB), PUBLIC), items=99)
    with pytest.raises(BadRecord, match=r"\.$"):
        open_batch(cose.sign(cbor.encode(plain | change), KEY, HUB), KEYS.get)


def test_rows_that_a_newer_program_made_longer_are_read():
    plain = cbor.decode(
        cose.verify(seal_answer(an_answer(ahead=AHEAD), OFFICE, b"office"), OFFICE.public_key()), items=99, depth=6
    )
    longer = {key: [[*row, "more"] for row in plain[key]] for key in (4, 5, 7)}
    longer[12] = [*plain[12][:3], [[*row, 5] for row in plain[12][3]], "more"]
    body = cose.sign(cbor.encode(plain | longer), OFFICE, b"office")
    assert open_answer(body, OFFICE.public_key(), NONCE) == an_answer(ahead=AHEAD)


@given(st.binary(max_size=300))
def test_garbage_is_a_bad_record(data):
    with pytest.raises(BadRecord):
        open_batch(data, KEYS.get)
    with pytest.raises(BadRecord):
        open_answer(data, PUBLIC, NONCE)


@given(st.data())
def test_what_the_other_side_signs_is_read_or_refused(data):
    for sealed, read in (
        (seal_batch(a_batch(lineage=LINEAGE, state=3), KEY, HUB), lambda body: open_batch(body, KEYS.get)),
        (seal_answer(an_answer(ahead=AHEAD, state=b"sealed"), KEY, HUB), lambda body: open_answer(body, PUBLIC, NONCE)),
    ):
        payload = bytearray(cose.verify(sealed, PUBLIC))
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
        with suppress(BadRecord):
            assert read(cose.sign(bytes(payload), KEY, HUB)) is not None
