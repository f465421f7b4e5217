"""GET /inbox and its forms: which days lack, what was set aside, what has no date; and what to do about each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from collector.figures.query import all_sites
from collector.inbox.decide import (
    Lose,
    NotDecided,
    Placing,
    Resolving,
    Undo,
    accept_lost,
    place,
    resolve,
    wait_again,
)
from collector.inbox.look import MOST, look
from collector.office import office
from wire.errors import BadRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    Answer = Response | tuple[str, int]

blueprint = Blueprint("inbox_pages", __name__, template_folder="templates")
T = TypeVar("T", bound=msgspec.Struct)


@blueprint.get("/inbox")
def page() -> str:
    """Everything that waits for a decision, of all sites or of one."""
    return _page()


@blueprint.post("/inbox/gaps")
def lose() -> Answer:
    """Accept days as lost."""
    return _decide(Lose, lambda asked: accept_lost(asked, office()), "gaps")


@blueprint.post("/inbox/gaps/<int:lost>/undo")
def undo(lost: int) -> Answer:
    """Wait for them again."""
    return _decide(Undo, lambda asked: wait_again(lost, asked, office()), "gaps")


@blueprint.post("/inbox/records/<int:record>")
def decide(record: int) -> Answer:
    """Decide about a record that was set aside."""
    return _decide(Resolving, lambda asked: resolve(record, asked, office()), "records")


@blueprint.post("/inbox/undated/<int:summary>")
def label(summary: int) -> Answer:
    """Place a part on a day, or take the label off."""
    return _decide(Placing, lambda asked: place(summary, asked, office()), "undated")


def _decide(kind: type[T], act: Callable[[T], None], section: str) -> Answer:
    """Do what the form asks and show the inbox again; or say on top of it why nothing was done."""
    fields = {name: value for name, value in request.form.items() if value != ""}
    try:
        asked = msgspec.convert(fields, kind, strict=False)
        act(asked)
    except msgspec.ValidationError:
        return _page(_("A field is missing, too long, or no day; fill it in again."), open_=fields), 400
    except NotDecided as error:
        return _page(why(error), open_=fields), 409
    except BadRecord as error:
        return _page(str(error), open_=fields), 409
    session["by"] = fields["by"].strip()
    flash(_("It is done, and stands in the log."))
    return redirect(url_for("inbox_pages.page", site=_site(), _anchor=section), 303)


def why(error: NotDecided) -> str:
    """The sentence of decide.py in the reader's language."""
    sentences = {
        "gone": _("That is not there any more, or was decided meanwhile; look at what is below."),
        "days": _("Those days are not missing now; choose from those below."),
        "bounds": _("That day lies outside of what is known of this part; tick the box to place it all the same."),
        "future": _("That day has not come yet; choose one that has."),
        "alarm": _("One can be chosen only of two records that contradict each other; judge it again, or dismiss it."),
        "note": _("Say in a note why."),
        "still": _("It cannot be taken in now either: %(why)s", why=error.why),
    }
    return sentences[error.word]


def _page(wrong: str = "", open_: dict[str, Any] | None = None) -> str:
    sites = {site.id: site for site in all_sites()}
    if _site() is not None and _site() not in sites:
        raise NotFound
    return render_template(
        "inbox/page.html",
        inbox=look(office(), _site()),
        sites=sites,
        site=sites.get(_site() or ""),
        most=MOST,
        by=(open_ or {}).get("by") or session.get("by", ""),
        wrong=wrong,
        words=_words(),
        now=office().now(),
    )


def _site() -> str | None:
    return request.args.get("site") or None


def _words() -> dict[str, str]:
    """What the log says, in the reader's language."""
    return {
        "lost": _("accepted as lost"),
        "waited for": _("waited for again"),
        "held": _("kept what was held"),
        "taken": _("took it in"),
        "dismissed": _("dismissed it"),
        "unplaced": _("took the label off"),
        "placed": _("placed it on a day"),
    }
