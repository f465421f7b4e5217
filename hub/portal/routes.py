"""The portal's page: one button, the hub's name and number to type; and the API of RFC 8908.

It is shown in the window that a phone opens to sign in: no tabs, no cookies, gone as soon as the phone believes it is
online. So it has no lesson and no link to one, no script, and its styles within. Pressing the button is all that the
form can do, so a form that another page sends does no harm, and there is nowhere to be led to but here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask_babel import get_locale
from markupsafe import Markup

from hub.addresses import phone_of
from hub.app import hub_of
from hub.portal.acceptance import Acceptance
from hub.portal.keep import SignIns
from hub.portal.leases import Leases
from hub.portal.where import find

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

    from hub.portal.where import Here

blueprint = Blueprint("portal", __name__, template_folder="templates")
POLICY = "default-src 'none'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
MOST_PAGES = 64  # a handful of addresses, two languages, before and after


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    hub = state.app.extensions["hub"]
    sign_ins = SignIns(hub.clock)
    accepted = Acceptance(hub.settings.run_folder / "portal.json", Leases(hub.settings.leases_file), hub.clock)
    accepted.on_accepted.append(sign_ins.happened)
    hub.recorder.before_flush += [accepted.save, sign_ins.save]
    state.app.extensions["portal"] = accepted
    state.app.extensions["portal_pages"] = {}


@blueprint.get("/welcome")
def welcome() -> Response:
    """The page, before the button is pressed or after."""
    here, ready = find(request.environ), bool(acceptance().left(phone_of(request.environ)))
    if request.method == "GET" and not here.is_for_staff:
        acceptance().note("page")
    return _page(here, ready=ready)


@blueprint.post("/welcome")
def accept() -> Any:
    """The button: from now on this phone's probes succeed."""
    acceptance().accept(phone_of(request.environ), counts=not find(request.environ).is_for_staff)
    return _unkept(redirect("/welcome", HTTPStatus.SEE_OTHER))


@blueprint.get("/captive-portal/api")
def api() -> Response:
    """Whether this phone is captive, for one that learned the address by DHCP (RFC 8908; option 114 of RFC 8910)."""
    here, left = find(request.environ), acceptance().left(phone_of(request.environ))
    told: dict[str, Any] = {"captive": not left, "user-portal-url": here.url("/welcome"), "can-extend-session": True}
    if left:
        told["seconds-remaining"] = int(left)
    response = Response(msgspec.json.encode(told), content_type="application/captive+json")
    response.headers["Cache-Control"] = "private"
    return response


def acceptance() -> Acceptance:
    """Who accepted, within a request."""
    known: Acceptance = current_app.extensions["portal"]
    return known


def _page(here: Here, *, ready: bool) -> Response:
    """Rendered once for each language and place: many phones come at once."""
    pages: dict[Any, tuple[str, str]] = current_app.extensions["portal_pages"]
    key = (str(get_locale()), here, ready)
    if key not in pages:
        if len(pages) >= MOST_PAGES:
            pages.clear()
        pages[key] = _render(here, ready=ready)
    html, policy = pages[key]
    response = _unkept(Response(html))
    response.headers["Content-Security-Policy"] = policy
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


def _render(here: Here, *, ready: bool) -> tuple[str, str]:
    """The page and the content policy that lets its own styles in."""
    name, dressed = hub_of().settings.name, Markup(hub_of().programme.dress("welcome.css", ""))  # noqa: S704 (ours)
    url = here.url("/technician") if here.is_for_staff else here.url("/", name)
    typed = [url.removeprefix("http://").rstrip("/")]
    if name and not here.is_for_staff:
        typed.append(here.at)
    told = {"ready": ready, "staff": here.is_for_staff, "typed": typed, "code": qr_code(url), "dressed": dressed}
    html = render_template("portal/welcome.html", **told)
    (style,) = STYLE.findall(html)
    return html, POLICY.format(base64.b64encode(hashlib.sha256(style.encode()).digest()).decode())


@lru_cache(maxsize=16)
def qr_code(url: str) -> Markup:
    """A drawing of the QR code (ISO/IEC 18004) that opens `url`."""
    import segno  # not at the module's level: most of the time nobody joins

    code = segno.make_qr(url, error="m", boost_error=False)
    drawing = code.svg_inline(border=3, omitsize=True, svgclass="code", lineclass=None)
    hidden = drawing.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)  # words say what it is for
    return Markup(hidden)  # noqa: S704 (a path, no text)


def _unkept(response: Any) -> Any:
    response.headers["Cache-Control"] = "no-store"
    return response
