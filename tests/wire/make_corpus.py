"""Writes tests/wire/corpus: for each decoder what is right, and what an attacker or a bad card would send.

    python -m tests.wire.make_corpus

What is sealed for a reader differs each time, so such a file is left as it is once it is there.
"""

from __future__ import annotations

import datetime as dt
import json

import cbor2

from tests.wire.decoders import CODE, CODE_SECRET, CORPUS, PUBLIC, STATE_CONTEXT, outcome
from tests.wire.samples import (
    BOOT,
    FULLEST,
    HUB,
    KEY,
    NEXT,
    NONCE,
    OFFICE,
    OFFICE_READER,
    READER,
    SECRET,
    a_day,
    a_state,
    by_course,
    every_table,
    in_total,
    undated,
)
from wire import cbor, columns, cose, sealing, short
from wire.enrol import Enrolment, Welcome, seal_enrolment, seal_welcome
from wire.exchange import Acknowledged, Ahead, Answer, Batch, Lineage, Refused, seal_answer, seal_batch
from wire.kit import Kit, seal_kit
from wire.parcel import pack
from wire.state import seal_state
from wire.summary import Part, SiteDay, digest, seal

TIME = 1_772_380_800_000
DAYS = {"plain": a_day(), "every-table": every_table(), "undated": undated(), "courses": by_course(), "totals": in_total(),
        "largest-numbers": a_day(**FULLEST)}  # fmt: skip
BILLION = bytes.fromhex("9a3b9aca00")
DEEP = b"\x81" * 1000 + b"\x00"
HOSTILE = {  # for all that read CBOR
    "nothing": b"",
    "a-billion-items": BILLION,
    "a-billion-pairs": bytes.fromhex("ba3b9aca00"),
    "an-exabyte-of-text": b"\x7b\x10" + bytes(7),
    "nested-1000-deep": DEEP,
    "maps-nested-1000-deep": b"\xa1\x00" * 1000 + b"\x00",
    "an-endless-array": bytes.fromhex("9f0102ff"),
    "an-endless-map": bytes.fromhex("bf0001ff"),
    "text-in-pieces": bytes.fromhex("7f616161ff"),
    "a-key-twice": bytes.fromhex("a200010001"),
    "a-number-longer-than-needed": bytes.fromhex("a20018010101"),
    "a-length-longer-than-needed": bytes.fromhex("b80100 01"),
    "a-tag": cbor2.dumps(cbor2.CBORTag(0, "2026-02-28T00:00:00Z")),
    "a-big-number": cbor2.dumps(2**80),
    "a-regular-expression": cbor2.dumps(cbor2.CBORTag(35, "(a+)+$")),
    "a-shared-reference-to-itself": bytes.fromhex("d81c81d81d00"),
    "a-float": cbor2.dumps({0: 1.5}),
    "not-a-number": bytes.fromhex("a100f97e00"),
    "undefined": b"\xf7",
    "a-simple-value": bytes.fromhex("f820"),
    "a-map-as-a-key": bytes.fromhex("a1a0a0"),
    "a-negative-key": bytes.fromhex("a12000"),
    "a-text-that-is-no-utf-8": b"\x61\xff",
    "half-a-surrogate-pair": bytes.fromhex("63eda080"),
    "something-behind-it": bytes.fromhex("a000"),
    "an-array": bytes.fromhex("80"),
    "a-page-of-a-hotspot": b"<html><body>Please pay</body></html>",
}


def inner(day: SiteDay) -> bytes:
    return columns.inflate(cose.verify(seal(day, KEY, HUB), KEY.public_key()), 1 << 16)


def changed(plain: bytes, changes: dict) -> bytes:
    return cbor.encode(cbor.decode(plain, items=9999, depth=8) | changes)


def without(plain: bytes, key: int) -> bytes:
    return cbor.encode({number: value for number, value in cbor2.loads(plain).items() if number != key})


