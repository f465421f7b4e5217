"""The pages of a technician's visit: the five answers, how far the visit has come, and how the box is switched off.

Before there is an administrator, whoever stands beside the box may answer (hub/technician/claim.py); the fifth answer
makes the administrator and signs her in. From then on all of this is behind the sign-in.

While root or head office is awaited the page asks the browser to come again (a Refresh header, and a link beside it);
nothing that was typed can be lost by that, since the waiting page has no field.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from flask import Blueprint, abort, g, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from msgspec import Struct

from hub.acceptance.results import begin as begin_check
from hub.app import hub_of
from hub.box.orders import order
from hub.carry.kit import BadKit, take_kit
from hub.carry.routes import bad_kit
from hub.db import writing
from hub.portal.where import CABLE, find
from hub.problems import refuse
from hub.site import this_site
from hub.technician import door
from hub.technician.claim import may_claim
from hub.technician.models import Technician
from hub.technician.passwords import TooManyAtOnce, hash_password, matches
from hub.technician.sessions import begin
from hub.visit import office
from hub.visit.answers import (
    PARTS,
    AdministratorAnswer,
    BadAnswer,
    Part,
    judge_administrator,
    judge_office,
    judge_place,
    judge_uplink,
    judge_wifi,
    refuse_same_name,
)
from hub.visit.forms import AdministratorForm, OfficeForm, PlaceForm, UplinkForm, WiFiForm
from hub.visit.keep import keep, keep_kit, make_administrator, next_part, told
from hub.visit.kits import kits_below, read_kit
from hub.visit.models import note_visit
from hub.visit.network import ask, both_at_once, likely_uplink, standing
from hub.visit.own import own_wifi
from hub.visit.progress import progress
from hub.visit.said import said
from hub.visit.zones import STATES, countries

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from hub.network.record import Stage

blueprint = Blueprint("visit", __name__, template_folder="templates", url_prefix=f"{door.PATH}/visit")
FORMS: dict[str, Any] = {
    "office": OfficeForm,
    "place": PlaceForm,
    "wifi": WiFiForm,
    "uplink": UplinkForm,
    "administrator": AdministratorForm,
}
JUDGES: dict[str, Any] = {"office": judge_office, "place": judge_place, "wifi": judge_wifi, "uplink": judge_uplink}
COME_AGAIN = "5"  # seconds


class Power(Struct):
    """What the box is to do."""

    do: Literal["restart", "shutdown"]


@blueprint.before_request
def guard() -> Response | None:
    """Whoever stands beside a box without an administrator comes in; everybody else signs in."""
    if not may_claim(hub_of().settings, request.environ):
        return door.guard()
    request.max_content_length = door.LARGEST_FORM
    g.signed_in = None
    if request.method == "POST":
        door.refuse_strangers()
    return None


blueprint.after_request(door.keep_nothing)


@blueprint.get("", strict_slashes=False)
def home() -> Response:
    """How far the visit has come, and the one thing to do next."""
    hub = hub_of()
    seen = progress(hub.settings, hub.library)
    answer = make_response(_page("visit/home.html", seen=seen, said=said, clock_known=hub.clock.now() is not None))
    if seen.waits or seen.reads:
        answer.headers["Refresh"] = COME_AGAIN
    return answer


@blueprint.route("/<part>", methods=["GET", "POST"])
def question(part: Part) -> Response:
    """One of the five; a wrong answer changes nothing, and what was typed stays."""
    if part not in PARTS:
        abort(HTTPStatus.NOT_FOUND)
    if part == "administrator" and g.signed_in is not None and next_part(told()) != part:
        return redirect(url_for("technician.password"), HTTPStatus.SEE_OTHER)
    if request.method != "POST":
        return _question(part, _form(part))
    form = door.read_form(FORMS[part])
    try:
        return _take(part, form)
    except BadAnswer as error:
        return _question(part, form, error)


@blueprint.get("/next")
def next_question() -> Response:
    """The first question without an answer, or how far the visit is."""
    return _next()


@blueprint.post("/check")
def check() -> Response:
    """Begin the check (hub/acceptance); where the technician's own network goes meanwhile, say how she comes back."""
    hub = hub_of()
    begin_check(hub)
    if not _stays():
        return _try()
    if standing(hub.settings).stage != "village":  # answered on the setup network, and now she is on the cable
        ask(hub.settings, "village", hub.clock)
    return redirect(url_for("acceptance.home"), HTTPStatus.SEE_OTHER)


@blueprint.post("/open")
def open_village() -> Response:
    """Show the village's Wi-Fi for some minutes."""
    return _try()


