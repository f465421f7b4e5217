"""Every refusal is one plain sentence: a page for people, JSON for programs, never a traceback."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Flask, jsonify, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from collector.carry.refused import NotTaken
from collector.db import UNREACHABLE
from collector.errors import NotPossible
from wire.errors import BadRecord
from wire.exchange import LONGEST_BODY

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

log = logging.getLogger("collector")
FOR_PROGRAMS = ("/v1/", "/api/", "/healthz", "/openapi.json")
SENTENCES = {
    404: "Nothing is here; /openapi.json lists what is.",
    405: "That method is not for this address; /openapi.json lists those that are.",
    413: f"At most {LONGEST_BODY} bytes are taken at once; send less.",
}


def init_app(app: Flask) -> None:
    """Teach `app` to refuse in a sentence."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(BadRecord, lambda error: _say(400, str(error)))
    app.register_error_handler(NotPossible, lambda error: _say(409, str(error)))
    app.register_error_handler(NotTaken, lambda error: _say(400, str(error)))
    for kind in UNREACHABLE:
        app.register_error_handler(kind, _no_database)
    app.register_error_handler(Exception, _our_fault)


def _http(error: HTTPException) -> tuple[Response, int]:
    code = error.code or 500
    response, status = _say(code, SENTENCES.get(code, error.description or error.name))
    if code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if code == 429:
        response.headers["Retry-After"] = "600"
    return response, status


def _no_database(error: Exception) -> tuple[Response, int]:
    log.error("database: %s", error)
    response, status = _say(503, "The database cannot be reached just now; try again in a minute.")
    response.headers["Retry-After"] = "60"
    return response, status


def _our_fault(error: Exception) -> tuple[Response, int]:
    log.error("%s %s failed", request.method, request.endpoint, exc_info=error)
    return _say(500, "Something went wrong here, and nothing was changed; try again, and tell whoever runs this.")


def _say(code: int, sentence: str) -> tuple[Response, int]:
    from flask import make_response

    if request.path.startswith(FOR_PROGRAMS):
        return jsonify(error=sentence), code
    shown = _("There is no such page.") if code == 404 else sentence
    return make_response(render_template("refusal.html", sentence=shown)), code
