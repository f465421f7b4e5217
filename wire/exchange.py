"""One upload: a signed batch goes up, a signed answer comes down.

The batch carries every site-day that waits, as the bytes that were sealed once, and a nonce of this request. The answer
signs that nonce, so that its time is certain and no older answer can pass for it; only what it names as acknowledged
may leave the outbox. A batch without records is allowed: it asks for the time.

The same two travel by stick and by phone (see parcel.py). An answer that was carried says what is kept and what was
refused; its time has passed by the time it comes, and no nonce can tell how long ago.

Each batch shows the lineage of its epoch, so that head office sees at once when a box was put back to an older state or
copied: then what it holds of that epoch stands, nothing of it is taken from the batch, and the answer says how far
ahead head office is, and which boots it has counted on which day, so that the hub can begin a new epoch with the rest.

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
from wire.messages import OLDEST, Boot, Count, Digest, Hub, Kind, Nonce, PublicKey, Time
from wire.summary import LONGEST_SEALED, Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LONGEST_BODY = 1 << 20
MOST_RECORDS = 512
LONGEST_STATE = 24 << 10
LONGEST_COUNTED = 16 << 10  # bytes of what Ahead tells to be counted: an answer with it stays under what a hub reads
MARK = 4  # bytes of a digest that tell one sealing from another of the same number
MOST_MARKS = 1024

Mark = Annotated[bytes, Meta(min_length=MARK, max_length=MARK)]
Marks = Annotated[bytes, Meta(max_length=MARK * MOST_MARKS)]


class Lineage(Struct, frozen=True):
    """The marks of the sealings of `epoch` from sequence `first` on, one after another."""

    epoch: Count
    first: Count
    marks: Marks

    @property
    def highest(self) -> int:
        """The newest sequence; `first` less 1 if nothing was sealed."""
        return self.first - 1 + len(self.marks) // MARK

    def mark(self, sequence: int) -> bytes | None:
        """The mark of that sealing; None if it is not told here."""
        at = (sequence - self.first) * MARK
        return self.marks[at : at + MARK] if self.first <= sequence <= self.highest else None


class Ahead(Struct, frozen=True):
    """The newest sealing of `epoch` that head office holds, and the boots it has counted, by day or part.

    `cut`: there are more, of places that are older.
    """

    epoch: Count
    sequence: Count
    mark: Mark
    counted: Annotated[list[tuple[dt.date | Part, list[Boot]]], Meta(max_length=MOST_RECORDS)]
    cut: bool = False


class Held(Struct, frozen=True):
    """The highest sequence of `epoch` that head office holds in full, 0 for none."""

    epoch: Count
    sequence: Count


class Batch(Struct, frozen=True, kw_only=True):
    """What a hub sends: `oldest_unacknowledged` is a sequence, `content_release` a catalogue's number.

    `speaks` is the newest version that the hub reads, `state` the number of head office's state that it runs, `trouble`
    what of it could not be done. `sealing_key` is sent until the hub knows head office's.
    """

    hub: Hub
    nonce: Nonce
    records: Annotated[list[Annotated[bytes, Meta(max_length=LONGEST_SEALED)]], Meta(max_length=MOST_RECORDS)]
    oldest_unacknowledged: Count | None = None
    content_release: Count = 0
    software: Annotated[str, Meta(max_length=64)] = ""
    speaks: Count = OLDEST
    lineage: Lineage | None = None
    state: Count = 0
    trouble: Annotated[str, Meta(max_length=500)] = ""
    sealing_key: PublicKey | None = None


class Acknowledged(Struct, frozen=True):
    """Kept by head office: this record, or a higher revision of its day; `day` is None for an undated part."""

    epoch: Count
    day: dt.date | None
    revision: Count
    digest: Digest


class Refused(Struct, frozen=True):
    """Set aside by head office, and why."""

    digest: Digest
    sentence: Annotated[str, Meta(max_length=500)]


class Answer(Struct, frozen=True, kw_only=True):
    """What head office answers: `time` in Unix milliseconds, `missing` as pairs of epoch and day.

    `configuration` is the number of the hub's state at head office, and `state` that state (see state.py), if the hub
    runs an older one. `content` is the number of the newest content that is signed (of its snapshot), if head office
    knows it. `speaks` is the newest version that head office reads. `held` is told of the epoch of the batch's lineage:
    by it a hub sees that head office was put back to an older state.
    """

    nonce: Nonce
    time: Time
    acknowledged: Annotated[list[Acknowledged], Meta(max_length=MOST_RECORDS)]
    refused: Annotated[list[Refused], Meta(max_length=MOST_RECORDS)]
    configuration: Count = 0
    missing: Annotated[list[tuple[Count, dt.date]], Meta(max_length=MOST_RECORDS)] = []
    content: Count | None = None
    speaks: Count = OLDEST
    state: Annotated[bytes, Meta(max_length=LONGEST_STATE)] | None = None
    sealing_key: PublicKey | None = None
    ahead: Ahead | None = None
    held: Held | None = None


BATCH = {
    2: "nonce", 3: "records", 4: "oldest_unacknowledged", 5: "content_release", 6: "software",
    7: "speaks", 8: "lineage", 9: "state", 10: "trouble", 11: "sealing_key",
}  # fmt: skip
ANSWER = {
    2: "nonce", 3: "time", 4: "acknowledged", 5: "refused", 6: "configuration", 7: "missing", 8: "content",
    9: "speaks", 10: "state", 11: "sealing_key", 12: "ahead", 13: "held",
}  # fmt: skip
UNTOLD = {"speaks": OLDEST, "state": 0, "trouble": ""}  # left out of a batch or an answer: what every reader assumes


def seal_batch(batch: Batch, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """The body to post; `kid` is the hub's id. Raises BadRecord if it would be refused."""
    if kid != batch.hub:
        raise BadRecord("A batch is sealed under its own hub's id; give the id of the hub that sends it.")
    fields = msgspec.structs.asdict(batch)
    lineage = batch.lineage and [batch.lineage.epoch, batch.lineage.first, batch.lineage.marks]
    told = {key: name for key, name in BATCH.items() if name == "oldest_unacknowledged" or _is_told(name, fields[name])}
    payload = messages.write(Kind.BATCH, told, fields | {"lineage": lineage})
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


