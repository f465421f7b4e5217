"""GET / and /sites/<id>: tables and plots; GET and POST /sign-in where a token is needed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from collector import access
from collector.figures.names import item_name
from collector.figures.query import DayFigures, all_sites, days, one_site, set_aside, top_items
from collector.office import office
from collector.pages.plot import DAYS, plot, window

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from collector.pages.plot import Plot

blueprint = Blueprint("pages", __name__, template_folder="templates")
REFRESH = 15  # seconds; on an open demonstration only


@blueprint.get("/")
def home() -> str:
    """All sites, and their days added up."""
    rows = days()
    return render_template(
        "pages/home.html",
        sites=all_sites(),
        days=rows[:DAYS],
        plots=_plots(rows),
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
        days=rows,
        plots=_plots(rows),
        items=top_items(site_id),
        item_name=item_name,
        set_aside=set_aside(site_id),
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


def _plots(rows: list[DayFigures]) -> list[tuple[str, str, Plot]]:
    """Plays, visitors and minutes per day, each as (id, title, plot)."""
    today = dt.datetime.fromtimestamp(office().now() / 1000, dt.UTC).date()
    dated = {row.day: row for row in rows if row.day}
    shown = window(max(dated, default=None), today)
    return [
        ("plays", _("Plays"), plot({day: row.plays for day, row in dated.items()}, shown)),
        ("visitors", _("Visitors"), plot({day: row.visitors for day, row in dated.items()}, shown, additive=False)),
        ("minutes", _("Minutes watched"), plot({day: row.minutes for day, row in dated.items()}, shown)),
    ]
