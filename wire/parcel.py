"""A file that a person carries between a hub and head office, and that she can neither read nor alter.

It holds messages as they would have gone over the line, each sealed by whoever made it: batches and enrolments on the
way up, answers and states on the way down. Around them lies a seal that the addressee alone opens; the file's first
bytes say for whom it is. Damaged, foreign or twice the same, it does no harm.

    data = pack([batch], to=office_id, reader=office_sealing_key)
    addressee(data)                                 # office_id
    unpack(data, to=office_id, reader=private_key)  # [batch], or BadRecord
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from wire import cbor, messages, sealing
from wire.errors import BadRecord
from wire.exchange import LONGEST_BODY
from wire.messages import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

SUFFIX = ".vhub"
FOLDER, UP, DOWN = "village-hub", "up", "down"  # on a stick: from hubs, as <hub id>.vhub, and to them
CARRIER = "CARRIER.txt"  # beside the two: what tells a stick that carries files from any other
CARRIER_TEXT = "This stick carries sealed files between village hubs and head office. Leave this file where it is.\r\n"
MEDIA_TYPE = "application/x-village-hub"
MOST_MESSAGES = 64
LONGEST_PARCEL = 4 << 20
PARCEL = {2: "to", 3: "sealed"}
Address = Annotated[bytes, Meta(min_length=8, max_length=8)]  # a hub's id, or head office's key id


class _Parcel(Struct, frozen=True):
    to: Address
    sealed: bytes


_Messages = Annotated[list[Annotated[bytes, Meta(max_length=LONGEST_BODY)]], Meta(max_length=MOST_MESSAGES)]


def pack(sealed: Sequence[bytes], to: bytes, reader: X25519PublicKey) -> bytes:
    """The file, for the holder of `reader`, who is called `to`. Raises BadRecord."""
    if len(sealed) > MOST_MESSAGES or max(map(len, sealed), default=0) > LONGEST_BODY:
        raise BadRecord(
            f"A file to carry has at most {MOST_MESSAGES} messages of {LONGEST_BODY} bytes; make two of it."
        )
    closed = sealing.close(cbor.encode(list(sealed)), reader, _context(to))
    data = messages.write(Kind.PARCEL, PARCEL, {"to": to, "sealed": closed})
    if len(data) > LONGEST_PARCEL:
        raise BadRecord(f"A file to carry has at most {LONGEST_PARCEL} bytes; make two of it.")
    return data


def addressee(data: bytes) -> bytes:
    """For whom the file is, by its own word. Raises BadRecord for what is no such file."""
    return _read(data).to


def unpack(data: bytes, to: bytes, reader: X25519PrivateKey) -> list[bytes]:
    """The messages for `to`, each still sealed. Raises BadRecord."""
    parcel = _read(data)
    if parcel.to != to:
        raise BadRecord("This file is for somebody else; take it to the place it was made for.")
    plain = sealing.unclose(parcel.sealed, reader, _context(to))
    found: list[bytes] = messages.typed(cbor.decode(plain, items=MOST_MESSAGES + 1), _Messages)
    return found


def _context(to: bytes) -> bytes:
    return b"village-hub parcel 1" + to


def _read(data: bytes) -> _Parcel:
    if len(data) > LONGEST_PARCEL:
        raise BadRecord(f"A file to carry has at most {LONGEST_PARCEL} bytes, not {len(data)}; take a fresh copy.")
    return messages.typed(messages.named(messages.read(data, Kind.PARCEL, items=16), PARCEL), _Parcel)
