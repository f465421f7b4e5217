"""The visitor's cookie: random, says nothing, and counts once the phone has returned it.

    visitor_of(environ.get("HTTP_COOKIE", ""))      # "9f86d081884c7d659a2feaa0c55ad015", or None
    cookie_for(None)                                # the Set-Cookie header's value, with a new one

A phone that refuses cookies is served like any other, and only the bytes it took are counted.
"""

from __future__ import annotations

import re
import secrets

NAME = "visitor"
DAYS = 31  # renewed with each visit, so no month sees one phone under two cookies
HELD = re.compile(rf"(?:^|;)\s*{NAME}=([0-9a-f]{{32}})\s*(?:;|$)", re.ASCII)


def visitor_of(cookies: str) -> str | None:
    """The visitor that a request's Cookie header names; None if it names none or no token of ours."""
    held = HELD.search(cookies)
    return held[1] if held else None


def cookie_for(visitor: str | None) -> str:
    """The value of Set-Cookie that leaves `visitor` with the phone, or a new one (RFC 6265)."""
    token = visitor or secrets.token_hex(16)
    return f"{NAME}={token}; Max-Age={DAYS * 86_400}; Path=/; HttpOnly; SameSite=Lax"