def summaries() -> dict[str, dict[str, bytes]]:
    bomb = columns.deflate(bytes(20_000_000))
    right = seal(a_day(), KEY, HUB)
    protected = cbor.encode({1: -8, 4: HUB})
    outer = {
        "a-zip-bomb": cose.sign(bomb, KEY, HUB),
        "no-deflate": cose.sign(b"\xff" * 20, KEY, HUB),
        "an-unsigned-zip-bomb": b"\xd2" + cbor.encode([protected, {}, bomb, bytes(64)]),
        "of-another-key": cose.sign(columns.deflate(inner(a_day())), OFFICE, HUB),
        "of-a-hub-nobody-knows": cose.sign(columns.deflate(inner(a_day())), KEY, b"another!"),
        "a-batch": seal_batch(a_batch(), KEY, HUB),
        "with-a-mac-for-a-signature": cose.authenticate(columns.deflate(inner(a_day())), bytes(32), HUB),
        "with-an-unprotected-header": b"\xd2" + cbor.encode([protected, {4: HUB}, b"", bytes(64)]),
        "with-a-header-of-a-billion-items": b"\xd2" + cbor.encode([BILLION, {}, b"", bytes(64)]),
        "with-a-signature-of-63-bytes": b"\xd2" + cbor.encode([protected, {}, b"", bytes(63)]),
        "signed-twice-over": cose.sign(right, KEY, HUB),
        "beyond-32-kib": cose.sign(bytes(33_000), KEY, HUB),
    }
    plain, every = inner(a_day()), inner(every_table())
    within = {
        "of-another-kind": changed(plain, {0: 2}),
        "of-version-3": changed(plain, {1: 3}),
        "of-version-true": changed(plain, {1: True}),
        "of-version-1-with-an-emptied-part": changed(plain, {26: [[BOOT, 0]]}),
        "without-its-plays": without(plain, 15),
        "with-a-negative-count": changed(plain, {8: -1}),
        "with-a-count-of-33-bits": changed(plain, {8: 2**32}),
        "with-a-count-of-64-bits": changed(plain, {16: 2**64 - 1}),
        "with-true-for-a-number": changed(plain, {8: True}),
        "with-text-for-a-number": changed(plain, {8: "2"}),
        "with-columns-of-unequal-length": changed(plain, {22: [[1], [0, 0], [0], [0]]}),
        "with-5000-items": changed(plain, {22: [[0] * 4100] * 4}),
        "with-items-that-add-up-beyond-32-bits": changed(plain, {22: [[2**32 - 1] * 2, [0, 0], [0, 0], [0, 0]]}),
        "with-sessions-out-of-order": changed(every, {31: bytes.fromhex("020200100a1e2d0c14")}),
        "with-text-for-a-boot": changed(every, {26: [["sAcAAQ==", 0]]}),
        "with-a-boot-twice": changed(plain, {24: BOOT + BOOT}),
        "with-a-day-and-a-part": changed(every, {25: [BOOT, 0, None, None]}),
        "with-totals-and-items": changed(every, {28: 2, 30: b"\x00", 31: b"\x00", 32: b"\x00"}),
        "with-a-level-of-true": changed(every, {28: True}),
        "with-more-new-visitors-than-visitors": changed(plain, {9: 3}),
        "with-a-language-of-markup": changed(plain, {14: {"<script>": 1}}),
        "with-25-hours": changed(plain, {23: [[0] * 25] * 3}),
        "with-a-day-before-2020": changed(plain, {3: -1}),
        "with-a-day-of-2200": changed(plain, {3: 65_536}),
        "with-a-newer-field-too-deep": changed(plain, {99: [[[[[[[[[0]]]]]]]]]}),
        "packed-with-4097-items": changed(every, {22: b"\x81\x20" + bytes(4 * 4097)}),
        "packed-with-a-number-without-end": changed(every, {22: b"\xff" * 30}),
        "packed-in-version-1": changed(plain, {22: b"\x00"}),
        "unpacked-in-version-2": changed(plain, {1: 2}),
        "with-20000-values": changed(plain, {99: [0] * 20_000}),
    }
    fine = {"with-newer-fields": changed(plain, {98: [1, {2: "three"}], 99: None}),
            "with-4096-items": changed(plain, {22: [[0] * 4096] * 4})}  # fmt: skip
    return {
        "summary": named("valid", {name: seal(day, KEY, HUB) for name, day in DAYS.items()}) | named("invalid", outer),
        "summary-inner": named("valid", {name: inner(day) for name, day in DAYS.items()} | fine)
        | named("invalid", within | HOSTILE),
    }


