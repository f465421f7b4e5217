"""Pages for whoever carries: /carry for anyone, /technician/carry for sticks and the kit.

A facilitator needs no account and no script: the file that she takes is sealed for head office, and the one she brings
back for this hub, so the page tells no more than how many days wait. What many taps could cost is bounded: a phone has
a person's pace, what has just been counted is sealed at most every few minutes, and the file is made once (up.py).
"""

from __future__ import annotations

from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Annotated

from flask import Blueprint, current_app, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from msgspec import Meta, Struct
from werkzeug.exceptions import RequestEntityTooLarge

from hub.app import hub_of
from hub.carry import sticks
from hub.carry.back import NotTaken, take_back
from hub.carry.kit import BadKit, take_kit
from hub.carry.models import Carrier, carrying, note_given
from hub.carry.up import NoOffice, can_seal, current, seal_all, waiting_now
from hub.content.live import when
from hub.content.mounts import mounted
from hub.errors import NoSpace
from hub.problems import refuse, sentence_for
from hub.site import this_site
from hub.technician import door
from hub.uplink.introduce import owed
from hub.usage.door import Pace
from wire.parcel import LONGEST_PARCEL

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from werkzeug.wrappers import Response

    from hub.app import Hub

blueprint = Blueprint("carry", __name__, template_folder="templates")
staff = Blueprint("staff", __name__, url_prefix=f"{door.PATH}/carry")
staff.before_request(door.guard)
staff.after_request(door.keep_nothing)
RATE, BURST = 0.1, 12  # files a second to and from one phone, and in a row
SEAL_EVERY = 300.0  # seconds
AROUND_FILE = 4096  # bytes of a form


class Target(Struct):
    """The stick to write to."""

    place: Annotated[str, Meta(min_length=1, max_length=500)]


class Desk:
    """Seals what was counted before it is given away, at most every few minutes; one for each web process."""

    def __init__(self) -> None:
        self._lock, self._sealed = Lock(), -SEAL_EVERY

    def seal(self, hub: Hub) -> None:
        """Whoever comes while it runs waits for it."""
        with self._lock:
            now = hub.clock.since_boot()
            if now - self._sealed >= SEAL_EVERY:
                seal_all(hub.settings, hub.clock, hub.library)
                self._sealed = now


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["carry_pace"], state.app.extensions["carry_desk"] = Pace(RATE, BURST), Desk()


@blueprint.get("/carry")
def page() -> Response | str:
    """How much waits, the file to take, and the place to bring the reply to."""
    return _page()


