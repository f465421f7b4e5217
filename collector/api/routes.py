"""GET /api/v1/..., GET /openapi.json, GET /healthz: for programs."""

from __future__ import annotations

import csv
import dataclasses
import io

from flask import Blueprint, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from collector.api.openapi import DESCRIPTION
from collector.db import database
from collector.figures.query import DayFigures, all_sites, days, one_site
from collector.office import office

blueprint = Blueprint("api", __name__)
open_to_all = Blueprint("probes", __name__)


@blueprint.get("/api/v1/sites")
def sites() -> Response:
    """All sites with their totals."""
    return jsonify([site.as_json() for site in all_sites()])


@blueprint.get("/api/v1/sites/<site_id>/days")
def site_days(site_id: str) -> Response:
    """The days of one site, newest first, as JSON or CSV."""
    form = request.args.get("format", "json")
    if form not in {"json", "csv"}:
        raise BadRequest("The format is json or csv; leave it out for json.")
    if one_site(site_id) is None:
        raise NotFound
    rows = [day.as_json() for day in days(site_id)]
    return jsonify(rows) if form == "json" else _csv(rows)


def _csv(rows: list[dict[str, object]]) -> Response:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(DayFigures)])
    writer.writeheader()
    writer.writerows(rows)
    return Response(text.getvalue(), mimetype="text/csv")


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