def totals() -> dict[str, dict[str, bytes]]:
    days = {"plain": a_day(), "boots": a_day(boots=(BOOT, NEXT)), "no-language": a_day(languages={}),
            "largest-numbers": a_day(**FULLEST, languages={})}  # fmt: skip
    right = {name: short.seal_totals(day, SECRET) for name, day in days.items()}
    body = right["plain"][: -short.CODE]
    bare = right["no-language"][: -short.CODE]
    within = {
        "a-number-longer-than-needed": bare[:-1] + b"\x80\x00",
        "a-number-without-end": body[:13] + b"\xff" * 60,
        "a-billion-languages": bare[:-1] + b"\x80\x94\xeb\xdc\x03",
        "half-a-boot": body + b"ab",
        "boots-out-of-order": body + NEXT + BOOT,
        "141-bytes": body + b"".join(number.to_bytes(4, "big") for number in range(30)),
        "nothing": b"",
        "of-another-version": b"\xe2" + body[1:],
        "of-another-hub": body[:1] + b"another!" + body[9:],
    }
    return {
        "totals": named("valid", right)
        | named("invalid", {"forged": body + bytes(16), "nothing": b"", "a-summary": seal(a_day(), KEY, HUB)}),
        "totals-inner": named("valid", {name: data[: -short.CODE] for name, data in right.items()})
        | named("invalid", within),
    }


def a_batch(**changes: object) -> Batch:
    fields: dict = {"hub": HUB, "nonce": NONCE, "records": [seal(a_day(), KEY, HUB), seal(undated(), KEY, HUB)],
                    "oldest_unacknowledged": 40, "content_release": 7, "software": "0.1.0", "speaks": 2,
                    "lineage": Lineage(3735928559, 40, b"aaaabbbb"), "state": 6, "trouble": "There is no disk.",
                    "sealing_key": READER.public_key().public_bytes_raw()}  # fmt: skip
    return Batch(**(fields | changes))


def an_answer(**changes: object) -> Answer:
    fields: dict = {
        "nonce": NONCE, "time": TIME, "configuration": 7, "missing": [(7, dt.date(2026, 2, 20))], "content": 12,
        "acknowledged": [Acknowledged(7, dt.date(2026, 2, 28), 2, digest(b"a")), Acknowledged(7, None, 1, digest(b"c"))],
        "refused": [Refused(digest(b"b"), "It is damaged; send it again.")], "speaks": 2, "state": b"sealed",
        "sealing_key": OFFICE_READER.public_key().public_bytes_raw(),
        "ahead": Ahead(7, 45, b"mark", [(dt.date(2026, 2, 28), [BOOT, NEXT]), (Part(BOOT, 1), [BOOT])]),
    }  # fmt: skip
    return Answer(**(fields | changes))