@blueprint.post("/finish")
def finish() -> Response:
    """Leave the box as the village is to have it."""
    with writing():
        note_visit(finished=True)
    hub, now = hub_of(), standing(hub_of().settings)
    if now.stage != "village" or now.state != "done":
        ask(hub.settings, "village", hub.clock)
    return _home()


@blueprint.post("/office/again")
def office_again() -> Response:
    """Ask head office once more, now."""
    office.again()
    return _home()


@blueprint.post("/power")
def power() -> Response:
    """Restart or shut down; the page before asked whether that is meant."""
    form = door.read_form(Power)
    order(hub_of().settings, "power", form.do.encode())
    return make_response(_page("visit/power.html", do=form.do))


def _form(part: Part) -> Any:
    """What was answered before, or what is likely."""
    form = FORMS[part].of(told())
    if isinstance(form, UplinkForm) and not form.kind and find(request.environ).kind != CABLE:
        form.kind = likely_uplink(standing(hub_of().settings).facts)
    return form


def _take(part: Part, form: Any) -> Response:
    """Keep the answer and go on; raises BadAnswer."""
    if part == "administrator":
        return _enter(form)
    if part == "office" and _kit(form):
        return _next()
    answer = JUDGES[part](form.answer())
    if part == "wifi":
        refuse_same_name(answer, own_wifi(hub_of().settings))
    keep(part, answer)
    if part in ("wifi", "uplink") and next_part(told()) is None:
        ask(hub_of().settings, _stage(), hub_of().clock)
    return _next()


def _kit(form: OfficeForm) -> bool:
    """Whether a kit came along, from the phone or off a stick, and was taken; raises BadAnswer if it is no good."""
    hub, sent = hub_of(), request.files.get("kit")
    try:
        if form.stick:
            data = read_kit(form.stick, hub.settings.sticks)
        elif sent is not None and sent.filename:
            data = sent.stream.read(door.LARGEST_FORM)
        else:
            return False
        keep_kit(take_kit(data, hub.settings, hub.clock))
    except BadKit as error:
        word = error.word
        raise BadAnswer("office", "kit", lambda: bad_kit("foreign" if word == "gone" else word)) from None
    return True


def _enter(form: AdministratorForm) -> Response:
    """Make the administrator, sign her in, and ask root for the network of all five answers."""
    hub, site = hub_of(), this_site()
    names = {name for name in (site.name, site.code, hub.programme.name) if name}
    answer: AdministratorAnswer = judge_administrator(form.answer(), names)
    try:
        account = _made(answer)
    except TooManyAtOnce:
        refuse(HTTPStatus.TOO_MANY_REQUESTS, _("Too many tries. Wait a minute and try again."), Retry_After="5")
    token = begin(account, hub.clock)
    if next_part(told()) is None:
        ask(hub.settings, _stage(), hub.clock)
    return door.admit(_next(), token)


def _made(answer: AdministratorAnswer) -> Technician:
    """Her account, also for the second of two taps, which comes while the first is still at work."""
    try:
        return make_administrator(answer, hash_password(answer.password))
    except BadAnswer:
        known: Technician | None = Technician.get_or_none(Technician.name == answer.name)
        if known is None or not matches(answer.password, known.password):
            raise
        return known


def _stage() -> Stage:
    """The village's network at once where the technician keeps her way in; else it is shown during the check."""
    return "village" if _stays() else "setup"


def _stays() -> bool:
    """Whether the technician's own way in stays: on the cable, or where the radio holds both networks."""
    return find(request.environ).kind == CABLE or both_at_once(standing(hub_of().settings).facts)


def _try() -> Response:
    """Show the village's network for some minutes (trial.py ends it); this page is the last before hers goes."""
    hub = hub_of()
    network = ask(hub.settings, "trial", hub.clock)
    return make_response(_page("visit/trial.html", village=network.village, setup=network.setup))


def _next() -> Response:
    part = next_part(told())
    if part is None:
        return _home()
    return redirect(url_for("visit.question", part=part), HTTPStatus.SEE_OTHER)


def _home() -> Response:
    return redirect(url_for("visit.home"), HTTPStatus.SEE_OTHER)


def _question(part: Part, form: Any, wrong: BadAnswer | None = None) -> Response:
    hub = hub_of()
    page = _page(
        f"visit/{part}.html",
        part=part,
        number=PARTS.index(part) + 1,
        form=form,
        wrong=wrong,
        own=own_wifi(hub.settings),
        states=STATES,
        kits=kits_below(hub.settings.sticks) if part == "office" else [],
        facts=standing(hub.settings).facts,
        countries=countries(get_locale()),
    )
    return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK)


def _page(template: str, **shown: object) -> str:
    return render_template(template, session=g.signed_in, site=this_site(), **shown)