def _is_told(name: str, value: Any) -> bool:
    return value is not None and value != UNTOLD.get(name)


def _read_batch(hub: bytes, payload: bytes) -> Batch:
    fields = messages.named(messages.read(payload, Kind.BATCH, items=MOST_RECORDS + 256), BATCH)
    if "lineage" in fields:
        ((epoch, first, marks),) = messages.rows([fields["lineage"]], 3)
        fields["lineage"] = {"epoch": epoch, "first": first, "marks": _whole(marks)}
    return messages.typed({"hub": hub, **fields}, Batch)


def _whole(marks: Any) -> Any:
    if isinstance(marks, bytes) and len(marks) % MARK:
        raise BadRecord("The lineage of the batch has marks that are cut short; update the hub's software.")
    return marks


def seal_answer(answer: Answer, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """The body of head office's answer; `kid` names head office's key. Raises BadRecord."""
    fields = msgspec.structs.asdict(answer) | {
        "acknowledged": [
            [row.epoch, row.day and messages.number_of(row.day), row.revision, row.digest]
            for row in answer.acknowledged
        ],
        "refused": [[row.digest, row.sentence] for row in answer.refused],
        "missing": [[epoch, messages.number_of(day)] for epoch, day in answer.missing],
        "ahead": answer.ahead and _ahead_row(answer.ahead),
        "held": answer.held and [answer.held.epoch, answer.held.sequence],
    }
    told = {key: name for key, name in ANSWER.items() if _is_told(name, fields[name])}
    payload = messages.write(Kind.ANSWER, told, fields)
    _read_answer(payload)
    return cose.sign(payload, key, kid)


def open_answer(body: bytes, key: Ed25519PublicKey, nonce: bytes | None) -> Answer:
    """Head office's answer to the request that carried `nonce`. Raises BadRecord, also for another request's answer.

    Without a nonce, any answer of head office to any hub: what it acknowledges is true whenever it is read, and its
    time is one that has passed.
    """
    answer = _read_answer(cose.verify(body, key))
    if nonce is not None and not hmac.compare_digest(answer.nonce, nonce):
        raise BadRecord("The answer belongs to another request, so nothing in it was believed; upload again.")
    return answer


def _ahead_row(ahead: Ahead) -> list[Any]:
    counted = [[_place(day), b"".join(boots)] for day, boots in ahead.counted]
    return [ahead.epoch, ahead.sequence, ahead.mark, counted, *([True] if ahead.cut else [])]


def _place(day: dt.date | Part) -> Any:
    return [day.boot, day.part] if isinstance(day, Part) else messages.number_of(day)


def _read_ahead(value: Any) -> dict[str, Any]:
    ((epoch, sequence, mark, rows),) = messages.rows([value], 4)
    counted = [(_read_place(row[0]), _read_boots(row[1])) for row in messages.rows(rows, 2)]
    return {"epoch": epoch, "sequence": sequence, "mark": mark, "counted": counted, "cut": [*value, False][4] is True}


def _read_place(value: Any) -> Any:
    return dict(zip(("boot", "part"), value, strict=False)) if isinstance(value, list) else messages.day_of(value)


def _read_boots(value: Any) -> list[bytes]:
    return [value[at : at + 4] for at in range(0, len(value), 4)] if isinstance(value, bytes) else value


def _read_answer(payload: bytes) -> Answer:
    fields = messages.named(messages.read(payload, Kind.ANSWER, items=MOST_RECORDS * 20, depth=6), ANSWER)
    if "ahead" in fields:
        fields["ahead"] = _read_ahead(fields["ahead"])
    if "held" in fields:
        ((epoch, sequence),) = messages.rows([fields["held"]], 2)
        fields["held"] = {"epoch": epoch, "sequence": sequence}
    fields["acknowledged"] = [
        {
            "epoch": row[0],
            "day": None if row[1] is None else messages.day_of(row[1]),
            "revision": row[2],
            "digest": row[3],
        }
        for row in messages.rows(fields.get("acknowledged"), 4)
    ]
    fields["refused"] = [{"digest": row[0], "sentence": row[1]} for row in messages.rows(fields.get("refused"), 2)]
    fields["missing"] = [(row[0], messages.day_of(row[1])) for row in messages.rows(fields.get("missing"), 2)]
    return messages.typed(fields, Answer)
