"""What people carry comes in at /carry: on a phone, without a name or a token, since the file proves itself.

Whoever brings it is told whose it is and how many days it holds, and is handed the file to take back. Programs post the
file to /v1/parcels and get that file as the answer. A kit is made on a site's page, behind the token.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, current_app, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound, RequestEntityTooLarge, TooManyRequests
from werkzeug.wrappers import Response

from collector.carry.kits import Kits, make_kit
from collector.carry.refused import LONGEST_UPLOAD, SENTENCES, NotTaken
from collector.carry.replies import find, keep
from collector.carry.take import Taken, take_parcel
from collector.office import Guesses, office
from wire.kit import SUFFIX as KIT_SUFFIX
from wire.parcel import LONGEST_PARCEL, MEDIA_TYPE, SUFFIX

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from werkzeug.datastructures import FileStorage

blueprint = Blueprint("carry", __name__, template_folder="templates")
kits = Blueprint("kits", __name__)
MOST_FILES = 20


class Uploads(Guesses):
    """Files that came, counted in memory only, by address; many facilitators may share one."""

    ALLOWED = 240


class Brought(NamedTuple):
    """A file as it was brought, and what became of it: what was taken and the address of the reply, or why not."""

    name: str
    taken: Taken | None = None
    reply: str | None = None
    why: str = ""


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions["uploads"], state.app.extensions["bad_files"] = Uploads(), Guesses()


@blueprint.get("/carry")
def page() -> str:
    """Where to bring a file."""
    return render_template("carry/page.html", brought=[])


@blueprint.post("/carry")
def bring() -> tuple[str, int]:
    """Take in what was brought, one file after the other; each is told for itself."""
    request.max_content_length = LONGEST_UPLOAD
    try:
        files = [file for file in request.files.getlist("file") if file.filename]
    except RequestEntityTooLarge:
        return render_template("carry/page.html", brought=[Brought("", why=why("large"))]), 413
    brought = [_bring(file) for file in files[:MOST_FILES]]
    good = brought and all(one.taken for one in brought)
    status = HTTPStatus.OK if good else HTTPStatus.UNPROCESSABLE_ENTITY
    return render_template("carry/page.html", brought=brought, asked=True), status


def _bring(file: FileStorage) -> Brought:
    name = (file.filename or "")[-80:]
    try:
        taken = _take(file.stream.read(LONGEST_PARCEL + 1))
    except NotTaken as error:
        return Brought(name, why=why(error.word))
    token = keep(taken, office().now())
    return Brought(name, taken, token and url_for("carry.reply", token=token, name=_("reply")))


def _take(data: bytes) -> Taken:
    """Take in a file, at the pace that they are taken from one address, and bad ones slower. Raises NotTaken."""
    uploads, bad_files = current_app.extensions["uploads"], current_app.extensions["bad_files"]
    who = request.remote_addr or ""
    if uploads.too_many(who) or bad_files.too_many(who):
        raise NotTaken("many")
    uploads.failed(who)
    try:
        return take_parcel(data, office())
    except NotTaken:
        bad_files.failed(who)
        raise


def why(word: str) -> str:
    """The sentence of refused.py in the reader's language."""
    sentences = {
        "empty": _("The file is empty; take it from the hub's page again."),
        "large": _("The file is larger than any that a hub makes; take it from the hub's page again."),
        "many": _("Too many files came from there; wait ten minutes, then bring the others."),
        "foreign": _("This is no file from a hub; choose the one whose name ends in .vhub."),
        "damaged": _("The file was damaged on the way; take it from the hub's page again."),
        "back": _("This is the file to take back to the hub; bring the one that you took from the hub's page."),
        "elsewhere": _("This file was made for another head office; take it there."),
        "unknown": _("Head office does not know the hub that made this file; tell head office, and keep the file."),
        "used": _("Another box was set up with the same kit, and came first; tell head office, and keep the file."),
        "old": _("The kit that this hub was set up with is no longer good; tell head office, and keep the file."),
    }
    return sentences[word]


@blueprint.get("/carry/replies/<token>/<name>")
def reply(token: str, name: str) -> Response:
    """The file to take back to the hub."""
    row = find(token, office().now())
    if row is None:
        raise NotFound
    safe = "".join(letter for letter in name if letter.isalnum())[:20]
    return _file(bytes(row.data), f"village-hub-{row.hub.site.id}-{safe}{SUFFIX}")


@blueprint.post("/v1/parcels")
def parcels() -> Response:
    """The same for programs: the answer is the file to take back, or nothing if its hub cannot be sealed for."""
    request.max_content_length = LONGEST_PARCEL
    try:
        data = request.get_data()
    except RequestEntityTooLarge:
        raise NotTaken("large") from None
    try:
        taken = _take(data)
    except NotTaken as error:
        if error.word == "many":
            raise TooManyRequests(SENTENCES["many"]) from None
        raise
    return Response(status=HTTPStatus.NO_CONTENT) if taken.reply is None else Response(taken.reply, mimetype=MEDIA_TYPE)


@kits.post("/sites/<site_id>/kit")
def kit(site_id: str) -> Response:
    """A kit for a hub of the site, with a code of its own, good once."""
    made = make_kit(site_id, office(), Kits(address=request.url_root.rstrip("/")))
    return _file(made, f"village-hub-{site_id}{KIT_SUFFIX}")


def _file(data: bytes, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(data, mimetype="application/octet-stream", headers={"Content-Disposition": disposition})
