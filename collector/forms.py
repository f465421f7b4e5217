"""What changes something at head office comes from a page of head office, or from no page at all.

    forms.init_app(app)         # refuses the rest in a sentence, before any route runs

A browser says from where a form was sent: Fetch Metadata (`Sec-Fetch-Site`), `Origin` (RFC 6454), or `Referer`.
Whatever contradicts is refused; programs send none of them. Beside it the session's cookie is SameSite=Lax.

On an open demonstration there is no session, and a page on the internet could have its own name lead to this machine
(DNS rebinding), which makes it a page of the same origin. So there all is shown and changed under a
loopback name alone.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request
from flask_babel import gettext as _
from werkzeug.exceptions import Forbidden

from collector.access import GUARDED
from collector.office import office
from collector.settings import LOOPBACK

READING = {"GET", "HEAD", "OPTIONS"}


def init_app(app: Flask) -> None:
    """Guard what GUARDED names in `app`, and the sign-in."""
    app.before_request(_guard)


def _guard() -> None:
    if request.blueprint not in GUARDED:
        return
    if not office().settings.token and _name(f"//{request.host}") not in LOOPBACK:
        raise Forbidden(_("Without a token, this is shown and changed under http://localhost alone; open it there."))
    told = (request.headers.get(name) for name in ("Sec-Fetch-Site", "Origin", "Referer"))
    if request.method not in READING and not is_ours(*told, host=request.host):
        raise Forbidden(_("That was not sent from a page of head office; open the page again and send it from there."))


def is_ours(fetch_site: str | None, origin: str | None, referer: str | None, *, host: str) -> bool:
    """Whether nothing that the browser told contradicts that a page of `host` sent this."""
    if fetch_site not in {None, "same-origin"}:
        return False
    told = origin if origin is not None else referer
    return told is None or _place(told) == host.lower()


def _place(url: str) -> str | None:
    try:
        return urlsplit(url).netloc.lower() or None
    except ValueError:
        return None


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
