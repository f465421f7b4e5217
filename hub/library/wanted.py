"""The cookie that lets a phone see which lessons it asked for, without the hub keeping who asked.

    wanted_of(cookies)                                  # ["ahorro/la-caja"], the latest last
    cookie_for(["ahorro/la-caja", "ventas/tu-puesto"])  # the value of a Set-Cookie header

It stays on the phone and is returned for the pages of lessons alone.
"""

from __future__ import annotations

import re

NAME = "wanted"
DAYS = 31
MOST = 8  # lessons; whoever asks for more no longer sees of the first that she did
ITEM = "[a-z0-9-]{1,80}/[a-z0-9-]{1,80}"
HELD = re.compile(rf"(?:^|;)\s*{NAME}=({ITEM}(?:\.{ITEM}){{0,{MOST - 1}}})\s*(?:;|$)", re.ASCII)
WHERE = "Path=/items; HttpOnly; SameSite=Lax"
FORGOTTEN = f"{NAME}=; Max-Age=0; {WHERE}"


def wanted_of(cookies: str) -> list[str]:
    """The ids of the items that a request's Cookie header names; some may be here, or gone, by now."""
    held = HELD.search(cookies)
    return held[1].split(".") if held else []


def cookie_for(items: list[str]) -> str:
    """The value of Set-Cookie that leaves the ids with the phone (RFC 6265)."""
    return f"{NAME}={'.'.join(items[-MOST:])}; Max-Age={DAYS * 86_400}; {WHERE}"
