"""The routes of library: home, topics, courses, items, search, where she was, and the choice of a language."""

from __future__ import annotations

import re
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request

from hub.app import hub_of
from hub.i18n import COOKIE, LANGUAGES
from hub.library import place, wanted
from hub.library.shelves import Home, Shelf, drawings
from hub.library.show import address, initial, lesson, lessons
from hub.problems import refuse, sentence_for
from hub.usage.door import Pace

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from werkzeug.wrappers import Response

    from content_cache.catalogue import Catalogue
    from content_cache.records import Found, Topic

blueprint = Blueprint("library", __name__, template_folder="templates")
blueprint.add_app_template_filter(address)
blueprint.add_app_template_filter(initial)

LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII without backslash; "//host" leads elsewhere
ONE_YEAR = 365 * 86_400
LONGEST_QUERY = 100  # characters
RESULTS, MOST_RESULTS = 10, 100  # on a page, in all
SEARCHES = 1, 20  # a second for one phone, and in a row: a search is the one page that may take long
TOPICS = 12  # to choose from instead


@blueprint.get("/")
def home() -> str:
    catalogue = hub_of().library.catalogue()
    if catalogue is None:
        return render_template("library/home.html", home=Home(), drawings={})
    with closing(catalogue):
        shown = Home.of(catalogue)
    return render_template("library/home.html", home=shown, drawings=drawings(shown.courses))


@blueprint.get("/topics/<slug>")
@blueprint.get("/topics/<slug>/<int:page>")
def topic(slug: str, page: int = 1) -> str:
    with closing(_catalogue()) as catalogue:
        shelf = Shelf.at(catalogue, slug, page) or abort(404)
    return render_template("library/topic.html", shelf=shelf, drawings=drawings(shelf.courses))


@blueprint.get("/courses/<slug>")
def course(slug: str) -> str:
    with closing(_catalogue()) as catalogue:
        found = catalogue.course(slug) or abort(404)
        return render_template("library/course.html", course=found, lessons=lessons(catalogue.items(slug)))


@blueprint.get("/items/<course>/<slug>")
@blueprint.get("/items/<course>/<slug>/<rendition>")
def item(course: str, slug: str, rendition: str | None = None) -> Response:
    """A lesson, in the form asked for; while it is coming, what it will be and a button to ask for it.

    As `asked` it is what a phone sees that has asked: the same once the lesson is here.
    """
    with closing(_catalogue()) as catalogue:
        found = catalogue.item(f"{course}/{slug}") or abort(404)
        parent = catalogue.course(course) or abort(404)
        asked = rendition == "asked"
        shown = lesson(found, catalogue.items(course), None if asked else rendition) or abort(404)
    if found.coming and (asked or rendition is None):
        return make_response(render_template("library/coming.html", course=parent, lesson=shown, asked=asked))
    if found.coming or shown.chosen is None:
        abort(404)
    answer = make_response(render_template("library/item.html", course=parent, lesson=shown))
    answer.headers["Set-Cookie"] = place.cookie_for(found.id)
    return answer


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["search_pace"] = Pace(*SEARCHES)


@blueprint.get("/search")
def search() -> str:
    """What was found for `?q=`, the page `?page=` of it; without words, or without results, the topics."""
    if not current_app.extensions["search_pace"].admits(request.remote_addr or ""):
        refuse(HTTPStatus.TOO_MANY_REQUESTS, sentence_for(HTTPStatus.TOO_MANY_REQUESTS), Retry_After="10")
    query = " ".join(request.args.get("q", "")[:LONGEST_QUERY].split())
    found, topics = _find(query)
    pages = max(-(-min(len(found), MOST_RESULTS) // RESULTS), 1)
    page = min(max(request.args.get("page", 1, int), 1), pages)
    results = found[:MOST_RESULTS][(page - 1) * RESULTS : page * RESULTS]
    shown = {"query": query, "results": results, "count": len(found), "most": MOST_RESULTS, "topics": topics}
    return render_template("library/search.html", page=page, pages=pages, **shown)


def _find(query: str) -> tuple[list[Found], list[Topic]]:
    """What was found, one more than are shown if there are that many, and topics to choose from."""
    catalogue = hub_of().library.catalogue()
    if catalogue is None:
        return [], []
    with closing(catalogue):
        found = catalogue.search(query, limit=MOST_RESULTS + 1) if query else []
        return found, [] if found else catalogue.topics()[:TOPICS]


@blueprint.get("/continue")
def go_on() -> Response:
    """Lead to the lesson that this phone opened last, if it is still there; for phones without JavaScript."""
    item_id = place.place_of(request.headers.get("Cookie", ""))
    answer = redirect(f"/items/{item_id}" if item_id and _is_there(item_id) else "/", 303)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _is_there(item_id: str) -> bool:
    catalogue = hub_of().library.catalogue()
    if catalogue is None:
        return False
    with closing(catalogue):
        item = catalogue.item(item_id)
    return item is not None and item.listed


@blueprint.post("/forget")
def forget() -> Response:
    """Take back the cookies that know the last lesson and those asked for; the page's script has emptied its own."""
    answer = redirect("/", 303)
    for cookie in (place.FORGOTTEN, wanted.FORGOTTEN):
        answer.headers.add("Set-Cookie", cookie)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _catalogue() -> Catalogue:
    return hub_of().library.catalogue() or abort(404)


@blueprint.get("/language/<code>")
def language(code: str) -> Response:
    """Keep the choice for a year on this phone and go back to where it was made."""
    if code not in LANGUAGES:
        abort(404)
    back = request.args.get("next", "/")
    answer = redirect(back if LOCAL_PATH.fullmatch(back) else "/", 303)
    answer.set_cookie(COOKIE, code, max_age=ONE_YEAR, httponly=True, samesite="Lax")
    answer.headers["Cache-Control"] = "no-store"
    return answer
