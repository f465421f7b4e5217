"""Bytes that one reader alone can open: HPKE (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305.

Who wrote them it does not tell: that is for the signature within or around. `context` says what the bytes are and for
whom, and who opens them must name the same:

    closed = close(b"text", reader.public_key(), b"state 0102030405060708 7")
    unclose(closed, reader, b"state 0102030405060708 7")        # b"text", or BadRecord
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wire.errors import BadRecord

if TYPE_CHECKING:
    from wire.messages import Hub

OVERHEAD = 48  # bytes: an X25519 public key and a Poly1305 tag
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
USELESS_KEY = "A key for sealing is a point that gives no secret; make a new one."
NOT_OURS = "This was not sealed for this reader, or was altered on the way; take a fresh copy to the place it is for."


class NotOurs(BadRecord):
    """Sealed for another key than the one at hand, or altered."""


def close(plain: bytes, reader: X25519PublicKey, context: bytes) -> bytes:
    """`plain` for the holder of `reader` alone: OVERHEAD bytes more, and different ones each time.

    Raises BadRecord for a key that leads to no secret (RFC 7748 section 6.1), which a stranger may have named.
    """
    try:
        return SUITE.encrypt(plain, reader, info=context)
    except ValueError:
        raise BadRecord(USELESS_KEY) from None


def unclose(closed: bytes, reader: X25519PrivateKey, context: bytes) -> bytes:
    """What was closed. Raises NotOurs."""
    try:
        return SUITE.decrypt(closed, reader, info=context)
    except (InvalidTag, ValueError):
        raise NotOurs(NOT_OURS) from None


def key_of(raw: bytes) -> X25519PublicKey:
    """The public key of 32 bytes. Raises BadRecord."""
    try:
        return X25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise BadRecord("A key for sealing has 32 bytes; update the program that made it.") from None


def name_of(public_key: bytes) -> bytes:
    """What a key is called: the first 8 bytes of its SHA-256."""
    return hashlib.sha256(public_key).digest()[:8]


def shared_secret(mine: X25519PrivateKey, theirs: X25519PublicKey, hub: Hub) -> bytes:
    """32 bytes that `hub` and head office both come to, and nobody else (RFC 7748 section 6.1, RFC 5869).

    Raises BadRecord for a key that leads to no secret.
    """
    try:
        agreed = mine.exchange(theirs)
    except ValueError:
        raise BadRecord(USELESS_KEY) from None
    return HKDF(SHA256(), 32, salt=None, info=b"village-hub totals 1" + hub).derive(agreed)
