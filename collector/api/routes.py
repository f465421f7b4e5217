"""GET /api/v1/..., GET /openapi.json, GET /healthz: for programs."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import TYPE_CHECKING, TypeVar

from flask import Blueprint, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from collector.api.openapi import DESCRIPTION
from collector.db import database
from collector.figures.query import DayFigures, all_sites, days, one_site
from collector.figures.use import CourseFigures, ItemFigures, courses, items
from collector.i18n import reader
from collector.office import office

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = TypeVar("Row", DayFigures, ItemFigures, CourseFigures)
blueprint = Blueprint("api", __name__)
open_to_all = Blueprint("probes", __name__)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@blueprint.get("/api/v1/sites")
def sites() -> Response:
    """All sites with their totals."""
    return jsonify([site.as_json() for site in all_sites()])


@blueprint.get("/api/v1/sites/<site_id>/days")
def site_days(site_id: str) -> Response:
    """The days of one site, newest first, as JSON or CSV."""
    return _table(DayFigures, days(_known(site_id)))


@blueprint.get("/api/v1/sites/<site_id>/items")
def site_items(site_id: str) -> Response:
    """The items of one site, the most played first, as JSON or CSV."""
    return _table(ItemFigures, items(_known(site_id), reader()))


@blueprint.get("/api/v1/sites/<site_id>/courses")
def site_courses(site_id: str) -> Response:
    """The courses of one site, the most played first, as JSON or CSV."""
    return _table(CourseFigures, courses(reader(), _known(site_id)))


@blueprint.get("/api/v1/courses")
def all_courses() -> Response:
    """The courses of all sites, the most played first, as JSON or CSV."""
    return _table(CourseFigures, courses(reader()))


def _known(site_id: str) -> str:
    if one_site(site_id) is None:
        raise NotFound
    return site_id


def _table(kind: type[Row], found: Sequence[Row]) -> Response:
    """The rows in the form that was asked for."""
    form = request.args.get("format", "json")
    if form not in {"json", "csv"}:
        raise BadRequest("The format is json or csv; leave it out for json.")
    rows = [one.as_json() for one in found]
    return jsonify(rows) if form == "json" else _csv([field.name for field in dataclasses.fields(kind)], rows)


def _csv(names: list[str], rows: list[dict[str, object]]) -> Response:
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows({name: _as_text(value) for name, value in row.items()} for row in rows)
    return Response(text.getvalue(), mimetype="text/csv")


def _as_text(value: object) -> object:
    """Text that a spreadsheet would take for a formula, with the sign before it by which it does not (OWASP)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


@open_to_all.get("/openapi.json")
def description() -> Response:
    """What stands here, for programs."""
    return jsonify(DESCRIPTION)


@open_to_all.get("/healthz")
def health() -> Response:
    """Whether head office can take in and show, 503 if its database cannot be reached; and which content is newest."""
    database.execute_sql("SELECT 1")
    newest = office().content.newest()
    if newest is None:
        return jsonify(status="ok")
    return jsonify(status="ok", content={"number": newest.number, "issued": newest.issued.isoformat()})


@open_to_all.get("/healthz/pulse")
def pulse() -> Response:
    """Whether a request comes through to the database, 503 if not; head office asks itself (collector/pulse.py)."""
    database.execute_sql("SELECT 1")
    return jsonify(status="ok")
