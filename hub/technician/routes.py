"""The staff side: sign in, enter by a link, choose a password, look at the hub, sign out.

Opening the link only shows a button, so that a preview or a prefetch does not use it up; pressing it does.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from flask import Blueprint, current_app, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from hub.app import hub_of
from hub.problems import refuse
from hub.site import this_site
from hub.technician import door, hour
from hub.technician.attempts import Attempts
from hub.technician.links import claim, opens
from hub.technician.look import overview
from hub.technician.models import Technician
from hub.technician.passwords import TooManyAtOnce, hash_password, matches, weakness
from hub.technician.sessions import begin, change_password, end
from hub.version import SOFTWARE

if TYPE_CHECKING:
    from datetime import datetime

    from flask.blueprints import BlueprintSetupState
    from werkzeug.wrappers import Response

    from hub.clock import Clock

blueprint = Blueprint("technician", __name__, template_folder="templates", url_prefix=door.PATH)
blueprint.before_app_request(door.refuse_from_elsewhere)
blueprint.before_request(door.guard)
blueprint.after_request(door.keep_nothing)


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["staff_attempts"] = Attempts()


@blueprint.get("", strict_slashes=False)
def home() -> str:
    """Everything about this hub at one look."""
    hub = hub_of()
    return render_template(
        "technician/home.html",
        seen=overview(hub),
        site=this_site(),
        software=SOFTWARE,
        session=door.signed_in(),
    )


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    """Name and password; a wrong one never says which of the two was wrong."""
    if request.method != "POST":
        return make_response(render_template("technician/sign_in.html", name="admin", wrong=None))
    form = door.read_form(door.SignIn)
    technician = Technician.get_or_none(Technician.name == form.name.strip().lower())
    if not _right(form.password, technician) or technician is None:
        wrong = _(
            "That name and password do not belong together. Try again. If it is forgotten, a file on the card gives a"
            " new one (`hub-setup.toml`), or a link (`hub setup`)."
        )
        page = render_template("technician/sign_in.html", name=form.name[:40], wrong=wrong)
        return make_response(page, HTTPStatus.FORBIDDEN)
    return _welcome(technician, by_link=False, to="technician.home")


@blueprint.route("/enter/<token>", methods=["GET", "POST"])
def enter(token: str) -> Response:
    """The link that `hub setup` prints."""
    clock = hub_of().clock
    if request.method != "POST" and opens(token, clock):
        return make_response(render_template("technician/enter.html"))
    technician = claim(token, clock) if request.method == "POST" else None
    if technician is None:
        refuse(HTTPStatus.GONE, _("This link was used, replaced or is too old. Run `hub setup` again for a new one."))
    return _welcome(technician, by_link=True, to="technician.password")


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> Response:
    """Choose a password, typed twice; who did not come by a link says the current one as well."""
    session, wrong = door.signed_in(), None
    if request.method == "POST":
        form = door.read_form(door.Choice)
        wrong = _wrong_with(form)
        if wrong is None:
            hashed = _hashed(form.password)
            fresh = change_password(session.technician, hashed, hub_of().clock)
            return door.admit(redirect(url_for("technician.home"), HTTPStatus.SEE_OTHER), fresh)
    page = render_template("technician/password.html", session=session, wrong=wrong)
    return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK)


@blueprint.route("/time", methods=["GET", "POST"])
def time() -> Response:
    """Say what time it is, where nothing else tells: first what it is, then that this is right.

    What is confirmed is when the box was switched on, so that it may take as long as it likes to press the button.
    """
    clock, form, told, wrong = hub_of().clock, hour.Form(), None, None
    if request.method == "POST" and clock.now() is None:
        form = door.read_form(hour.Form)
        told, wrong = _told(form, clock)
        if told and form.began:
            clock.learn(told, hour.SOURCE)
            return redirect(url_for(hour.NEXT.get(form.next, "technician.time")), HTTPStatus.SEE_OTHER)
    page = render_template(
        "technician/time.html",
        session=door.signed_in(),
        site=this_site(),
        now=clock.now(),
        at_least=clock.at_least(),
        told=told,
        next=form.next or request.args.get("next", "")[:40],
        began=told and told.timestamp() - clock.since_boot(),
        wrong=wrong,
    )
    return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK)


def _told(form: hour.Form, clock: Clock) -> tuple[datetime | None, str | None]:
    """What the form says the time is, or what is wrong with it."""
    try:
        return hour.read(form, clock.since_boot(), this_site().zone, clock.at_least()), None
    except hour.NoTime:
        return None, _("That is no date and time. Write it as in 2026-11-28T10:57.")
    except hour.TooEarly:
        return None, _("That has passed for certain. Look at the date again, the year too.")
    except hour.TooLate:
        return None, _("That is more than a year ahead of what this hub knows. Look at the date again, the year too.")


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End this session, here and in the database."""
    end(door.signed_in().token)
    return door.dismiss(redirect(url_for("technician.sign_in"), HTTPStatus.SEE_OTHER))


def _welcome(technician: Technician, *, by_link: bool, to: str) -> Response:
    """A session that never existed before; the browser's earlier one, whoever made it, is ended."""
    if g.signed_in is not None:
        end(g.signed_in.token)
    fresh = begin(technician, hub_of().clock, by_link=by_link)
    return door.admit(redirect(url_for(to), HTTPStatus.SEE_OTHER), fresh)


def _right(password_: str, technician: Technician | None) -> bool:
    """Whether the password is that account's, at the pace that tries are allowed."""
    attempts: Attempts = current_app.extensions["staff_attempts"]
    address = request.remote_addr or ""
    wait = attempts.ask(address)
    if wait > 0:
        _slow_down(wait)
    try:
        right = matches(password_, technician.password if technician else None)
    except TooManyAtOnce:
        _slow_down(5)
    if right:
        attempts.passed(address)
    return right


def _wrong_with(form: door.Choice) -> str | None:
    session = door.signed_in()
    if form.password != form.again:
        return _("The two passwords are not the same; type the same one twice.")
    site = this_site()
    names = {name for name in (site.name, site.code, session.technician.name, hub_of().programme.name) if name}
    weak = weakness(form.password, names)
    if weak is None and not session.by_link and not _right(form.current, session.technician):
        return _("The current password is not right; type it again.")
    return weak


def _hashed(password_: str) -> str:
    try:
        return hash_password(password_)
    except TooManyAtOnce:
        _slow_down(5)


def _slow_down(seconds: float) -> NoReturn:
    whole = int(seconds) + 1
    refuse(
        HTTPStatus.TOO_MANY_REQUESTS,
        _("Too many tries. Wait %(count)d seconds, then try again.", count=whole),
        Retry_After=str(whole),
    )
