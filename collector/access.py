"""Who may read: on a laptop's loopback anyone, elsewhere whoever knows the token.

Programs send `Authorization: Bearer <token>`; people type it once at /sign-in and carry a signed cookie. What hubs send
to /v1/ is signed by itself and needs no token; nor does what facilitators bring to /carry.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from flask import Flask, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import TooManyRequests, Unauthorized

from collector.office import office

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

FOR_PROGRAMS = {"api", "inbox_api", "hubs_api"}
GUARDED = {"pages", "kits", "inbox_pages", "hubs"} | FOR_PROGRAMS
TOO_MANY = "Too many wrong tokens came from there; wait ten minutes and try again."


class Sessions(SecureCookieSessionInterface):
    """A cookie that came over TLS, as the web server in front says, goes over nothing else."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 (Flask's)
        return request.is_secure


def init_app(app: Flask) -> None:
    """Guard pages and API of `app`."""
    app.session_interface = Sessions()
    app.before_request(_guard)


def _guard() -> Response | None:
    if request.blueprint not in GUARDED or request.endpoint == "pages.sign_in" or _may_read():
        return None
    if request.blueprint not in FOR_PROGRAMS:
        return redirect(url_for("pages.sign_in"))
    raise Unauthorized("This needs head office's token; send it as `Authorization: Bearer <token>`.")


def _may_read() -> bool:
    if not office().settings.token or hmac.compare_digest(str(session.get("proof", "")).encode(), _proof().encode()):
        return True
    given = request.headers.get("Authorization", "")
    return given.startswith("Bearer ") and fits(given.removeprefix("Bearer "))


def fits(token: str) -> bool:
    """Whether `token` is the one of the settings. Raises TooManyRequests for who guesses too often."""
    guesses, who = office().guesses, request.remote_addr or ""
    if guesses.too_many(who):
        raise TooManyRequests(TOO_MANY)
    wanted = office().settings.token
    right = hmac.compare_digest(_digest(token), _digest(wanted))
    if not right:
        guesses.failed(who)
    return right


def remember() -> None:
    """Give this browser the cookie; it holds until the token changes."""
    session["proof"] = _proof()


def _proof() -> str:
    return hmac.digest(office().settings.token.encode(), b"signed in", "sha256").hex()


def _digest(text: str) -> bytes:
    """Of one length whatever was typed, so that comparing takes one time."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
