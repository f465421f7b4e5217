"""The page of the check at the end of a visit, for staff alone."""

from __future__ import annotations

from flask import Blueprint, render_template

from hub.site import this_site
from hub.technician import door

blueprint = Blueprint("acceptance", __name__, template_folder="templates", url_prefix=f"{door.PATH}/acceptance")
blueprint.before_request(door.guard)
blueprint.after_request(door.keep_nothing)


@blueprint.get("", strict_slashes=False)
def home() -> str:
    """The check that is under way, or the last one."""
    return render_template("acceptance/page.html", site=this_site())
