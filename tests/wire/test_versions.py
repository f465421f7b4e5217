"""A program one version behind reads whatever it could say itself, and says what to do about the rest.

`read_as_version_1` is the decoding table of version 1 as it was when hubs first went out, frozen: it shares no code with
wire/, and nobody changes it.
"""

import zlib

import cbor2
import pytest

from tests.wire.samples import BOOT, HUB, KEY, KEYS, PUBLIC, a_day, by_course, every_table, in_total, undated
from wire import cbor, columns, cose
from wire.enrol import Enrolment, open_enrolment, seal_enrolment
from wire.errors import BadRecord
from wire.exchange import Answer, Batch, open_batch, seal_answer, seal_batch
from wire.summary import seal, unseal

NAMES = {
    2: "epoch", 3: "day", 4: "revision", 5: "sequence", 6: "release", 7: "open", 8: "visitors",
    9: "visitors_new_week", 10: "visitors_new_month", 11: "visits", 12: "minutes_up", 13: "most_phones",
    14: "languages", 15: "plays", 16: "seconds_played", 17: "person_seconds", 18: "local_bytes", 19: "uplink_bytes",
    20: "downloads", 21: "group_plays", 22: "items", 23: "hours",
}  # fmt: skip
BATCH = {2: "nonce", 3: "records", 4: "oldest_unacknowledged", 5: "content_release", 6: "software"}
ANSWER = {2: "nonce", 3: "time", 4: "acknowledged", 5: "refused", 6: "configuration", 7: "missing", 8: "content"}
UPDATE = "The message is of a version that this program does not read; update this program first."


def read_as_version_1(sealed: bytes, kind: int, names: dict[int, str], *, packed: bool) -> dict:
    payload = cbor2.loads(sealed).value[2]
    fields = cbor2.loads(zlib.decompress(payload, -15) if packed else payload)
    assert fields[0] == kind
    if fields[1] != 1:
        raise BadRecord(UPDATE)
    named = {name: fields[key] for key, name in names.items() if key in fields}
    return named | {"extra": {key: value for key, value in fields.items() if key > 1 and key not in names}}


@pytest.mark.parametrize("day", [a_day(), a_day(boots=(BOOT,), sign_ins=9)], ids=["plain", "boots"])
def test_version_1_reads_todays_days_and_carries_what_it_does_not_know(day):
    read = read_as_version_1(seal(day, KEY, HUB), 1, NAMES, packed=True)
    extra = read.pop("extra")
    assert read == {
        "epoch": 3735928559, "day": 2250, "revision": 2, "sequence": 41, "release": 7, "open": False, "visitors": 2,
        "visitors_new_week": 1, "visitors_new_month": 1, "visits": 3, "minutes_up": 1440, "most_phones": 2,
        "languages": {"es": 2, "yua": 1}, "plays": 3, "seconds_played": 290, "person_seconds": 530,
        "local_bytes": 20000000, "uplink_bytes": 4321, "downloads": 1, "group_plays": 1,
        "items": [[4, 7], [0, 1], [0, 0], [1, 4]],
        "hours": [[0] * 10 + [3] + [0] * 13, [0] * 10 + [5] + [0] * 13, [0] * 10 + [2] + [0] * 13],
    }  # fmt: skip
    assert set(extra) <= {24, 27}
    assert bool(extra) == bool(day.boots)


@pytest.mark.parametrize(
    "day",
    [undated(), every_table(emptied=()), every_table(), by_course(), in_total()],
    ids=["part", "tables", "emptied", "courses", "totals"],
)
def test_version_1_refuses_what_it_would_count_wrongly(day):
    with pytest.raises(BadRecord, match="update this program first"):
        read_as_version_1(seal(day, KEY, HUB), 1, NAMES, packed=True)


def test_version_1_reads_todays_batches_and_answers():
    records = [seal(a_day(), KEY, HUB)]
    batch = read_as_version_1(
        seal_batch(Batch(hub=HUB, nonce=bytes(16), records=records, speaks=2, state=4), KEY, HUB),
        2,
        BATCH,
        packed=False,
    )
    assert batch == {
        "nonce": bytes(16),
        "records": records,
        "oldest_unacknowledged": None,
        "content_release": 0,
        "software": "",
        "extra": {7: 2, 9: 4},
    }
    answer = Answer(nonce=bytes(16), time=5, acknowledged=[], refused=[], speaks=2, state=b"sealed")
    assert read_as_version_1(seal_answer(answer, KEY, b"office"), 3, ANSWER, packed=False)["extra"] == {
        9: 2,
        10: b"sealed",
    }


def test_todays_program_reads_a_day_written_by_version_1():
    plain = {0: 1, 1: 1} | {key: value for key, value in wire_map(a_day()).items() if key in NAMES}
    assert unseal(cose.sign(columns.deflate(cbor.encode(plain)), KEY, HUB), KEYS.get) == a_day()


def wire_map(day) -> dict:
    return cbor.decode(columns.inflate(cose.verify(seal(day, KEY, HUB), PUBLIC), 65536), items=9999, depth=8)


def test_a_version_3_of_any_message_is_refused_with_what_to_do():
    day = cose.sign(columns.deflate(cbor.encode(wire_map(a_day()) | {1: 3})), KEY, HUB)
    with pytest.raises(BadRecord, match="^" + UPDATE + "$"):
        unseal(day, KEYS.get)
    batch = cbor.decode(
        cose.verify(seal_batch(Batch(hub=HUB, nonce=bytes(16), records=[]), KEY, HUB), PUBLIC), items=99
    )
    with pytest.raises(BadRecord, match="^" + UPDATE + "$"):
        open_batch(cose.sign(cbor.encode(batch | {1: 3}), KEY, HUB), KEYS.get)
    code = "K7QM-3T5X-9D2B-HJ4W-P6RE"
    asked = Enrolment(code_id="K7QM", hub=HUB, public_key=bytes(32), nonce=bytes(16))
    newer = cbor.decode(cose.authentic(seal_enrolment(asked, code), code.replace("-", "")[4:].encode()), items=99) | {
        1: 3
    }
    with pytest.raises(BadRecord, match="^" + UPDATE + "$"):
        open_enrolment(
            cose.authenticate(cbor.encode(newer), code.replace("-", "")[4:].encode(), b"K7QM"), {"K7QM": code}.get
        )
