"""POST /v1/enrol: a hub asks to be taken in."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.exceptions import TooManyRequests

from collector.office import office
from collector.sites.enrol import take_in
from wire.errors import BadRecord

blueprint = Blueprint("sites", __name__)
TOO_MANY = "Too many codes that do not fit came from there; wait ten minutes and type it with care."


@blueprint.post("/v1/enrol")
def enrol() -> tuple[bytes, dict[str, str]]:
    """Answer with the sealed welcome, or a sentence; nobody's guesses shut out who has the right code."""
    guesses, who = office().guesses, request.remote_addr or ""
    try:
        welcome = take_in(request.get_data(), office())
    except BadRecord:
        if guesses.too_many(who):
            raise TooManyRequests(TOO_MANY) from None
        guesses.failed(who)
        raise
    return welcome, {"Content-Type": "application/cose"}
