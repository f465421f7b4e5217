"""What the checks and their states are called, on the page and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

if TYPE_CHECKING:
    from hub.acceptance.results import Row


def name_of(check: str) -> str:
    """The name of a check in the reader's language; its own word if there is none."""
    names = {
        "power": _("Power"),
        "storage": _("Card or disk"),
        "card": _("Test of the card"),
        "heat": _("Heat"),
        "watchdog": _("Watchdog"),
        "memory": _("Memory"),
        "disk": _("Free space"),
        "wifi": _("Wi-Fi"),
        "client": _("A phone joins"),
        "portal": _("Welcome page"),
        "complete": _("Courses"),
        "verified": _("Files read back"),
        "clock": _("Clock"),
        "reached": _("Head office"),
        "summary": _("First summary"),
        "site": _("Site"),
        "database": _("Database"),
        "jobs": _("Jobs"),
    }
    return names.get(check, check)


def state_of(row: Row) -> str:
    """Whether it passed, in a word or two."""
    if row.status == "waiting":
        return _("Waits for a carrier") if row.carrier else _("Waiting")
    return _("Pass") if row.status == "pass" else _("Fail")
