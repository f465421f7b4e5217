"""Passwords of staff: which are refused, and how the others are kept.

    weakness("precio justo 2026", {"Dzemul"})   # None: it will do
    hashed = hash_password("precio justo 2026")
    matches("precio justo 2026", hashed)        # True

Kept by scrypt with N = 2^15, r = 8, p = 1 (RFC 7914), which takes 32 MB for a moment: so one is computed at a time, and
who would have to wait behind too many others is turned away instead of holding a thread that serves pages.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from werkzeug.security import check_password_hash, generate_password_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

METHOD = "scrypt:32768:8:1"
SHORTEST, LONGEST = 10, 200  # characters
FEWEST_DIFFERENT = 5
MOST_WAITING = 3
RUNS = ("0123456789012345678901234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
COMMON = {"password", "contrasena", "contraseña", "administrator", "administrador", "technician", "tecnico", "técnico"}
# What nobody's password hashes to: a name that does not exist takes as long as one that does.
NOBODY = f"{METHOD}$nobodynobodynobo${'00' * 64}"

_computing = threading.Lock()
_admitted = threading.BoundedSemaphore(MOST_WAITING)


class TooManyAtOnce(Exception):
    """Others are signing in; this one should try again in a moment."""


def weakness(password: str, names: Iterable[str]) -> str | None:
    """Why `password` would be guessed, as a sentence; None if it will do. `names` are those of hub, site and people."""
    plain = _plain(password)
    if len(plain) < SHORTEST:
        return _(
            "The password is too short; take at least %(count)d characters, for instance three words.", count=SHORTEST
        )
    if len(plain) > LONGEST:
        return _("The password is too long; take at most %(count)d characters.", count=LONGEST)
    core = re.sub(r"[\W\d_]", "", plain.casefold())
    if len(set(plain)) < FEWEST_DIFFERENT or _is_run(plain.casefold()):
        return _("That password is easy to guess; take, for instance, three words that do not belong together.")
    if core in COMMON | {re.sub(r"[\W\d_]", "", name.casefold()) for name in names}:
        return _("That password is a name with little added; take three words that do not belong together.")
    return None


def _is_run(text: str) -> bool:
    """Whether `text` follows the alphabet or the keyboard, forwards or backwards."""
    return any(text in run or text[::-1] in run for run in RUNS)


def hash_password(password: str) -> str:
    """What the database keeps. Raises TooManyAtOnce."""
    with _turn():
        return generate_password_hash(_plain(password), METHOD)


def matches(password: str, hashed: str | None) -> bool:
    """Whether `password` is the one; as slow for an account that is not there (None). Raises TooManyAtOnce."""
    with _turn():
        return check_password_hash(hashed or NOBODY, _plain(password)) and hashed is not None


def _plain(password: str) -> str:
    """One form for what phones write in several: é may be one character or two (NFKC, Unicode annex 15)."""
    return unicodedata.normalize("NFKC", password)


@contextmanager
def _turn() -> Iterator[None]:
    if not _admitted.acquire(blocking=False):
        raise TooManyAtOnce
    try:
        with _computing:
            yield
    finally:
        _admitted.release()
