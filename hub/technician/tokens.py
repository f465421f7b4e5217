"""Random words that open a door, of which the hub keeps only the hash.

token = new_token()         # "k3q7x2…", 26 letters and digits that are hard to mistake when typed
"""

from __future__ import annotations

import base64
import hashlib
import secrets

BYTES = 16  # 128 bits, beyond any guessing, so a plain SHA-256 is enough to keep it


def new_token() -> str:
    """128 random bits in base32 (RFC 4648) and lower case: no 0 beside o, no 1 beside l."""
    return base64.b32encode(secrets.token_bytes(BYTES)).decode().rstrip("=").lower()


def token_hash(token: str) -> bytes:
    """What the database holds of `token`."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
