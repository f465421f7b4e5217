"""Everything that reads what comes over the wire, under one name each, and the samples that are kept for it.

A decoder is given bytes as they come, or (names that end in `-inner`) what somebody with a true key may have put inside:
those bytes are sealed here before they are read, so that a changed byte reaches what lies behind the seal. It gives a
value, or it raises BadRecord with a sentence; anything else is a fault.

    outcome("summary-inner", data)      # "valid" or "invalid"
    samples("summary")                  # what tests/wire/corpus/summary holds: {"valid-plain": b"...", ...}

`python -m tests.wire.make_corpus` writes the samples; a file with a name of its own, such as what
`python -m benchmarks.fuzz_wire` finds, stays there and is replayed by each run.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from tests.wire.samples import HUB, KEY, KEYS, NONCE, OFFICE, OFFICE_READER, READER, SECRET, SECRETS
from wire import cbor, columns, cose, sealing, short
from wire.enrol import open_enrolment, open_welcome
from wire.errors import BadRecord
from wire.exchange import open_answer, open_batch, seal_answer, seal_batch
from wire.kit import open_kit
from wire.names import decode_names, encode_names
from wire.parcel import unpack
from wire.state import open_state, seal_state
from wire.summary import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = Path(__file__).parent / "corpus"
CODE = "K7QM-3T5X-9D2B-HJ4W-P6RE"
CODE_SECRET = CODE.replace("-", "")[4:].encode()
PUBLIC = OFFICE.public_key()
STATE_CONTEXT = b"village-hub state 1" + HUB + (7).to_bytes(4, "big")
PARCEL_CONTEXT = b"village-hub parcel 1" + HUB


def _summary(data: bytes) -> object:
    day = unseal(data, KEYS.get)
    assert unseal(seal(day, KEY, HUB), KEYS.get) == day
    return day


def _batch(data: bytes) -> object:
    batch = open_batch(data, KEYS.get)
    assert open_batch(seal_batch(batch, KEY, HUB), KEYS.get) == batch
    return batch


def _answer(data: bytes) -> object:
    answer = open_answer(data, PUBLIC, None)
    assert open_answer(seal_answer(answer, OFFICE, b"office"), PUBLIC, answer.nonce) == answer
    return answer


def _state(data: bytes) -> object:
    state = open_state(data, PUBLIC, READER)
    assert open_state(seal_state(state, OFFICE, b"office", READER.public_key()), PUBLIC, READER) == state
    return state


def _state_inner(data: bytes) -> object:
    closed = sealing.close(data, READER.public_key(), STATE_CONTEXT)
    return _state(cose.sign(cbor.encode({0: 6, 1: 1, 2: HUB, 3: 7, 4: closed}), OFFICE, b"office"))


def _parcel_inner(data: bytes) -> object:
    closed = sealing.close(data, READER.public_key(), PARCEL_CONTEXT)
    return unpack(cbor.encode({0: 7, 1: 1, 2: HUB, 3: closed}), HUB, READER)


def _kit_inner(data: bytes) -> object:
    sealed = cose.sign(data, OFFICE, b"K7QM")
    return open_kit(cbor.encode({0: 8, 1: 1, 2: PUBLIC.public_bytes_raw(), 3: sealed}))


def _totals(data: bytes) -> object:
    day = short.open_totals(data, SECRETS.get)
    assert short.seal_totals(day, SECRET) == data
    return day


def _names(data: bytes) -> object:
    names = list(decode_names(io.BytesIO(data)))
    assert list(decode_names(encode_names(names))) == names
    return names


def _cbor(data: bytes) -> object:
    value = cbor.decode(data, items=1000)
    assert cbor.encode(value) == data
    return value


DECODERS: dict[str, Callable[[bytes], object]] = {
    "cbor": _cbor,
    "deflate": lambda data: columns.inflate(data, 1000),
    "summary": _summary,
    "summary-inner": lambda data: _summary(cose.sign(columns.deflate(data), KEY, HUB)),
    "totals": _totals,
    "totals-inner": lambda data: _totals(data + short._code(data, SECRET)),
    "batch": _batch,
    "batch-inner": lambda data: _batch(cose.sign(data, KEY, HUB)),
    "answer": _answer,
    "answer-inner": lambda data: _answer(cose.sign(data, OFFICE, b"office")),
    "enrolment": lambda data: open_enrolment(data, {"K7QM": CODE}.get),
    "enrolment-inner": lambda data: open_enrolment(cose.authenticate(data, CODE_SECRET, b"K7QM"), {"K7QM": CODE}.get),
    "welcome": lambda data: open_welcome(data, CODE, NONCE),
    "welcome-inner": lambda data: open_welcome(cose.authenticate(data, CODE_SECRET, b"K7QM"), CODE, NONCE),
    "state": _state,
    "state-inner": _state_inner,
    "closed": lambda data: sealing.unclose(data, OFFICE_READER, b"village-hub"),
    "parcel": lambda data: unpack(data, HUB, READER),
    "parcel-inner": _parcel_inner,
    "kit": open_kit,
    "kit-inner": _kit_inner,
    "names": _names,
}
# What nobody can change, were it one bit, without the key: summaries, batches and the like as they come.
SEALED = ("summary", "totals", "batch", "answer", "enrolment", "welcome", "state", "closed", "parcel", "kit")


def outcome(name: str, data: bytes) -> str:
    """Whether that decoder takes `data`. Raises what is no BadRecord, and AssertionError if both ends read differently."""
    try:
        DECODERS[name](data)
    except BadRecord as error:
        if not str(error).endswith((".", ")")):
            raise AssertionError(f"no sentence: {error}") from error
        return "invalid"
    return "valid"


def samples(name: str) -> dict[str, bytes]:
    """The files that are kept for that decoder."""
    return {path.name: path.read_bytes() for path in sorted((CORPUS / name).iterdir())}
