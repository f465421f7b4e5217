"""The routes of library: home, topics, courses, items, search, where she was, and the choice of a language."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, render_template, request

from hub.app import hub_of
from hub.i18n import COOKIE, LANGUAGES
from hub.library import place
from hub.library.shelves import Home, Shelf, drawings
from hub.library.show import address, initial, lesson, lessons

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from content_cache.catalogue import Catalogue

blueprint = Blueprint("library", __name__, template_folder="templates")
blueprint.add_app_template_filter(address)
blueprint.add_app_template_filter(initial)

LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII without backslash; "//host" leads elsewhere
ONE_YEAR = 365 * 86_400
LONGEST_QUERY = 100  # characters
RESULTS, MOST_RESULTS = 10, 200  # on a page, in all


@blueprint.get("/")
def home() -> str:
    catalogue = hub_of().library.catalogue()
    if catalogue is None:
        return render_template("library/home.html", home=Home(), drawings={})
    with closing(catalogue):
        shown = Home.of(catalogue)
    return render_template("library/home.html", home=shown, drawings=drawings(shown.courses))


@blueprint.get("/topics/<slug>", defaults={"page": 1})
@blueprint.get("/topics/<slug>/<int:page>")
def topic(slug: str, page: int) -> str:
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
def item(course: str, slug: str, rendition: str | None = None) -> str:
    with closing(_catalogue()) as catalogue:
        found = catalogue.item(f"{course}/{slug}") or abort(404)
        parent = catalogue.course(course) or abort(404)
        shown = lesson(found, catalogue.items(course), rendition)
    if shown.chosen is None:
        abort(404)
    return render_template("library/item.html", course=parent, lesson=shown)


@blueprint.get("/search")
def search() -> str:
    """What was found for `?q=`, the page `?page=` of it; without words, the box alone."""
    query = " ".join(request.args.get("q", "")[:LONGEST_QUERY].split())
    page = request.args.get("page", 1, int)
    catalogue = hub_of().library.catalogue()
    found, topics = [], []
    if catalogue is not None:
        with closing(catalogue):
            found = catalogue.search(query, limit=MOST_RESULTS + 1) if query else []
            topics = catalogue.topics()[:12]
    pages = max(-(-min(len(found), MOST_RESULTS) // RESULTS), 1)
    page = min(max(page, 1), pages)
    shown = {"results": found[(page - 1) * RESULTS : page * RESULTS], "count": len(found), "most": MOST_RESULTS}
    return render_template("library/search.html", query=query, topics=topics, page=page, pages=pages, **shown)


@blueprint.get("/continue")
def go_on() -> Response:
    """Lead to the lesson that this phone opened last; it is for phones without JavaScript."""
    item_id = place.place_of(request.headers.get("Cookie", ""))
    catalogue = hub_of().library.catalogue() if item_id else None
    known = False
    if catalogue is not None and item_id is not None:
        with closing(catalogue):
            known = catalogue.item_number(item_id) is not None
    answer = redirect(f"/items/{item_id}" if known else "/", 303)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/forget")
def forget() -> Response:
    """Take back the cookie that knows the last lesson; the page's script has emptied what it kept itself."""
    answer = redirect("/", 303)
    answer.headers["Set-Cookie"] = place.FORGOTTEN
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
