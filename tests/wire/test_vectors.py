"""The vectors that docs/formats/summary.md prints are what the code reads and writes."""

import datetime as dt
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.wire.samples import HUB, KEY, KEYS, PUBLIC, a_day
from wire import columns, cose
from wire.enrol import Enrolment, open_enrolment, seal_enrolment
from wire.exchange import Acknowledged, Answer, Batch, open_answer, open_batch, seal_answer, seal_batch
from wire.summary import KNOWN, PLAIN, digest, seal, unseal

PAGE = (Path(__file__).parents[2] / "docs/formats/summary.md").read_text("utf-8")
VECTORS = {name: bytes.fromhex(text) for name, text in re.findall(r"```([a-z-]+)\n([0-9a-f\n]+)```", PAGE)}
NONCE = bytes(range(16))
OFFICE = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
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


@pytest.mark.parametrize(("key", "name"), [*PLAIN.items(), (3, "day"), (22, "items"), (23, "hours")])
def test_every_field_of_a_summary_is_on_the_page(key, name):
    assert f"\n| {key} | {name} |" in PAGE


def test_the_page_lists_no_key_that_is_not_there():
    listed = {int(key) for key in re.findall(r"^\| (\d+) \| \w+ \|", PAGE.split("## Batch")[0], re.MULTILINE)}
    assert listed | {0, 1} == KNOWN
