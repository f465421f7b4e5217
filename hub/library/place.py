"""The cookie that lets a phone without JavaScript continue where it was: the last lesson it opened.

    cookie_for("ahorro/por-que-ahorrar")        # the value of a Set-Cookie header
    place_of(cookies)                           # "ahorro/por-que-ahorrar", or None

It stays on the phone: the hub reads it for `/continue` and keeps nothing of it.
"""

from __future__ import annotations

import re

NAME = "last"
DAYS = 31
HELD = re.compile(rf"(?:^|;)\s*{NAME}=([a-z0-9-]{{1,80}}/[a-z0-9-]{{1,80}})\s*(?:;|$)", re.ASCII)
FORGOTTEN = f"{NAME}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"


def place_of(cookies: str) -> str | None:
    """The id of the item that a request's Cookie header names, which may be gone by now."""
    held = HELD.search(cookies)
    return held[1] if held else None


def cookie_for(item_id: str) -> str:
    """The value of Set-Cookie that leaves the item's id with the phone (RFC 6265)."""
    return f"{NAME}={item_id}; Max-Age={DAYS * 86_400}; Path=/; HttpOnly; SameSite=Lax"
