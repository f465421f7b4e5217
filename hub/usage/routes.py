"""The routes of usage: reports of playing come in, and a page tells the village what was counted this week.

Whoever opens that page is counted where it is compressed and answered, as for any page (hub/library/pages.py).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, current_app, jsonify, request

from hub.app import hub_of
from hub.i18n import language_of
from hub.usage import words
from hub.usage.cookie import visitor_of
from hub.usage.door import LARGEST_BODY, Door, Pace, Refused
from hub.usage.page import UsagePages

if TYPE_CHECKING:
    from flask import Response
    from flask.blueprints import BlueprintSetupState

blueprint = Blueprint("usage", __name__, template_folder="templates")
for word in (words.long_day, words.short_day, words.busiest, words.number):
    blueprint.add_app_template_filter(word)


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["usage_pace"] = Pace()


@blueprint.get("/usage")
def week() -> str:
    """This week in the four steps, for whoever is in the village."""
    return _pages().page(language_of(request.environ))


def _pages() -> UsagePages:
    hub = hub_of()
    pages: UsagePages = current_app.extensions.setdefault("usage_pages", UsagePages(hub.clock, hub.library))
    return pages


@blueprint.post("/usage/events")
def events() -> tuple[Response, int]:
    """Merge the state of plays; the answer lists those whose state is on the disk, which need no repeating."""
    _refuse_strangers()
    reports = _door().decode(_body())
    visitor = visitor_of(request.headers.get("Cookie", ""))
    if visitor is None:  # not counted, so nothing is gained by repeating it
        return jsonify(kept=[report.id.hex() for report in reports]), HTTPStatus.ACCEPTED
    return jsonify(kept=hub_of().recorder.report(visitor, reports)), HTTPStatus.ACCEPTED


@blueprint.errorhandler(Refused)
def _refused(error: Refused) -> tuple[Response, int]:
    answer = jsonify(error=str(error))
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        answer.headers["Retry-After"] = "10"
    return answer, error.status


def _refuse_strangers() -> None:
    """Reports come from our own pages, at a page's pace (Fetch Metadata, RFC 6454)."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = site == "same-origin" if site else origin in (None, request.host_url.rstrip("/"))
    if not ours:
        raise Refused("Reports are taken from this hub's own pages; open the item here.", HTTPStatus.FORBIDDEN)
    if not current_app.extensions["usage_pace"].admits(request.remote_addr or ""):
        sentence = "This phone reports too often; wait ten seconds and report again."
        raise Refused(sentence, HTTPStatus.TOO_MANY_REQUESTS)


def _body() -> bytes:
    if (request.content_length or 0) > LARGEST_BODY:
        sentence = "The report is larger than 64 KiB; send fewer plays at a time."
        raise Refused(sentence, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = request.get_data(cache=False)
    if len(body) > LARGEST_BODY:
        sentence = "The report is larger than 64 KiB; send fewer plays at a time."
        raise Refused(sentence, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return body


def _door() -> Door:
    door: Door = current_app.extensions.setdefault("usage_door", Door(hub_of().library))
    return door
