"""How a hub and head office come to know each other's keys over any link, with nothing but a one-time code.

Head office shows a code, five groups such as K7QM-3T5X-9D2B-HJ4W-P6RE. Its first group names it; the other four are
80 random bits that never cross the wire. Each of the two messages is a COSE_Mac0 under the secret, so a listener
learns nothing that lets him enrol, and whoever stands between can neither put in a key of his own nor alter a word.

    code = new_code()                                                    # head office
    body = seal_enrolment(Enrolment(code_id=code_id(code), ...), code)   # hub
    enrolment = open_enrolment(body, codes.get)                          # head office
    welcome = open_welcome(answer, code, nonce)                          # hub
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from wire import cose, messages
from wire.errors import BadRecord
from wire.messages import Hub, Kind, Nonce, PublicKey, Time

if TYPE_CHECKING:
    from collections.abc import Callable

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
GROUP, GROUPS = 4, 5
LONGEST = 4096


class Enrolment(Struct, frozen=True, kw_only=True):
    """What a hub asks: take me in under this code, here is the key I sign with, and the one that you seal for me to."""

    code_id: str
    hub: Hub
    public_key: PublicKey
    nonce: Nonce
    software: Annotated[str, Meta(max_length=64)] = ""
    sealing_key: PublicKey | None = None


class Welcome(Struct, frozen=True, kw_only=True):
    """What head office answers: which site the hub is, and head office's key and time (Unix milliseconds)."""

    site: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)]
    collector_key: PublicKey
    time: Time
    nonce: Nonce
    sealing_key: PublicKey | None = None


ENROLMENT = {2: "hub", 3: "public_key", 4: "nonce", 5: "software", 6: "sealing_key"}
WELCOME = {2: "site", 3: "name", 4: "time_zone", 5: "collector_key", 6: "time", 7: "nonce", 8: "sealing_key"}


def new_code() -> str:
    """A code nobody can guess, as people type it."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def code_id(code: str) -> str:
    """The part of `code` that may be known: its first group. Raises BadRecord for what is no code."""
    return _letters(code)[:GROUP]


def seal_enrolment(enrolment: Enrolment, code: str) -> bytes:
    """The body to post to head office. Raises BadRecord."""
    if enrolment.code_id != code_id(code):
        raise BadRecord("The enrolment names another code than the one that seals it; type the code again.")
    payload = _write(Kind.ENROLMENT, ENROLMENT, enrolment)
    _read_enrolment(enrolment.code_id, payload)
    return cose.authenticate(payload, _secret(code), enrolment.code_id.encode())


def open_enrolment(body: bytes, code_for: Callable[[str], str | None]) -> Enrolment:
    """What a hub asked, once it has shown that it knows the code `code_for(code id)`. Raises BadRecord."""
    if len(body) > LONGEST:
        raise BadRecord("An enrolment is never so long; run `hub setup` again.")
    named = _code_named(body)
    code = code_for(named)
    if code is None:
        raise BadRecord(f"No code beginning with {named} waits for a hub; ask head office for a new one.")
    return _read_enrolment(named, cose.authentic(body, _secret(code)))


def _read_enrolment(code: str, payload: bytes) -> Enrolment:
    fields = messages.read(payload, Kind.ENROLMENT, items=64)
    return messages.typed({"code_id": code, **messages.named(fields, ENROLMENT)}, Enrolment)


def _code_named(body: bytes) -> str:
    """The first group of the code that closed `body`, by its own word."""
    named = cose.secret_id(body)
    if len(named) != GROUP or not all(letter in LETTERS.encode() for letter in named):
        raise BadRecord("The enrolment names no code of ours; type the code again.")
    return named.decode("ascii")


def seal_welcome(welcome: Welcome, code: str) -> bytes:
    """The body of head office's answer, which only a holder of the code can have made. Raises BadRecord."""
    payload = _write(Kind.WELCOME, WELCOME, welcome)
    _read_welcome(payload)
    return cose.authenticate(payload, _secret(code), code_id(code).encode())


def open_welcome(body: bytes, code: str, nonce: bytes) -> Welcome:
    """Head office's answer to the request that carried `nonce`. Raises BadRecord."""
    if len(body) > LONGEST:
        raise BadRecord("This is no answer of head office; check its address and try again.")
    welcome = _read_welcome(cose.authentic(body, _secret(code)))
    if not hmac.compare_digest(welcome.nonce, nonce):
        raise BadRecord("The answer belongs to another request, so it was not believed; run `hub setup` again.")
    return welcome


def _read_welcome(payload: bytes) -> Welcome:
    return messages.typed(messages.named(messages.read(payload, Kind.WELCOME, items=64), WELCOME), Welcome)


def _write(kind: Kind, keys: dict[int, str], message: Struct) -> bytes:
    """A field that is not known is left out."""
    fields = msgspec.structs.asdict(message)
    return messages.write(kind, {key: name for key, name in keys.items() if fields[name] is not None}, fields)


def _letters(code: str) -> str:
    """`code` without its dashes, letters that are easily misread put right. Raises BadRecord."""
    letters = code.upper().translate(MISREAD)
    if len(letters) != GROUP * GROUPS or not set(letters) <= set(LETTERS):
        raise BadRecord(
            "That is no code: it has five groups of four letters and digits; type it as head office shows it."
        )
    return letters


def _secret(code: str) -> bytes:
    """The part of `code` that never crosses the wire, as the key of the HMAC."""
    return _letters(code)[GROUP:].encode("ascii")
