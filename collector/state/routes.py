"""GET /hubs/<id>: what a hub runs, and what it is told; the forms of that page; the same at /api/v1/hubs for programs.

Each change names the number of the state that it began from, so that of two people who edit at once the second is told
and loses nothing of what she typed. Programs name it in `If-Match`, as the ETag they were given, or as `number`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from msgspec import Meta, Struct
from werkzeug.exceptions import BadRequest, HTTPException, NotFound, PreconditionFailed, PreconditionRequired

from collector.errors import NotPossible
from collector.office import office
from collector.state.change import add_account, remove_account, set_all, set_settings
from collector.state.fields import FIELDS, typed, wrong_in
from collector.state.look import HubFigures, all_hubs, one_hub
from collector.state.passwords import account_name
from collector.state.store import Outdated

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from collector.state.change import Added

blueprint = Blueprint("hubs", __name__, template_folder="templates")
programs = Blueprint("hubs_api", __name__)
LONGEST_FORM = 16 << 10
NO_BASE = "Say which state you saw: its ETag in If-Match, or its number in the body as `number`."
NO_JSON = "The body is no such change ({}); /openapi.json shows one."


class Change(Struct, forbid_unknown_fields=True):
    """The body of a PUT; what is left out stays as it is."""

    settings: Annotated[dict[str, str], Meta(max_length=64)] | None = None
    accounts: Annotated[list[str], Meta(max_length=64)] | None = None
    number: int | None = None


@blueprint.get("/hubs/<hub_id>")
def hub(hub_id: str) -> str:
    """One hub, and the form of what it is told."""
    return _page(_known(hub_id))


@blueprint.post("/hubs/<hub_id>/settings")
def settings(hub_id: str) -> Response | tuple[str, int]:
    """Tell other settings."""
    known, given = _known(hub_id), _form()
    told = typed({field.name: given.get(field.name, "") for field in FIELDS})
    wrong = wrong_in(told)
    if wrong:
        return _page(known, told=told, wrong=wrong), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        set_settings(hub_id, _base(given), told, office())
    except Outdated:
        return _page(_known(hub_id), told=told, meanwhile=True), HTTPStatus.CONFLICT
    return redirect(url_for("hubs.hub", hub_id=hub_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/hubs/<hub_id>/accounts")
def accounts(hub_id: str) -> tuple[str, int]:
    """Add an account; its password is on this one page and nowhere else."""
    known, given = _known(hub_id), _form()
    try:
        name = account_name(given.get("name", ""))
    except NotPossible:
        return _page(known, bad_name=_("A name has 1 to 39 letters or digits, as in rosa.")), 422
    if name == "admin" or name in known.accounts:
        return _page(known, bad_name=_("There is an account of that name already; take another one.")), 422
    try:
        added = add_account(hub_id, _base(given), name, office())
    except Outdated:
        return _page(_known(hub_id), meanwhile=True), HTTPStatus.CONFLICT
    return _page(_known(hub_id), added=added), HTTPStatus.OK


@blueprint.post("/hubs/<hub_id>/accounts/remove")
def remove(hub_id: str) -> Response | tuple[str, int]:
    """Take an account away."""
    _known(hub_id)
    given = _form()
    try:
        remove_account(hub_id, _base(given), given.get("name", ""), office())
    except Outdated:
        return _page(_known(hub_id), meanwhile=True), HTTPStatus.CONFLICT
    return redirect(url_for("hubs.hub", hub_id=hub_id), HTTPStatus.SEE_OTHER)


@programs.get("/api/v1/hubs")
def hubs() -> Response:
    """All hubs, what they are told and what they run."""
    return jsonify([hub.as_json() for hub in all_hubs()])


@programs.get("/api/v1/hubs/<hub_id>/state")
def state(hub_id: str) -> Response:
    """What one hub is told, its number as the ETag."""
    return _as_json(_known(hub_id))


@programs.put("/api/v1/hubs/<hub_id>/state")
def put_state(hub_id: str) -> Response:
    """Tell a hub something else; the passwords of new accounts are in this answer and nowhere else."""
    known, change = _known(hub_id), _change()
    base = _matched(known) if request.if_match else change.number
    if base is None:
        raise PreconditionRequired(NO_BASE)
    try:
        whole = set_all(hub_id, base, change.settings, change.accounts, office())
    except Outdated as error:
        if request.if_match:
            raise PreconditionFailed(str(error)) from None
        raise
    return _as_json(_known(hub_id), passwords=whole.passwords)


def _known(hub_id: str) -> HubFigures:
    try:
        return one_hub(hub_id)
    except NotPossible:
        raise NotFound from None


def _form() -> dict[str, str]:
    request.max_content_length = LONGEST_FORM
    return request.form.to_dict()


def _base(given: dict[str, str]) -> int:
    """The number of the state that the form was made from; one that none has, if it is missing or made up."""
    text = given.get("number", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1


def _change() -> Change:
    request.max_content_length = LONGEST_FORM
    try:
        return msgspec.json.decode(request.get_data(), type=Change)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadRequest(NO_JSON.format(error)) from None


def _matched(known: HubFigures) -> int:
    """The number that `If-Match` names."""
    if request.if_match.star_tag or request.if_match.contains(str(known.number)):
        return known.number
    raise _changed(known)


def _changed(known: HubFigures) -> HTTPException:
    return PreconditionFailed(f"The state of this hub is {known.number} now; read it again and make your change there.")


def _as_json(known: HubFigures, **more: Any) -> Response:
    answer = jsonify(known.as_json() | more)
    answer.set_etag(str(known.number))
    return answer


def _page(
    known: HubFigures,
    *,
    told: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    bad_name: str = "",
    added: Added | None = None,
    meanwhile: bool = False,
) -> str:
    """`told` is what was typed, if it was not saved."""
    return render_template(
        "state/hub.html",
        hub=known,
        fields=FIELDS,
        labels=_labels(),
        told=known.settings if told is None else told,
        wrong=wrong or {},
        bad_name=bad_name,
        added=added,
        meanwhile=meanwhile,
        now=office().now(),
    )


def _labels() -> dict[str, tuple[str, str]]:
    """What a setting is called, and what it is for."""
    return {
        "name": (_("Name of the site"), _("As it stands on the hub's pages.")),
        "time-zone": (_("Time zone"), _("Days and hours of the site follow it.")),
        "daily-mb": (_("MB a day"), _("Both ways over the uplink; none for no limit.")),
        "monthly-mb": (_("MB a month"), _("Both ways over the uplink; none for no limit.")),
        "hours": (_("Hours of the uplink"), _("When it may be used; none for all hours.")),
        "free-hours": (_("Free hours"), _("What crosses then counts against no budget; none for none.")),
        "content-url": (_("Where courses come from"), _("An address, or a folder on the hub.")),
        "content-group": (_("Group of sites"), _("The courses of this group are brought.")),
        "collector-url": (
            _("Address of head office"),
            _("Until head office answers at a new one, the hub asks at the old one as well."),
        ),
    }
