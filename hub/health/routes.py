"""What probes ask: `GET /healthz`, JSON in English, and `GET /metrics`, Prometheus text. Neither tells a secret.

`/healthz` answers 200 while the hub can serve people, degraded or not, and 503 once the database cannot be read.
`/healthz/pulse` asks the database alone; the hub puts it to itself some times a minute (hub/pulse.py).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, jsonify
from flask_babel import force_locale

from hub.app import hub_of
from hub.health.checks import base_checks, check_database
from hub.health.metrics import Tally, exposition, gather
from hub.version import SOFTWARE

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

    from hub.health.checks import Check

blueprint = Blueprint("health", __name__, template_folder="templates")


@blueprint.record_once
def _start_counting(state: BlueprintSetupState) -> None:
    state.app.extensions["health_tally"] = Tally(state.app.extensions["hub"].clock)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """The checks, each with a sentence and its facts."""
    hub = hub_of()
    with force_locale("en"):
        checks = base_checks(hub.settings, hub.clock, hub.library)
        checks += hub.more_checks(hub.settings, hub.clock, hub.library)
    able = next(check.ok for check in checks if check.name == "database")
    status = "down" if not able else "ok" if all(check.ok for check in checks) else "degraded"
    answer = jsonify(status=status, software=SOFTWARE, checks={check.name: _told(check) for check in checks})
    return answer, HTTPStatus.OK if able else HTTPStatus.SERVICE_UNAVAILABLE


@blueprint.get("/healthz/pulse")
def pulse() -> tuple[Response, int]:
    """Whether a request comes through to the database, and what that says."""
    with force_locale("en"):
        found = check_database()
    return jsonify(database=found.sentence), HTTPStatus.OK if found.ok else HTTPStatus.SERVICE_UNAVAILABLE


def _told(check: Check) -> dict[str, object]:
    facts = {name: value for name, value in check.facts.items() if name != "error"}
    return {"ok": check.ok, "sentence": check.sentence, **facts}


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures of this hub since its web process started."""
    tally: Tally = current_app.extensions["health_tally"]
    text = exposition(gather(hub_of(), tally))
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


@blueprint.after_request
def _never_kept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
