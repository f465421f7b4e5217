"""What head office tells one hub: not orders one by one but the whole of it, numbered, signed, for that hub alone.

Settings, staff accounts, answers to what the hub sent, what is revoked, and the newest content. The highest number
holds, so it may come by any carrier, late, twice, or in any order. Signed by head office's key around what only the
hub's own key opens:

    sealed = seal_state(State(hub=hub, number=7, settings={"daily-mb": "20"}), office_key, office_id, hub_sealing_key)
    named(sealed)                                   # (hub, 7): what a carrier may know
    open_state(sealed, office_public, sealing_key)  # the State; BadRecord for another hub's, a forged or a damaged one
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from wire import cose, messages, sealing
from wire.errors import BadRecord
from wire.exchange import LONGEST_STATE
from wire.messages import Count, Hub, Kind

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

Name = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Subject = Annotated[bytes, Meta(min_length=1, max_length=32)]


class Account(Struct, frozen=True):
    """A member of staff who may sign in at the hub; `password` is a hash as werkzeug.security writes it."""

    name: Name
    password: Annotated[str, Meta(min_length=1, max_length=300)]


class Answered(Struct, frozen=True):
    """What became of `subject`, as a record's digest: a `word` for programs, a sentence for people."""

    subject: Subject
    word: Name
    sentence: Annotated[str, Meta(max_length=300)] = ""


class State(Struct, frozen=True, kw_only=True):
    """All that head office has to tell `hub`. A setting that is not named is left to the hub; `content` is the number
    of the newest content (of its snapshot).
    """

    hub: Hub
    number: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    settings: Annotated[dict[Name, Annotated[str, Meta(max_length=300)]], Meta(max_length=64)] = {}
    accounts: Annotated[list[Account], Meta(max_length=64)] = []
    answers: Annotated[list[Answered], Meta(max_length=128)] = []
    revoked: Annotated[list[Subject], Meta(max_length=128)] = []
    content: Count | None = None


STATE = {2: "hub", 3: "number", 4: "sealed"}
TOLD = {2: "settings", 3: "accounts", 4: "answers", 5: "revoked", 6: "content"}


class _Outer(Struct, frozen=True):
    hub: Hub
    number: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    sealed: Annotated[bytes, Meta(max_length=LONGEST_STATE)]


def seal_state(state: State, key: Ed25519PrivateKey, kid: bytes, reader: X25519PublicKey) -> bytes:
    """`state` for the hub that holds `reader`; `kid` names head office's key. Raises BadRecord."""
    fields = msgspec.structs.asdict(state) | {
        "settings": dict(sorted(state.settings.items())),
        "accounts": [[row.name, row.password] for row in state.accounts],
        "answers": [[row.subject, row.word, row.sentence] for row in state.answers],
    }
    told = {key: name for key, name in TOLD.items() if fields[name] not in ({}, [], None)}
    plain = messages.write(Kind.STATE, told, fields)
    _read(state.hub, state.number, plain)
    closed = sealing.close(plain, reader, _context(state.hub, state.number))
    outer = {"hub": state.hub, "number": state.number, "sealed": closed}
    sealed = cose.sign(messages.write(Kind.STATE, STATE, outer), key, kid)
    if len(sealed) > LONGEST_STATE:
        raise BadRecord(f"The state of a hub has at most {LONGEST_STATE} bytes; take out accounts or answers.")
    return sealed


def named(sealed: bytes, key: Ed25519PublicKey) -> tuple[bytes, int]:
    """Which hub's state this is and its number, once head office's signature holds. Raises BadRecord."""
    outer = _outer(sealed, key)
    return outer.hub, outer.number


def open_state(sealed: bytes, key: Ed25519PublicKey, reader: X25519PrivateKey) -> State:
    """The state, by head office's `key` and for the holder of `reader`. Raises BadRecord."""
    outer = _outer(sealed, key)
    return _read(outer.hub, outer.number, sealing.unclose(outer.sealed, reader, _context(outer.hub, outer.number)))


def _outer(sealed: bytes, key: Ed25519PublicKey) -> _Outer:
    if len(sealed) > LONGEST_STATE:
        raise BadRecord(f"The state of a hub has at most {LONGEST_STATE} bytes; it was not accepted.")
    fields = messages.read(cose.verify(sealed, key), Kind.STATE, items=16)
    return messages.typed(messages.named(fields, STATE), _Outer)


def _context(hub: bytes, number: int) -> bytes:
    return b"village-hub state 1" + hub + number.to_bytes(4, "big")


def _read(hub: bytes, number: int, plain: bytes) -> State:
    fields = messages.named(messages.read(plain, Kind.STATE, items=2048), TOLD)
    for name, kind, width in (("accounts", Account, 2), ("answers", Answered, 3)):
        if name in fields:
            fields[name] = [_fields(row, kind) for row in messages.rows(fields[name], width)]
    return messages.typed({"hub": hub, "number": number, **fields}, State)


def _fields(row: list[Any], kind: type[Struct]) -> dict[str, Any]:
    return dict(zip(kind.__struct_fields__, row, strict=True))