def exchanges() -> dict[str, dict[str, bytes]]:
    batch, answer = seal_batch(a_batch(), KEY, HUB), seal_answer(an_answer(), OFFICE, b"office")
    empty = seal_batch(Batch(hub=HUB, nonce=NONCE, records=[]), KEY, HUB)
    up, down = cose.verify(batch, KEY.public_key()), cose.verify(answer, PUBLIC)
    wrong_up = {
        "of-version-3": changed(up, {1: 3}), "with-text-for-a-nonce": changed(up, {2: "bm9uY2Ugb2YgMTYgYnl0ZQ=="}),
        "with-513-records": changed(up, {3: [b""] * 513}), "with-half-a-mark": changed(up, {8: [7, 40, b"123456"]}),
        "with-a-lineage-of-null": changed(up, {8: None}), "with-1025-marks": changed(up, {8: [7, 40, bytes(4100)]}),
        "with-a-record-beyond-32-kib": changed(up, {3: [bytes(32_769)]}),
    }  # fmt: skip
    wrong_down = {
        "with-a-time-of-the-year-9999": changed(down, {3: 253_402_300_799_000}), "with-no-nonce": changed(down, {2: b""}),
        "with-a-time-before-1970": changed(down, {3: -1}), "ahead-with-half-a-boot": changed(down, {12: [7, 45, b"mark", [[1, b"12345"]]]}),
        "ahead-with-a-place-of-text": changed(down, {12: [7, 45, b"mark", [["today", b""]]]}),
        "ahead-by-a-short-row": changed(down, {12: [7, 45]}), "with-rows-that-are-none": changed(down, {4: [5, None]}),
    }  # fmt: skip
    return {
        "batch": named("valid", {"full": batch, "empty": empty})
        | named("invalid", {"an-answer": answer, "unsigned": b"\xd2" + cbor.encode([cbor.encode({1: -8, 4: HUB}), {}, up, bytes(64)])}),
        "batch-inner": named("valid", {"full": up, "empty": cose.verify(empty, KEY.public_key())})
        | named("invalid", wrong_up | HOSTILE),
        "answer": named("valid", {"full": answer}) | named("invalid", {"a-batch": batch, "of-the-hub": seal_answer(an_answer(), KEY, HUB)}),
        "answer-inner": named("valid", {"full": down}) | named("invalid", wrong_down | HOSTILE),
    }  # fmt: skip


def enrolments() -> dict[str, dict[str, bytes]]:
    asked = Enrolment(code_id="K7QM", hub=HUB, public_key=KEY.public_key().public_bytes_raw(), nonce=NONCE,
                      software="0.1.0", sealing_key=READER.public_key().public_bytes_raw())  # fmt: skip
    told = Welcome(site="dzemul", name="Dzemul", time_zone="America/Merida", collector_key=PUBLIC.public_bytes_raw(),
                   time=TIME, nonce=NONCE, sealing_key=OFFICE_READER.public_key().public_bytes_raw())  # fmt: skip
    up, down = seal_enrolment(asked, CODE), seal_welcome(told, CODE)
    ask, tell = cose.authentic(up, CODE_SECRET), cose.authentic(down, CODE_SECRET)
    return {
        "enrolment": named("valid", {"full": up}) | named("invalid", {"a-welcome": down, "under-another-code": cose.authenticate(ask, b"x" * 16, b"K7QM")}),
        "enrolment-inner": named("valid", {"full": ask}) | named("invalid", HOSTILE | {"with-half-a-key": changed(ask, {6: bytes(16)}), "with-a-key-of-text": changed(ask, {3: "A" * 43 + "="})}),
        "welcome": named("valid", {"full": down}) | named("invalid", {"an-enrolment": up}),
        "welcome-inner": named("valid", {"full": tell}) | named("invalid", HOSTILE | {"to-another": changed(tell, {7: bytes(16)}), "with-a-time-of-the-year-9999": changed(tell, {6: 253_402_300_799_000})}),
    }  # fmt: skip


