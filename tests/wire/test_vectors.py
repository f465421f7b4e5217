"""The vectors that docs/formats/summary.md prints are what the code reads and writes."""

import datetime as dt
import hmac
import re
from pathlib import Path

import cwt
import pytest
from cryptography.hazmat.primitives import serialization as form
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

from tests.wire.samples import (
    BOOT,
    HUB,
    KEY,
    KEYS,
    NEXT,
    NONCE,
    OFFICE,
    OFFICE_READER,
    PUBLIC,
    READER,
    a_day,
    a_state,
    by_course,
    every_table,
    in_total,
    undated,
)
from wire import columns, cose, sealing
from wire.enrol import Enrolment, open_enrolment, seal_enrolment
from wire.exchange import Acknowledged, Ahead, Answer, Batch, Lineage, open_answer, open_batch, seal_answer, seal_batch
from wire.parcel import addressee, unpack
from wire.short import open_totals, seal_totals
from wire.state import open_state
from wire.summary import KNOWN, PLAIN, Part, digest, seal, unseal

PAGE = (Path(__file__).parents[2] / "docs/formats/summary.md").read_text("utf-8")
VECTORS = {name: bytes.fromhex(text) for name, text in re.findall(r"```([a-z-]+)\n([0-9a-f\n]+)```", PAGE)}
NAMES = [
    *PLAIN.items(), (3, "day"), (22, "items"), (23, "hours"), (24, "boots"), (25, "undated"), (26, "emptied"),
    (27, "sign_ins"), (28, "level"), (29, "courses"), (30, "learning"), (31, "sessions"), (32, "survey"),
]  # fmt: skip
CODE = "K7QM-3T5X-9D2B-HJ4W-P6RE"


def test_the_sealed_day_reads_as_the_page_says():
    assert PUBLIC.public_bytes_raw() == VECTORS["hub-key"]
    assert unseal(VECTORS["summary"], KEYS.get) == a_day()
    assert digest(VECTORS["summary"]) == VECTORS["digest"]


def test_the_day_is_written_as_the_map_of_the_page():
    for sealed in (VECTORS["summary"], seal(a_day(), KEY, HUB)):
        assert columns.inflate(cose.verify(sealed, PUBLIC), 65_536) == VECTORS["summary-map"]


def test_the_batch_is_as_the_page_says():
    batch = Batch(hub=HUB, nonce=NONCE, records=[], oldest_unacknowledged=41, content_release=7, software="0.1.0")
    assert seal_batch(batch, KEY, HUB) == VECTORS["batch"]
    assert open_batch(VECTORS["batch"], KEYS.get) == batch


def test_the_answer_is_as_the_page_says():
    rows = [Acknowledged(3_735_928_559, dt.date(2026, 2, 28), 2, VECTORS["digest"])]
    answer = Answer(nonce=NONCE, time=1_772_380_800_000, acknowledged=rows, refused=[])
    assert seal_answer(answer, OFFICE, b"office") == VECTORS["answer"]
    assert open_answer(VECTORS["answer"], OFFICE.public_key(), NONCE) == answer


def test_the_answer_with_content_is_as_the_page_says():
    answer = Answer(nonce=NONCE, time=1_772_380_800_000, acknowledged=[], refused=[], content=12)
    assert seal_answer(answer, OFFICE, b"office") == VECTORS["answer-with-content"]
    assert open_answer(VECTORS["answer-with-content"], OFFICE.public_key(), NONCE) == answer


def test_the_enrolment_is_as_the_page_says():
    asked = Enrolment(code_id="K7QM", hub=HUB, public_key=PUBLIC.public_bytes_raw(), nonce=NONCE, software="0.1.0")
    assert seal_enrolment(asked, CODE) == VECTORS["enrolment"]
    assert open_enrolment(VECTORS["enrolment"], {"K7QM": CODE}.get) == asked


def test_the_day_with_every_table_is_as_the_page_says():
    assert unseal(VECTORS["every-table"], KEYS.get) == every_table()
    for sealed in (VECTORS["every-table"], seal(every_table(), KEY, HUB)):
        assert columns.inflate(cose.verify(sealed, PUBLIC), 65_536) == VECTORS["every-table-map"]


@pytest.mark.parametrize(("name", "day"), [("undated", undated()), ("by-course", by_course())])
def test_the_part_and_the_day_by_course_are_as_the_page_says(name, day):
    assert unseal(VECTORS[name], KEYS.get) == day
    read = [columns.inflate(cose.verify(sealed, PUBLIC), 65_536) for sealed in (VECTORS[name], seal(day, KEY, HUB))]
    assert read[0] == read[1]


def test_the_keys_for_sealing_and_what_both_come_to_are_as_the_page_says():
    assert READER.public_key().public_bytes_raw() == VECTORS["hub-sealing-key"]
    assert OFFICE_READER.public_key().public_bytes_raw() == VECTORS["office-sealing-key"]
    assert sealing.shared_secret(OFFICE_READER, READER.public_key(), HUB) == VECTORS["shared-secret"]
    assert sealing.shared_secret(READER, OFFICE_READER.public_key(), HUB) == VECTORS["shared-secret"]


