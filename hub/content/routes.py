"""The routes of content: villagers ask for what is coming; the technician sees what is here, coming and wrong.

Nothing is needed to ask but a page of ours: no account, no script. The answer leads to the page that says thank you,
which a phone that keeps cookies sees from then on.

The technician's pages never change under the reader; there is a link to look again (WCAG 2.2.1). What is ordered
there is written down in one small transaction, and the worker begins within a minute.
"""

from __future__ import annotations

from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Meta, Struct

from content_cache.errors import Busy, ContentError
from hub.app import hub_of
from hub.content import copies, orders
from hub.content.asking import Asking
from hub.content.holdings import SHOWN, Shelf
from hub.content.live import live
from hub.library.wanted import cookie_for, wanted_of
from hub.problems import refuse, sentence_for
from hub.site import this_site
from hub.technician import door
from hub.uplink.budget import BadRule, changed
from hub.uplink.ledger import rules, set_rules
from hub.usage.cookie import visitor_of

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from werkzeug.wrappers import Response

    from content_cache.records import Item

blueprint = Blueprint("content", __name__, template_folder="templates")
staff = Blueprint("staff", __name__, url_prefix=f"{door.PATH}/content")
staff.before_request(door.guard)
staff.after_request(door.keep_nothing)
ORDERS = {
    "pin": orders.pin,
    "unpin": orders.unpin,
    "remove": orders.remove,
    "bring-back": orders.bring_back,
}


class Wish(Struct):
    """What a technician decides about a course or an item."""

    subject: Annotated[str, Meta(min_length=1, max_length=161)]
    wish: Literal["pin", "unpin", "remove", "bring-back"]


class Target(Struct):
    """Where to copy the library to."""

    place: Annotated[str, Meta(min_length=1, max_length=500)]


class Budget(Struct):
    """The form of the uplink's rules; an empty field is no limit, and hours that begin where they end are none."""

    daily: Annotated[str, Meta(max_length=20)] = ""
    monthly: Annotated[str, Meta(max_length=20)] = ""
    first: Annotated[str, Meta(max_length=2)] = ""
    last: Annotated[str, Meta(max_length=2)] = ""
    free_first: Annotated[str, Meta(max_length=2)] = ""
    free_last: Annotated[str, Meta(max_length=2)] = ""


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["asking"] = Asking()


@blueprint.post("/items/<course>/<slug>/ask")
def want(course: str, slug: str) -> Response:
    """Count one more who wants an item that is coming; one that came meanwhile is shown."""
    door.refuse_strangers()
    asking: Asking = current_app.extensions["asking"]
    if not asking.admits(request.remote_addr or ""):
        refuse(HTTPStatus.TOO_MANY_REQUESTS, sentence_for(HTTPStatus.TOO_MANY_REQUESTS), Retry_After="10")
    item = _listed(f"{course}/{slug}")
    if not item.coming:
        return redirect(f"/items/{item.id}", HTTPStatus.SEE_OTHER)
    before = wanted_of(request.headers.get("Cookie", ""))
    if item.id not in before and asking.counts(visitor_of(request.headers.get("Cookie", "")), item.id):
        orders.ask(item.id, hub_of().clock)
    answer = redirect(f"/items/{item.id}/asked", HTTPStatus.SEE_OTHER)
    answer.headers["Set-Cookie"] = cookie_for([*(one for one in before if one != item.id), item.id])
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _listed(item_id: str) -> Item:
    catalogue = hub_of().library.catalogue() or abort(HTTPStatus.NOT_FOUND)
    with closing(catalogue):
        item = catalogue.item(item_id)
    return item if item and item.listed else abort(HTTPStatus.NOT_FOUND)


@staff.get("", strict_slashes=False)
def home() -> str:
    """What is here, what is coming, what went wrong, and what the link may still carry."""
    return _page("content/live.html", live=live(hub_of()))


@staff.get("/courses")
def courses() -> str:
    """A page of the courses, all or those of a kind."""
    shown = request.args.get("show", SHOWN[0])
    if shown not in SHOWN:
        abort(HTTPStatus.NOT_FOUND)
    hub = hub_of()
    return _page("content/courses.html", shelf=Shelf.of(hub.library, hub.clock, shown, _page_asked()), shown=shown)


@staff.get("/courses/<slug>")
def course(slug: str) -> str:
    """A page of a course's items."""
    hub = hub_of()
    shelf = Shelf.of_course(hub.library, hub.clock, slug, _page_asked()) or abort(HTTPStatus.NOT_FOUND)
    return _page("content/course.html", shelf=shelf)


@staff.post("/wish")
def wish() -> Response:
    """Pin, unpin, remove or bring back a course or an item."""
    form = door.read_form(Wish)
    try:
        subject = orders.check_subject(form.subject, hub_of().library)
    except orders.NoSuchSubject:
        refuse(HTTPStatus.NOT_FOUND, _("There is no such course or lesson here any more; open the list again."))
    ORDERS[form.wish](subject)
    slug, _slash, item = subject.partition("/")
    back = url_for("content.staff.course", slug=slug, page=_page_asked(), _anchor=f"item-{item}" if item else None)
    return redirect(back, HTTPStatus.SEE_OTHER)


@staff.post("/sync")
def sync() -> Response:
    """Look for news now."""
    orders.sync_now()
    return _home()


@staff.post("/verify")
def verify() -> Response:
    """Read all files again now."""
    orders.verify_now()
    return _home("files")


@staff.post("/rollback")
def rollback() -> Response:
    """Go back to the release before."""
    try:
        hub_of().library.rollback()
    except Busy:
        refuse(HTTPStatus.CONFLICT, _("Courses are being brought at the moment. Wait until that ends, then try again."))
    except ContentError:
        refuse(HTTPStatus.CONFLICT, _("There is no way back: what was here before is no longer whole, or withdrawn."))
    return _home("release")


@staff.post("/copy")
def copy() -> Response:
    """Copy the library to a stick that is plugged in."""
    form, hub = door.read_form(Target), hub_of()
    try:
        copies.order(form.place, hub.settings.sticks, hub.clock)
    except copies.NoSuchStick:
        refuse(HTTPStatus.NOT_FOUND, _("That stick is not plugged in any more. Plug it in, then look again."))
    return _home("sticks")


@staff.post("/budget")
def budget() -> Response:
    """New rules for the link."""
    form = door.read_form(Budget)
    try:
        set_rules(
            changed(
                rules(),
                daily=form.daily.strip() or "none",
                monthly=form.monthly.strip() or "none",
                hours=_hours(form.first, form.last),
                free=_hours(form.free_first, form.free_last),
            )
        )
    except BadRule:
        refuse(HTTPStatus.UNPROCESSABLE_ENTITY, _("Write MB as a number such as 25, and choose both hours or none."))
    return _home("budget")


def _hours(first: str, last: str) -> str:
    return "none" if first == last else f"{first}-{last}"


def _home(section: str | None = None) -> Response:
    return redirect(url_for("content.staff.home", _anchor=section), HTTPStatus.SEE_OTHER)


def _page_asked() -> int:
    return request.args.get("page", 1, int)


def _page(template: str, **shown: object) -> str:
    return render_template(template, session=door.signed_in(), site=this_site(), **shown)


blueprint.register_blueprint(staff)
