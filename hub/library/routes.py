"""The routes of library: home, course, item, the choice of a language, and the page that says what went wrong."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, render_template, request

from hub.app import hub_of
from hub.i18n import COOKIE, LANGUAGES
from hub.library.show import address, lesson, lessons

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from content_cache.catalogue import Catalogue

blueprint = Blueprint("library", __name__, template_folder="templates")
blueprint.add_app_template_filter(address)

LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII without backslash; "//host" leads elsewhere
ONE_YEAR = 365 * 86_400


@blueprint.get("/")
def home() -> str:
    catalogue = hub_of().library.catalogue()
    if catalogue is None:
        return render_template("library/home.html", courses=[])
    with closing(catalogue):
        return render_template("library/home.html", courses=catalogue.courses())


@blueprint.get("/courses/<slug>")
def course(slug: str) -> str:
    with closing(_catalogue()) as catalogue:
        found = catalogue.course(slug) or abort(404)
        return render_template("library/course.html", course=found, lessons=lessons(catalogue.items(slug)))


@blueprint.get("/items/<course>/<slug>")
def item(course: str, slug: str) -> str:
    with closing(_catalogue()) as catalogue:
        found = catalogue.item(f"{course}/{slug}") or abort(404)
        parent = catalogue.course(course) or abort(404)
        shown = lesson(found, catalogue.items(course))
        return render_template("library/item.html", course=parent, lesson=shown)


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
