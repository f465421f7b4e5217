"""POST /v1/messages: an SMS gateway, or a program that reads a modem, hands in a short message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, request
from werkzeug.exceptions import TooManyRequests

from collector.messages.take import LONGEST, take_message
from collector.office import Guesses, office
from wire.errors import BadRecord

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

blueprint = Blueprint("messages", __name__)
TOO_MANY = "Too many messages came from there that were not right; wait ten minutes."


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["bad_messages"] = Guesses()


@blueprint.post("/v1/messages")
def messages() -> dict[str, str]:
    """Answer with a sentence. Right ones are never held up; who sends many wrong ones must wait."""
    bad, who = current_app.extensions["bad_messages"], request.remote_addr or ""
    request.max_content_length = LONGEST
    if bad.too_many(who):
        raise TooManyRequests(TOO_MANY)
    try:
        return {"sentence": take_message(request.get_data(), office())}
    except BadRecord:
        bad.failed(who)
        raise
