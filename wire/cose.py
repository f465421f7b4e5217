"""The envelope: COSE (RFC 9052) made by hand from cbor2 and cryptography, checked in the tests against pycose and cwt.

Two kinds, told apart by their tags. COSE_Sign1 (tag 18) with Ed25519 closes what a hub or head office says; COSE_Mac0
(tag 17) with HMAC-SHA256 closes the two messages of an enrolment, where all that both sides share is a one-time code.
Algorithm and key id both stand in the protected header, so both are signed:

    sealed = sign(b"payload", key, kid=hub_id)
    verify(sealed, public_key)          # b"payload", or BadRecord
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature

from wire import cbor
from wire.errors import BadRecord

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGN1, MAC0 = b"\xd2", b"\xd1"  # CBOR tags 18 and 17
ALGORITHM, KEY_ID = 1, 4  # header labels, RFC 9052 section 3.1
EDDSA, HMAC_256 = -8, 5  # RFC 9053 sections 2.2 and 3.1
LONGEST = 2 << 20
FOREIGN = "This is not a sealed record of Village Hub; send what the hub or head office made, unchanged."
FORGED = "The seal does not fit its content or its key, so the record was not accepted; send the original again."


class _Envelope(NamedTuple):
    protected: bytes
    kid: bytes
    payload: bytes
    seal: bytes


def sign(payload: bytes, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """COSE_Sign1 around `payload`, tagged; `kid` of 1 to 16 bytes names the key. Equal input gives equal bytes."""
    protected = cbor.encode({ALGORITHM: EDDSA, KEY_ID: kid})
    seal = key.sign(_to_be_sealed("Signature1", protected, payload))
    return SIGN1 + cbor.encode([protected, {}, payload, seal])


def key_id(sealed: bytes) -> bytes:
    """Whose key sealed this, by its own word; raises BadRecord if it is no COSE_Sign1 of ours."""
    return _open(sealed, SIGN1, EDDSA).kid


def verify(sealed: bytes, key: Ed25519PublicKey) -> bytes:
    """The payload, once the signature holds under `key`. Raises BadRecord."""
    envelope = _open(sealed, SIGN1, EDDSA)
    try:
        key.verify(envelope.seal, _to_be_sealed("Signature1", envelope.protected, envelope.payload))
    except InvalidSignature:
        raise BadRecord(FORGED) from None
    return envelope.payload


def authenticate(payload: bytes, secret: bytes, kid: bytes) -> bytes:
    """COSE_Mac0 around `payload`, tagged, with HMAC-SHA256 under `secret`."""
    protected = cbor.encode({ALGORITHM: HMAC_256, KEY_ID: kid})
    seal = _hmac(secret, _to_be_sealed("MAC0", protected, payload))
    return MAC0 + cbor.encode([protected, {}, payload, seal])


def secret_id(sealed: bytes) -> bytes:
    """Which secret closed this, by its own word; raises BadRecord if it is no COSE_Mac0 of ours."""
    return _open(sealed, MAC0, HMAC_256).kid


def authentic(sealed: bytes, secret: bytes) -> bytes:
    """The payload, once its code holds under `secret`. Raises BadRecord."""
    envelope = _open(sealed, MAC0, HMAC_256)
    expected = _hmac(secret, _to_be_sealed("MAC0", envelope.protected, envelope.payload))
    if not hmac.compare_digest(expected, envelope.seal):
        raise BadRecord(FORGED)
    return envelope.payload


def _to_be_sealed(context: str, protected: bytes, payload: bytes) -> bytes:
    """Sig_structure and MAC_structure (RFC 9052 sections 4.4 and 6.3), with no external data."""
    return cbor.encode([context, protected, b"", payload])


def _hmac(secret: bytes, message: bytes) -> bytes:
    return hmac.digest(secret, message, hashlib.sha256)


def _open(sealed: bytes, tag: bytes, algorithm: int) -> _Envelope:
    if sealed[:1] != tag or len(sealed) > LONGEST:
        raise BadRecord(FOREIGN)
    match cbor.decode(sealed[1:], items=8):
        case [bytes(protected), {}, bytes(payload), bytes(seal)]:
            return _Envelope(protected, _kid(protected, algorithm), payload, seal)
    raise BadRecord(FOREIGN)


def _kid(protected: bytes, algorithm: int) -> bytes:
    header = cbor.decode(protected, items=5)
    if isinstance(header, dict) and header.keys() == {ALGORITHM, KEY_ID} and header[ALGORITHM] == algorithm:
        kid = header[KEY_ID]
        if isinstance(kid, bytes) and 1 <= len(kid) <= 16:
            return kid
    raise BadRecord(FOREIGN)