@blueprint.get("/carry/file")
def file() -> Response:
    """What waits, sealed for head office."""
    _slow_down()
    hub = hub_of()
    desk: Desk = current_app.extensions["carry_desk"]
    try:
        if can_seal():
            desk.seal(hub)
        up = current(hub.settings, hub.library)
    except NoOffice:
        return redirect(url_for("carry.page"), HTTPStatus.SEE_OTHER)
    except NoSpace:
        refuse(HTTPStatus.SERVICE_UNAVAILABLE, sentence_for(HTTPStatus.SERVICE_UNAVAILABLE))
    note_given(hub.clock)
    answer = send_file(up.path.absolute(), "application/octet-stream", as_attachment=True, download_name=up.name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/carry")
def bring() -> Response | tuple[str, int]:
    """The reply of head office."""
    door.refuse_strangers()
    _slow_down()
    request.max_content_length = LONGEST_PARCEL + AROUND_FILE
    hub = hub_of()
    try:
        back = take_back(_brought(), hub.settings, hub.clock)
    except NotTaken as error:
        return _page(wrong=why(error.word)), HTTPStatus.UNPROCESSABLE_ENTITY
    except NoOffice:
        return redirect(url_for("carry.page"), HTTPStatus.SEE_OTHER)
    return _page(back=back), HTTPStatus.OK


def _brought() -> bytes:
    try:
        found = request.files.get("file")
    except RequestEntityTooLarge:
        raise NotTaken("large") from None
    if found is None or not found.filename:
        raise NotTaken("none")
    return found.stream.read(LONGEST_PARCEL + 1)


def _page(**shown: object) -> str:
    site = this_site()
    settings = hub_of().settings
    waits = waiting_now(settings) if can_seal() else None
    return render_template("carry/page.html", site=site, waits=waits, owed=owed() is not None, **shown)


def _slow_down() -> None:
    pace: Pace = current_app.extensions["carry_pace"]
    if not pace.admits(request.remote_addr or ""):
        refuse(HTTPStatus.TOO_MANY_REQUESTS, sentence_for(HTTPStatus.TOO_MANY_REQUESTS), Retry_After="60")


def why(word: str) -> str:
    """The sentence of back.py in the reader's language."""
    sentences = {
        "none": _("Choose the file first."),
        "empty": _("The file is empty; take the reply from head office's page again."),
        "large": _("The file is larger than any that head office makes; take the reply from its page again."),
        "foreign": _("This is no file of head office; choose the reply, whose name ends in .vhub."),
        "damaged": _("The file was damaged on the way; take the reply from head office's page again."),
        "up": _("This is the file for head office; give it to head office's page, and bring back its reply."),
        "elsewhere": _("This reply is for another hub; take it there."),
        "unknown": _("The head office that made this file is not the one of this hub; nothing in it was believed."),
    }
    return sentences[word]


@staff.get("", strict_slashes=False)
def home() -> str:
    """Sticks that carry, when files were given and came back, and the kit."""
    return _staff()


@staff.post("/kit")
def kit() -> Response | tuple[str, int]:
    """Make this box the hub of the kit's site."""
    found, hub = request.files.get("kit"), hub_of()
    try:
        take_kit(found.stream.read(door.LARGEST_FORM) if found else b"", hub.settings, hub.clock)
    except BadKit as error:
        return _staff(wrong=bad_kit(error.word)), HTTPStatus.UNPROCESSABLE_ENTITY
    return redirect(url_for("carry.staff.home", _anchor="kit"), HTTPStatus.SEE_OTHER)


@staff.post("/stick")
def stick() -> Response:
    """Let the worker use a stick for carrying that was not made for it."""
    form, hub = door.read_form(Target), hub_of()
    try:
        sticks.order(form.place, hub.settings.sticks, hub.clock)
    except sticks.StickTrouble:
        refuse(HTTPStatus.NOT_FOUND, _("That stick is not plugged in any more. Plug it in, then look again."))
    return redirect(url_for("carry.staff.home", _anchor="sticks"), HTTPStatus.SEE_OTHER)


def bad_kit(word: str) -> str:
    """The sentence of kit.py in the reader's language."""
    sentences = {
        "foreign": _("This is no kit, or it is damaged; take a fresh copy of the file that head office made."),
        "old": _("This kit is no longer good; ask head office for a new one."),
        "another": _("This box is the hub of another site already; for a new site set it up afresh."),
        "zone": _("The kit names a time zone that this hub does not know; update the hub's software first."),
        "content": _("The kit names other keys for courses than this box believes; ask head office."),
        "places": _("The kit names an address or a group that cannot be one; ask head office for a new kit."),
    }
    return sentences[word]


def _staff(**shown: object) -> str:
    hub, known = hub_of(), {row.place: row for row in Carrier.select()}
    places = [(str(place), place.name, known.get(str(place))) for place in mounted(hub.settings.sticks)]
    row = carrying()
    return render_template(
        "carry/staff.html",
        session=door.signed_in(),
        site=this_site(),
        waits=waiting_now(hub.settings) if can_seal() else None,
        owed=owed() is not None,
        plugged=places,
        gave=when(row.gave, hub.clock),
        came_back=when(row.came_back, hub.clock),
        **shown,
    )


blueprint.register_blueprint(staff)
