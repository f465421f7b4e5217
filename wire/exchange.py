"""One upload: a signed batch goes up, a signed answer comes down.

The batch carries every site-day that waits, as the bytes that were sealed once, and a nonce of this request. The answer
signs that nonce, so that its time is certain and no older answer can pass for it; only what it names as acknowledged
may leave the outbox. A batch without records is allowed: it asks for the time.

    body = seal_batch(Batch(hub=hub, nonce=token_bytes(16), records=[...], ...), key, kid=hub)
    answer = open_answer(response.content, collector_key, nonce)       # BadRecord if it is not head office's word
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 (msgspec reads the annotations)
import hmac
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from wire import cose, messages
from wire.errors import BadRecord
from wire.messages import Amount, Count, Digest, Hub, Kind, Nonce
from wire.summary import LONGEST_SEALED

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LONGEST_BODY = 1 << 20
MOST_RECORDS = 512


class Batch(Struct, frozen=True, kw_only=True):
    """What a hub sends: `oldest_unacknowledged` is a sequence, `content_release` a catalogue's number."""

    hub: Hub
    nonce: Nonce
    records: Annotated[list[Annotated[bytes, Meta(max_length=LONGEST_SEALED)]], Meta(max_length=MOST_RECORDS)]
    oldest_unacknowledged: Count | None = None
    content_release: Count = 0
    software: Annotated[str, Meta(max_length=64)] = ""


class Acknowledged(Struct, frozen=True):
    """Kept by head office: this record, or a higher revision of its day."""

    epoch: Count
    day: dt.date
    revision: Count
    digest: Digest


class Refused(Struct, frozen=True):
    """Set aside by head office, and why."""

    digest: Digest
    sentence: Annotated[str, Meta(max_length=500)]


class Answer(Struct, frozen=True, kw_only=True):
    """What head office answers: `time` in Unix milliseconds, `missing` as pairs of epoch and day.

    `content` is the number of the newest content that is signed (of its snapshot), if head office knows it.
    """

    nonce: Nonce
    time: Amount
    acknowledged: Annotated[list[Acknowledged], Meta(max_length=MOST_RECORDS)]
    refused: Annotated[list[Refused], Meta(max_length=MOST_RECORDS)]
    configuration: Count = 0
    missing: Annotated[list[tuple[Count, dt.date]], Meta(max_length=MOST_RECORDS)] = []
    content: Count | None = None


BATCH = {2: "nonce", 3: "records", 4: "oldest_unacknowledged", 5: "content_release", 6: "software"}
ANSWER = {2: "nonce", 3: "time", 4: "acknowledged", 5: "refused", 6: "configuration", 7: "missing", 8: "content"}


def seal_batch(batch: Batch, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """The body to post; `kid` is the hub's id. Raises BadRecord if it would be refused."""
    if kid != batch.hub:
        raise BadRecord("A batch is sealed under its own hub's id; give the id of the hub that sends it.")
    payload = messages.write(Kind.BATCH, BATCH, msgspec.structs.asdict(batch))
    _read_batch(kid, payload)
    body = cose.sign(payload, key, kid)
    if len(body) > LONGEST_BODY:
        raise BadRecord(f"A batch of {len(body)} bytes is larger than head office takes; send fewer records at once.")
    return body


def open_batch(body: bytes, key_for: Callable[[bytes], Ed25519PublicKey | None]) -> Batch:
    """The batch, once its signature holds; its records are still sealed. Raises BadRecord."""
    if len(body) > LONGEST_BODY:
        raise BadRecord(f"A batch has at most {LONGEST_BODY} bytes; send fewer records at once.")
    hub = cose.key_id(body)
    key = key_for(hub)
    if key is None:
        raise BadRecord(f"No hub {hub.hex()} is enrolled here; enrol it with `hub setup` first.")
    return _read_batch(hub, cose.verify(body, key))


def _read_batch(hub: bytes, payload: bytes) -> Batch:
    fields = messages.read(payload, Kind.BATCH, items=MOST_RECORDS + 256)
    return messages.typed({"hub": hub, **messages.named(fields, BATCH)}, Batch)


def seal_answer(answer: Answer, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """The body of head office's answer; `kid` names head office's key. Raises BadRecord."""
    fields = msgspec.structs.asdict(answer) | {
        "acknowledged": [
            [row.epoch, messages.number_of(row.day), row.revision, row.digest] for row in answer.acknowledged
        ],
        "refused": [[row.digest, row.sentence] for row in answer.refused],
        "missing": [[epoch, messages.number_of(day)] for epoch, day in answer.missing],
    }
    told = {key: name for key, name in ANSWER.items() if fields[name] is not None}
    payload = messages.write(Kind.ANSWER, told, fields)
    _read_answer(payload)
    return cose.sign(payload, key, kid)


def open_answer(body: bytes, key: Ed25519PublicKey, nonce: bytes) -> Answer:
    """Head office's answer to the request that carried `nonce`. Raises BadRecord, also for another request's answer."""
    answer = _read_answer(cose.verify(body, key))
    if not hmac.compare_digest(answer.nonce, nonce):
        raise BadRecord("The answer belongs to another request, so nothing in it was believed; upload again.")
    return answer


def _read_answer(payload: bytes) -> Answer:
    fields = messages.named(messages.read(payload, Kind.ANSWER, items=MOST_RECORDS * 16), ANSWER)
    fields["acknowledged"] = [
        {"epoch": row[0], "day": messages.day_of(row[1]), "revision": row[2], "digest": row[3]}
        for row in _rows(fields.get("acknowledged"), 4)
    ]
    fields["refused"] = [{"digest": row[0], "sentence": row[1]} for row in _rows(fields.get("refused"), 2)]
    fields["missing"] = [(row[0], messages.day_of(row[1])) for row in _rows(fields.get("missing"), 2)]
    return messages.typed(fields, Answer)


def _rows(value: Any, width: int) -> list[list[Any]]:
    """`value` as rows of at least `width`: a newer head office may add to their ends."""
    if not isinstance(value, list) or not all(isinstance(row, list) and len(row) >= width for row in value):
        raise BadRecord("The answer is not one this program reads; update this program, then upload again.")
    return value
