"""GET /api/v1/inbox and what is posted below it: the page of the inbox, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from flask import Blueprint, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound, Unauthorized, UnsupportedMediaType

from collector.figures.query import one_site
from collector.inbox.decide import Lose, Placing, Resolving, Undo, accept_lost, place, resolve, wait_again
from collector.inbox.look import look
from collector.office import office

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

blueprint = Blueprint("inbox_api", __name__)
T = TypeVar("T", bound=msgspec.Struct)
UNSIGNED = "To change something, send head office's token as `Authorization: Bearer <token>`."
NO_JSON = "Send the fields as JSON, with `Content-Type: application/json`."


@blueprint.before_request
def _refuse_browsers() -> None:
    """Programs that write name the token each time; no form of whatever page can do that, nor send JSON unasked."""
    if request.method == "POST" and not request.is_json:
        raise UnsupportedMediaType(NO_JSON)
    if request.method == "POST" and office().settings.token and "Authorization" not in request.headers:
        raise Unauthorized(UNSIGNED)


@blueprint.get("/api/v1/inbox")
def inbox() -> Response:
    """What waits for a decision, and what was decided; of one site with `?site=`."""
    site = request.args.get("site") or None
    if site is not None and one_site(site) is None:
        raise NotFound
    return jsonify(look(office(), site).as_json())


@blueprint.post("/api/v1/inbox/gaps")
def lose() -> Response:
    """Accept days as lost."""
    accept_lost(_read(Lose), office())
    return _done()


@blueprint.post("/api/v1/inbox/gaps/<int:lost>/undo")
def undo(lost: int) -> Response:
    """Wait for them again."""
    wait_again(lost, _read(Undo), office())
    return _done()


@blueprint.post("/api/v1/inbox/records/<int:record>")
def decide(record: int) -> Response:
    """Decide about a record that was set aside."""
    resolve(record, _read(Resolving), office())
    return _done()


@blueprint.post("/api/v1/inbox/undated/<int:summary>")
def label(summary: int) -> Response:
    """Place a part on a day, or take the label off."""
    place(summary, _read(Placing), office())
    return _done()


def _read(kind: type[T]) -> T:
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The fields are not right ({error}); /openapi.json lists them.") from None


def _done() -> Response:
    return jsonify(done=True)
