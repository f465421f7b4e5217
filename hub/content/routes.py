"""The routes of content: villagers ask for what is coming.

Nothing is needed to ask but a page of ours: no account, no script. The answer leads to the page that says thank you,
which a phone that keeps cookies sees from then on.
"""

from __future__ import annotations

from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, abort, current_app, redirect, request

from content_cache.records import NOT_LISTED
from hub.app import hub_of
from hub.content.asking import Asking
from hub.content.orders import ask
from hub.library.wanted import cookie_for, wanted_of
from hub.problems import refuse, sentence_for
from hub.technician import door
from hub.usage.cookie import visitor_of

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from werkzeug.wrappers import Response

    from content_cache.records import Item

blueprint = Blueprint("content", __name__, template_folder="templates")


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["asking"] = Asking()


@blueprint.post("/items/<course>/<slug>/ask")
def want(course: str, slug: str) -> Response:
    """Count one more who wants an item that is coming; one that came meanwhile is shown."""
    door.refuse_strangers()
    asking: Asking = current_app.extensions["asking"]
    if not asking.admits(request.remote_addr or ""):
        refuse(HTTPStatus.TOO_MANY_REQUESTS, sentence_for(HTTPStatus.TOO_MANY_REQUESTS), Retry_After="10")
    item = _listed(f"{course}/{slug}")
    if not item.coming:
        return redirect(f"/items/{item.id}", HTTPStatus.SEE_OTHER)
    before = wanted_of(request.headers.get("Cookie", ""))
    if item.id not in before and asking.counts(visitor_of(request.headers.get("Cookie", "")), item.id):
        ask(item.id, hub_of().clock)
    answer = redirect(f"/items/{item.id}/asked", HTTPStatus.SEE_OTHER)
    answer.headers["Set-Cookie"] = cookie_for([*(one for one in before if one != item.id), item.id])
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _listed(item_id: str) -> Item:
    catalogue = hub_of().library.catalogue() or abort(HTTPStatus.NOT_FOUND)
    with closing(catalogue):
        item = catalogue.item(item_id)
    return item if item and item.kind != NOT_LISTED else abort(HTTPStatus.NOT_FOUND)
