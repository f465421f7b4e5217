"""Who comes in at `/technician`: every request passes here before its route runs.

- A form must come from one of our own pages: its Origin is ours (RFC 6454), or at least its Referer, or the browser
  says so (Fetch Metadata); and a session's form carries the session's token.
- Whoever is not signed in is sent to sign in; who came by a link chooses a password first.
- Forms are decoded into typed records with limits; nothing here may be kept by a browser or on the way.
"""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
from flask import g, redirect, request, url_for
from flask_babel import gettext as _
from msgspec import Meta, Struct

from hub.addresses import came_from, within
from hub.app import hub_of
from hub.portal.probes import host_of
from hub.portal.where import find as find_place
from hub.problems import refuse
from hub.technician.claim import may_claim
from hub.technician.sessions import SignedIn, find

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

COOKIE = "staff"
PATH = "/technician"
FIGURES = "/metrics"  # nobody in the village has a use for them, and each look costs the database some questions
LOOPBACK = {"localhost", "127.0.0.1"}  # browsers look it up nowhere
LARGEST_FORM = 16 * 1024  # bytes
WITHOUT_SESSION = {"technician.sign_in", "technician.enter"}
TO_CHOOSE = {"technician.password", "technician.sign_out"}

Text = Annotated[str, Meta(max_length=1000)]
Form = TypeVar("Form", bound=Struct)


class SignIn(Struct):
    """The form of `/technician/sign-in`."""

    name: Text
    password: Text


class Choice(Struct):
    """The form of `/technician/password`; `current` is not asked of who came by a link."""

    password: Text
    again: Text
    current: Text = ""


def refuse_from_elsewhere() -> Response | None:
    """Before each request of all: staff pages answer only on the networks that the settings name.

    The village's Wi-Fi is plain HTTP and shared, so neither a password nor a session may cross it. This stands before
    every page below PATH, whichever feature brings it, and before the figures of /metrics.
    """
    path = f"/{request.path.lstrip('/')}"
    if not any(path == guarded or path.startswith(f"{guarded}/") for guarded in (PATH, FIGURES)):
        return None
    allowed = hub_of().settings.staff_networks
    if not allowed:
        return None
    if not within(came_from(request.environ), allowed):
        refuse(
            HTTPStatus.FORBIDDEN,
            _(
                "These pages are for the technician. They open on the setup network, or by cable at"
                " http://169.254.44.1/technician."
            ),
        )
    return None if path.startswith(FIGURES) else _to_our_number(path)  # figures belong to no session


def _to_our_number(path: str) -> Response | None:
    """Who came by a name is led to the box's number here.

    The hub's name is the village's as well: a browser would send a session that was begun under it over the village's
    Wi-Fi, and a page that somebody served there under it could use that session. Another's name may lead here by its
    own DNS (rebinding). A number of ours means the same box to everybody, or nothing.
    """
    here, host = find_place(request.environ), host_of(request.host)
    if host in {host_of(here.at), *LOOPBACK}:
        return None
    return redirect(here.url(path), HTTPStatus.SEE_OTHER)


def guard() -> Response | None:
    """Before each request: None lets it on to its route."""
    request.max_content_length = LARGEST_FORM
    g.signed_in = find(request.cookies.get(COOKIE, ""), hub_of().clock)
    if request.method == "POST":
        refuse_strangers()
    if request.endpoint in WITHOUT_SESSION:
        return None
    if g.signed_in is None:
        claims = may_claim(hub_of().settings, request.environ)
        return redirect(url_for("visit.next_question" if claims else "technician.sign_in"), HTTPStatus.SEE_OTHER)
    if request.method == "POST":
        _refuse_forged(g.signed_in)
    if g.signed_in.by_link and request.endpoint not in TO_CHOOSE:
        return redirect(url_for("technician.password"), HTTPStatus.SEE_OTHER)
    return None


def signed_in() -> SignedIn:
    """Whose request this is, behind the guard."""
    session: SignedIn = g.signed_in
    return session


def read_form(kind: type[Form]) -> Form:
    """The form that was sent, as a record; refuses the request if a field is missing or too long."""
    try:
        return msgspec.convert(request.form.to_dict(), kind)
    except msgspec.ValidationError:
        refuse(
            HTTPStatus.BAD_REQUEST, _("A field of the form is missing or too long; open the page again and fill it in.")
        )


def admit(response: Response, token: str) -> Response:
    """Give the session `token` to the browser until it is closed; no script and no other site can make use of it."""
    response.set_cookie(COOKIE, token, path=PATH, httponly=True, samesite="Strict", secure=request.is_secure)
    return response


def dismiss(response: Response) -> Response:
    """Take the session's token back from the browser."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Strict", secure=request.is_secure)
    return response


def keep_nothing(response: Response) -> Response:
    """After each request."""
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse_strangers() -> None:
    """Refuse a form that no page of ours sent."""
    if not is_ours(
        request.headers.get("Origin"),
        request.headers.get("Referer"),
        request.headers.get("Sec-Fetch-Site"),
        request.host_url,
    ):
        refuse(
            HTTPStatus.FORBIDDEN,
            _("That was not sent from a page of this hub; open the page again and send it from there."),
        )


def is_ours(origin: str | None, referer: str | None, fetch_site: str | None, host_url: str) -> bool:
    """Whether a form was sent by a page of `host_url`. Of a browser that tells nothing we can't know: no."""
    if fetch_site is not None and fetch_site != "same-origin":
        return False
    told = origin if origin is not None else referer
    if told is None:
        return fetch_site is not None
    try:
        parts = urlsplit(told)
    except ValueError:
        return False
    return f"{parts.scheme}://{parts.netloc}/".lower() == host_url.lower()


def _refuse_forged(session: SignedIn) -> None:
    given = request.form.get("form_token", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), session.form_token.encode()):
        refuse(HTTPStatus.FORBIDDEN, _("This form is out of date; open the page again and send it from there."))
