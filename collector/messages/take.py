"""Takes in a short message, however the gateway that brings it writes bytes down.

    data = as_bytes(b"4QECAwQFBgcI...")     # the same from bytes, hexadecimal and base64; BadRecord if it is none
    take_message(data, office)              # "The totals of 2026-03-01 are kept."

Each proves itself: totals by a code that only their hub can have made, courses by the hub's signature. A forged one
changes nothing and fills nothing; one that comes again, or after the full record, changes nothing either.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from collector.inbox.receive import take_sealed, take_totals
from wire.cose import SIGN1
from wire.errors import BadRecord
from wire.short import FIRST

if TYPE_CHECKING:
    from collector.office import Office

LONGEST = 4096  # bytes, as they come
BEGINS = (FIRST, SIGN1)
FOREIGN = "This is no message of a hub; send the bytes that the gateway got, as they are, in hexadecimal or in base64."


def as_bytes(body: bytes) -> bytes:
    """The message in `body`. Raises BadRecord."""
    if body.startswith(BEGINS):
        return body
    text = b"".join(body.split())
    for read in (_from_hexadecimal, _from_base64):
        data = read(text)
        if data.startswith(BEGINS):
            return data
    raise BadRecord(FOREIGN)


def _from_hexadecimal(text: bytes) -> bytes:
    try:
        return binascii.unhexlify(text)
    except ValueError:
        return b""


def _from_base64(text: bytes) -> bytes:
    """Also as in addresses (RFC 4648 section 5), and without the signs at the end that some leave out."""
    try:
        return base64.b64decode(text.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""


def take_message(body: bytes, office: Office) -> str:
    """Keep what the message tells; gives a sentence that says what became of it. Raises BadRecord."""
    if len(body) > LONGEST:
        raise BadRecord(f"A message has at most {LONGEST} bytes; send each by itself.")
    data = as_bytes(body)
    return take_totals(data, office) if data.startswith(FIRST) else take_sealed(data, office)
