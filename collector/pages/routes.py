"""GET / and /sites/<id>: tables and plots; GET and POST /sign-in where a token is needed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from collector import access
from collector.figures.query import DayFigures, all_sites, days, one_site, set_aside, shared_identities
from collector.figures.use import courses, items
from collector.i18n import reader
from collector.names.trouble import sentence
from collector.office import office
from collector.pages.plot import DAYS, plot, window
from collector.state.look import all_hubs

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from collector.pages.plot import Plot

blueprint = Blueprint("pages", __name__, template_folder="templates")
REFRESH = 15  # seconds; on an open demonstration only
MOST_ITEMS = 10


@blueprint.get("/")
def home() -> str:
    """All sites, and their days added up."""
    rows = days()
    return render_template(
        "pages/home.html",
        sites=all_sites(),
        days=[row for row in rows if row.day][:DAYS] + [row for row in rows if not row.day],
        shared=shared_identities(_today()),
        plots=_plots(rows),
        courses=courses(reader(), days=_window(rows)),
        no_names=_no_names(),
        content=office().content.newest(),
        now=office().now(),
        refresh=_refresh(),
    )


@blueprint.get("/sites/<site_id>")
def site(site_id: str) -> str:
    """One site: its days, its items, what was set aside."""
    found = one_site(site_id)
    if found is None:
        raise NotFound
    rows = days(site_id)
    return render_template(
        "pages/site.html",
        site=found,
        hubs=all_hubs(site_id),
        days=rows,
        plots=_plots(rows),
        items=items(site_id, reader(), MOST_ITEMS),
        courses=courses(reader(), site_id),
        no_names=_no_names(),
        set_aside=set_aside(site_id),
        shared=[pair for pair in shared_identities(_today()) if pair[0] == site_id],
        now=office().now(),
        refresh=_refresh(),
    )


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> str | Response | tuple[str, int]:
    """Ask for the token once."""
    if request.method == "GET":
        return render_template("pages/sign_in.html", wrong=False)
    if not office().settings.token or access.fits(request.form.get("token", "")):
        access.remember()
        return redirect(url_for("pages.home"))
    return render_template("pages/sign_in.html", wrong=True), 401


def _refresh() -> int | None:
    return None if office().settings.token else REFRESH


def _today() -> dt.date:
    return dt.datetime.fromtimestamp(office().now() / 1000, dt.UTC).date()


def _plots(rows: list[DayFigures]) -> list[tuple[str, str, Plot]]:
    """Plays, visitors and minutes per day, each as (id, title, plot)."""
    dated = {row.day: row for row in rows if row.day}
    shown = _shown(rows)
    return [
        ("plays", _("Plays"), plot({day: row.plays for day, row in dated.items()}, shown)),
        ("visitors", _("Visitors"), plot({day: row.visitors for day, row in dated.items()}, shown, additive=False)),
        ("minutes", _("Minutes watched"), plot({day: row.minutes for day, row in dated.items()}, shown)),
    ]


def _shown(rows: list[DayFigures]) -> list[dt.date]:
    """The days that plots have."""
    return window(max((row.day for row in rows if row.day), default=None), _today())


def _window(rows: list[DayFigures]) -> tuple[dt.date, dt.date]:
    """The first and the last of them."""
    shown = _shown(rows)
    return shown[0], shown[-1]


def _no_names() -> str | None:
    """Why there are no new names, if there are none."""
    trouble = office().names.trouble
    return sentence(trouble) if trouble else None
