"""Key files: Ed25519 private keys as PKCS#8 (RFC 5958), under a passphrase, readable by their owner alone.

A passphrase that a person can type is guessed by machines that try millions a second, so what stretches it decides.
`cryptography` writes PKCS#8 with 2,048 rounds of PBKDF2; here the same standard structure (PBES2, RFC 8018 appendix
A.4) is written with 600,000 (OWASP's figure of 2023 for HMAC-SHA-256). It is read by cryptography and by openssl alike.

    write_key(Path("publisher.key"), key, b"correct horse ...")
    key = read_key(Path("publisher.key"), [b"correct horse ..."])     # BadKeys with a sentence
"""

from __future__ import annotations

import base64
import secrets
import textwrap
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from content_cache.durable import write_file
from content_cache.trust.errors import BadKeys

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ROUNDS = 600_000
LONGEST = 16_384
INTEGER, OCTETS, NULL, IDENTIFIER, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
# Object identifiers as DER writes them, RFC 8018 appendix C.
PBES2 = bytes.fromhex("2a864886f70d01050d")
PBKDF2 = bytes.fromhex("2a864886f70d01050c")
HMAC_SHA256 = bytes.fromhex("2a864886f70d0209")
AES_256_CBC = bytes.fromhex("60864801650304012a")


def write_key(path: Path, key: Ed25519PrivateKey, passphrase: bytes | None) -> None:
    """Put `key` at `path`, durably, mode 0600; None for one that no passphrase protects."""
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    data = _pem("PRIVATE KEY", plain) if passphrase is None else _pem("ENCRYPTED PRIVATE KEY", _seal(plain, passphrase))
    write_file(path, data, mode=0o600)


def read_key(path: Path, passphrases: Iterable[bytes]) -> Ed25519PrivateKey:
    """The key in the file `path`, opened by the first of `passphrases` that fits. Raises BadKeys."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST)
    except OSError as error:
        raise BadKeys(f"The key {path} cannot be read ({error.strerror}); bring it, or name its folder.") from None
    if b"ENCRYPTED" not in data:
        return _opened(path, data, None)
    for passphrase in passphrases:
        try:
            return _opened(path, data, passphrase)
        except ValueError:
            continue
    raise BadKeys(f"The passphrase does not open {path}; give the one it was made with.")


def _opened(path: Path, data: bytes, passphrase: bytes | None) -> Ed25519PrivateKey:
    """Raises ValueError for a wrong passphrase, and BadKeys for what no passphrase helps."""
    try:
        key = load_pem_private_key(data, passphrase)
        if isinstance(key, Ed25519PrivateKey):
            return key
    except (TypeError, ValueError):
        if passphrase is not None:
            raise
    raise BadKeys(f"{path} is no key file that content-cache made, or it is damaged; bring it from a copy.")


def _seal(plain: bytes, passphrase: bytes) -> bytes:
    """EncryptedPrivateKeyInfo around the PKCS#8 structure `plain`."""
    salt, start = secrets.token_bytes(16), secrets.token_bytes(16)
    key = PBKDF2HMAC(hashes.SHA256(), 32, salt, ROUNDS).derive(passphrase)
    padder, encryptor = padding.PKCS7(128).padder(), Cipher(AES(key), CBC(start)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    rounds = ROUNDS.to_bytes(ROUNDS.bit_length() // 8 + 1, "big")
    stretch = _list(
        _der(IDENTIFIER, PBKDF2),
        _list(
            _der(OCTETS, salt), _der(INTEGER, rounds), _list(_der(IDENTIFIER, HMAC_SHA256), _der(NULL, b""))
        ),
    )  # fmt: skip
    cipher = _list(_der(IDENTIFIER, AES_256_CBC), _der(OCTETS, start))
    return _list(_list(_der(IDENTIFIER, PBES2), _list(stretch, cipher)), _der(OCTETS, sealed))


def _list(*parts: bytes) -> bytes:
    return _der(SEQUENCE, b"".join(parts))


def _der(tag: int, content: bytes) -> bytes:
    """Tag, length, content (X.690 section 8.1); all of ours are under 256 bytes."""
    length = bytes([len(content)]) if len(content) < 128 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def _pem(label: str, der: bytes) -> bytes:
    """RFC 7468."""
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()
