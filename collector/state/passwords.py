"""Passwords of the staff accounts that head office makes: shown once, and kept as the hub keeps its own.

password = new_password()           # "k7qm-3t5x-9d2b-hj4w", 80 random bits
hash_password(password)             # scrypt with N = 2^15, r = 8, p = 1 (RFC 7914)
"""

from __future__ import annotations

import re
import secrets

from werkzeug.security import generate_password_hash

from collector.errors import NotPossible
from wire.enrol import LETTERS

METHOD = "scrypt:32768:8:1"  # as hub/technician/passwords.py; a hub takes no other
GROUPS, GROUP = 4, 4
NAME = re.compile(r"[^\W_][\w .'-]{0,38}", re.UNICODE)


def new_password() -> str:
    """One that nobody can guess, and that can be read out and typed on a phone."""
    letters = LETTERS.lower()
    return "-".join("".join(secrets.choice(letters) for _ in range(GROUP)) for _ in range(GROUPS))


def hash_password(password: str) -> str:
    """What is kept and told."""
    return generate_password_hash(password, METHOD)


def account_name(text: str) -> str:
    """The name as a hub compares it: in lower case, in one line. Raises NotPossible."""
    name = " ".join(text.split()).lower()
    if not NAME.fullmatch(name):
        raise NotPossible(f"{text[:40]!r} is no name of an account; write 1 to 39 letters or digits, as in rosa.")
    return name