def carried() -> dict[str, dict[str, bytes]]:
    sealed = seal_state(a_state(), OFFICE, b"office", READER.public_key())
    other = seal_state(a_state(), OFFICE, b"office", OFFICE_READER.public_key())
    told = sealing.unclose(cbor2.loads(cose.verify(sealed, PUBLIC))[4], READER, STATE_CONTEXT)
    parcel = pack([b"one", b"two"], HUB, READER.public_key())
    kit = Kit(code=CODE, site="dzemul", name="Dzemul", time_zone="America/Merida", collector_key=PUBLIC.public_bytes_raw(),
              sealing_key=OFFICE_READER.public_key().public_bytes_raw(), until=TIME, address="https://office.example",
              content_root=b"{}", group="norte")  # fmt: skip
    file = seal_kit(kit, OFFICE)
    words = cose.verify(cbor2.loads(file)[3], PUBLIC)
    return {
        "state": named("valid", {"full": sealed}) | named("invalid", {"for-another-reader": other, "of-the-hub": seal_state(a_state(), KEY, HUB, READER.public_key())}),
        "state-inner": named("valid", {"full": told}) | named("invalid", HOSTILE | {"with-text-for-bytes": changed(told, {5: ["dGV4dA=="]}), "with-a-short-account": changed(told, {3: [["Ana"]]})}),
        "closed": named("valid", {"text": sealing.close(b"text", OFFICE_READER.public_key(), b"village-hub")}) | named("invalid", {"nothing": b"", "zeros": bytes(48), "for-another-reader": sealing.close(b"text", READER.public_key(), b"village-hub")}),
        "parcel": named("valid", {"two": parcel}) | named("invalid", {"for-somebody-else": pack([], b"another!", READER.public_key())}),
        "parcel-inner": named("valid", {"two": cbor.encode([b"one", b"two"]), "none": b"\x80"}) | named("invalid", {name: data for name, data in HOSTILE.items() if name != "an-array"} | {"with-text": cbor.encode(["dGV4dA=="]), "with-65": cbor.encode([b""] * 65)}),
        "kit": named("valid", {"full": file}) | named("invalid", {"a-zip": b"PK\x03\x04" + bytes(30), "a-summary": seal(a_day(), KEY, HUB)}),
        "kit-inner": named("valid", {"full": words}) | named("invalid", HOSTILE | {"with-no-code": changed(words, {2: "K7QM"}), "with-text-for-a-key": changed(words, {6: "A" * 43 + "="})}),
    }  # fmt: skip


def others() -> dict[str, dict[str, bytes]]:
    plain = {
        "a-map": cbor.encode({1: [2, "three", b"four", None, True]}),
        "numbers": cbor.encode([0, 23, 24, 255, 256, 2**64 - 1, -1, -(2**63)]),
    }
    lines = [
        {"format": 1},
        {"number": 1, "slug": "ahorro", "titles": {"es": "Ahorro"}},
        {"number": 4, "slug": "ahorro/metas", "kind": "video", "course": 1},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    packed = columns.deflate(b"columns" * 20)
    cbor_only = {name: data for name, data in HOSTILE.items() if name not in {"an-array", "a-negative-key"}}
    return {
        "cbor": named("valid", plain) | named("invalid", cbor_only),
        "deflate": named("valid", {"text": packed}) | named("invalid", {"a-bomb": columns.deflate(bytes(3_000_000)), "cut": packed[:-1], "with-something-behind": packed + b"x", "nothing": b"", "a-zlib-header": b"\x78\x9c" + packed}),
        "names": named("valid", {"two": text}) | named("invalid", {"nothing": b"", "no-json": b"<html>\n", "a-newer-format": b'{"format":2}\n', "descending": text + b'{"number":2,"slug":"otro"}\n', "a-million-brackets": b"[" * 60_000 + b"\n", "a-line-without-end": b'{"format":1}\n' + b" " * 70_000, "a-number-of-1000-digits": b'{"format":1}\n{"number":' + b"9" * 1000 + b',"slug":"a"}\n', "no-utf-8": b'{"format":1}\n{"number":1,"slug":"a","titles":{"es":"\xff"}}\n', "a-slug-of-markup": b'{"format":1}\n{"number":1,"slug":"<b>"}\n'}),
    }  # fmt: skip


def named(word: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{word}-{name}": data for name, data in files.items()}


ONCE = {"state", "closed", "parcel"}  # whose bytes differ each time


def main() -> None:
    count = 0
    for name, files in (summaries() | totals() | exchanges() | enrolments() | carried() | others()).items():
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        for file, data in files.items():
            assert file.startswith(outcome(name, data)), f"{name}/{file} is {outcome(name, data)}"
            path = CORPUS / name / file
            if name not in ONCE or not path.exists():
                path.write_bytes(data)
            count += 1
    print(f"{count} samples are in {CORPUS}.")


if __name__ == "__main__":
    main()