def test_the_secret_comes_out_of_the_functions_of_the_standard_library_alone():
    """HKDF of RFC 5869 by hand: without salt, one block."""
    agreed = READER.exchange(OFFICE_READER.public_key())
    first = hmac.digest(bytes(32), agreed, "sha256")
    assert hmac.digest(first, b"village-hub totals 1" + HUB + b"\x01", "sha256") == VECTORS["shared-secret"]


def test_the_totals_are_as_the_page_says():
    assert seal_totals(a_day(boots=(BOOT,), sign_ins=9), VECTORS["shared-secret"]) == VECTORS["totals"]
    assert open_totals(VECTORS["totals"], {HUB: VECTORS["shared-secret"]}.get) == in_total()


def test_the_totals_are_laid_out_as_the_page_says():
    """By hand, from the page alone."""
    numbers = [2 * 2250, 2, 41, 7, 2, 1, 1, 3, 1440, 2, 3, 290, 530, 20_000_000, 4_321, 1, 1, 9, 2]
    body = bytes.fromhex("e10102030405060708deadbeef") + b"".join(map(leb128, numbers))
    body += b"\x02es\x02" + b"\x03yua\x01" + bytes.fromhex("b0070001")
    assert body + hmac.digest(VECTORS["shared-secret"], body, "sha256")[:16] == VECTORS["totals"]


def leb128(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number % 128 + 128]) + leb128(number // 128)


def test_the_batch_with_lineage_is_as_the_page_says():
    lineage = Lineage(3_735_928_559, 40, bytes.fromhex("aaaaaaaa") + digest(VECTORS["every-table"])[:4])
    batch = Batch(
        hub=HUB, nonce=NONCE, records=[], oldest_unacknowledged=41, content_release=7, software="0.1.0", speaks=2,
        lineage=lineage, state=6, trouble="There is no disk.", sealing_key=VECTORS["hub-sealing-key"],
    )  # fmt: skip
    assert seal_batch(batch, KEY, HUB) == VECTORS["batch-with-lineage"]
    assert open_batch(VECTORS["batch-with-lineage"], KEYS.get) == batch


def test_what_is_closed_opens_as_the_page_says_also_in_another_program():
    assert sealing.unclose(VECTORS["closed"], READER, b"village-hub") == b"text"
    theirs = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)
    key = KEMKey.from_pyca_cryptography_key(READER)
    reader = theirs.create_recipient_context(VECTORS["closed"][:32], key, info=b"village-hub")
    assert reader.open(VECTORS["closed"][32:]) == b"text"


def test_the_state_is_as_the_page_says():
    assert open_state(VECTORS["state"], OFFICE.public_key(), READER) == a_state()


def test_the_answer_with_ahead_and_state_is_as_the_page_says():
    counted = [(dt.date(2026, 2, 28), [BOOT, NEXT]), (Part(BOOT, 1), [BOOT])]
    answer = Answer(
        nonce=NONCE, time=1_772_380_800_000, refused=[], configuration=7, content=12, speaks=2, state=VECTORS["state"],
        acknowledged=[Acknowledged(3_735_928_559, None, 2, digest(VECTORS["undated"]))],
        sealing_key=VECTORS["office-sealing-key"],
        ahead=Ahead(3_735_928_559, 45, bytes.fromhex("bbbbbbbb"), counted),
    )  # fmt: skip
    assert seal_answer(answer, OFFICE, b"office") == VECTORS["answer-with-ahead"]
    assert open_answer(VECTORS["answer-with-ahead"], OFFICE.public_key(), NONCE) == answer


def test_the_parcel_is_as_the_page_says():
    assert addressee(VECTORS["parcel"]) == HUB
    assert unpack(VECTORS["parcel"], HUB, READER) == [VECTORS["batch-with-lineage"]]


def test_pycose_and_cwt_open_every_envelope_of_the_page():
    ours = {"summary", "every-table", "undated", "by-course", "batch", "batch-with-lineage"}
    theirs = {"answer", "answer-with-content", "answer-with-ahead", "state"}
    signed = {name for name, data in VECTORS.items() if data[:1] == b"\xd2"}
    assert signed == ours | theirs
    for name in signed:
        key = KEY if name in ours else OFFICE
        message = CoseMessage.decode(VECTORS[name])
        message.key = OKPKey(crv=Ed25519, d=key.private_bytes_raw(), x=key.public_key().public_bytes_raw())
        assert message.verify_signature()
        pem = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        kid = HUB if name in ours else b"office"
        assert cwt.COSE().decode(VECTORS[name], cwt.COSEKey.from_pem(pem, kid=kid, alg="EdDSA")) == message.payload


@pytest.mark.parametrize(("key", "name"), NAMES)
def test_every_field_of_a_summary_is_on_the_page(key, name):
    assert f"\n| {key} | {name} |" in PAGE


def test_the_page_lists_no_key_that_is_not_there():
    listed = {int(key) for key in re.findall(r"^\| (\d+) \| \w+ \|", PAGE.split("## Batch")[0], re.MULTILINE)}
    assert listed | {0, 1} == KNOWN
