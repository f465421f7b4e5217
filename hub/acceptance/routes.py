"""The page of the check at the end of a visit, its report, the label, and the bundle for head office; for staff alone.

While something is awaited the page asks the browser to come again (a Refresh header, and a link beside it). It has no
field that could be lost by that.

What makes papers and the bundle is imported when somebody wants one: a web process holds little else than pages.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, abort, make_response, redirect, render_template, url_for
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from hub.acceptance import work
from hub.acceptance.inforce import in_force
from hub.acceptance.models import CARD, Acceptance, errand, latest
from hub.acceptance.names import name_of, state_of
from hub.acceptance.results import begin, end, kept, look, under_way
from hub.app import hub_of
from hub.content.live import when
from hub.problems import refuse
from hub.site import this_site
from hub.technician import door

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from hub.acceptance.sheets import Sheet
    from hub.network.record import Network

log = logging.getLogger("hub.acceptance")
blueprint = Blueprint("acceptance", __name__, template_folder="templates", url_prefix=f"{door.PATH}/acceptance")
labels = Blueprint("label", __name__, url_prefix=f"{door.PATH}/label")
for each in (blueprint, labels):
    each.before_request(door.guard)
    each.after_request(door.keep_nothing)
COME_AGAIN = "5"  # seconds


@blueprint.get("", strict_slashes=False)
def home() -> Response:
    """The check that is under way, or the last one."""
    hub, row, known = hub_of(), latest(), errand()
    running = row is not None and row.passed is None
    seen = None if row is None else look(hub, row) if running else kept(row)
    page = render_template(
        "acceptance/page.html",
        session=door.signed_in(),
        site=this_site(),
        row=row,
        running=running,
        seen=seen,
        work=known,
        name_of=name_of,
        state_of=state_of,
        network=in_force(hub.settings),
        ended=when(row.ended, hub.clock) if row else None,
        tested=when(known.card_tested, hub.clock),
    )
    answer = make_response(page)
    if known.at_work or (running and seen and seen.waiting):
        answer.headers["Refresh"] = COME_AGAIN
    return answer


@blueprint.post("/start")
def start() -> Response:
    """Begin."""
    begin(hub_of())
    return _home()


@blueprint.post("/end")
def finish() -> Response:
    """Keep the result, whatever it is."""
    row = under_way()
    if row is not None:
        end(hub_of(), row)
    return _home()


@blueprint.post("/card")
def card() -> Response:
    """Test the card, any day."""
    work.order(CARD)
    return _home()


@blueprint.post("/stop")
def stop() -> Response:
    """Stop what the worker does."""
    work.stop()
    return _home()


@blueprint.get("/report-<int:number>.pdf")
def report(number: int) -> Response:
    """The report of a check that has ended."""
    from hub.acceptance.sheets import report_sheet

    row = Acceptance.get_or_none(Acceptance.number == number)
    if row is None or row.passed is None:
        abort(HTTPStatus.NOT_FOUND)
    return _printed(report_sheet(row, kept(row), hub_of().programme.name, _language()), f"acceptance-{number}")


@blueprint.post("/support")
def support() -> Response:
    """A file for whoever helps from afar."""
    from hub.acceptance.bundle import FILE, bundle

    hub = hub_of()
    with force_locale("en"):
        data = bundle(hub.settings, hub.clock, hub.library)
    answer = make_response(data)
    answer.mimetype = "application/gzip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{FILE}"'
    return answer


@labels.get("", strict_slashes=False)
def village() -> Response:
    """What hangs on the wall."""
    from hub.acceptance.sheets import village_label

    hub = hub_of()
    return _printed(village_label(_network(), hub.settings, hub.programme.name, _language()), "label")


@labels.get("/setup")
def setup() -> Response:
    """What the technician takes along."""
    from hub.acceptance.sheets import setup_label

    return _printed(setup_label(_network(), hub_of().programme.name, _language()), "label-setup")


def _network() -> Network:
    found = in_force(hub_of().settings)
    if found is None:
        refuse(
            HTTPStatus.NOT_FOUND, _("There is no label yet. Give the answers of the visit; then the hub has a Wi-Fi.")
        )
    return found


def _printed(sheet: Sheet, name: str) -> Response:
    from hub.acceptance.sheets import CannotPrint, printed

    try:
        data = printed(sheet)
    except CannotPrint:
        log.exception("a page could not be printed")
        refuse(HTTPStatus.SERVICE_UNAVAILABLE, _("The page could not be made. Wait a minute and try again."))
    answer = make_response(data)
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    answer.headers["Content-Language"] = _language()
    return answer


def _language() -> str:
    return str(get_locale().language)


def _home() -> Response:
    return redirect(url_for("acceptance.home"), HTTPStatus.SEE_OTHER)
