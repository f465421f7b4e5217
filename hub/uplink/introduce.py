"""A hub that was set up with a kit is not known at head office yet: its enrolment goes along until it is.

    owe(enrolment, code)        # within the caller's transaction, by hub/carry/kit.py
    owed()                      # the sealed enrolment, for the first place in what is carried; None once it is known
    introduce(settings, clock)  # over a line, if there is one: the same code, and a welcome at once
    known()                     # head office has answered, by whatever way

What the hub signs is refused at head office until the enrolment came; so it goes before, or beside, the first batch.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hub.db import writing
from hub.site import this_site
from hub.uplink.enrol import NotEnrolled, enrol
from hub.uplink.line import NoAnswer
from hub.uplink.models import Introduction

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.settings import Settings

log = logging.getLogger("hub.uplink")


def owe(enrolment: bytes, code: str) -> None:
    """Remember the enrolment with the head office that this hub believes, and the code that closed it."""
    office = this_site().collector_key
    Introduction.replace(id=1, office=office, code=code, enrolment=enrolment).execute()


def owed() -> bytes | None:
    """What head office has to see before it can believe this hub."""
    row = _row()
    return None if row is None else bytes(row.enrolment)


def introduce(settings: Settings, clock: Clock) -> None:
    """Enrol over the line; a head office that says no may know this hub already, so the upload goes on all the same."""
    row, url = _row(), this_site().collector_url
    if row is None or url is None:
        return
    try:
        enrol(url, row.code, settings, clock)
    except (NoAnswer, NotEnrolled) as error:
        log.info("head office did not take the enrolment of the kit: %s", error)
    else:
        known()


def known() -> None:
    """Forget the code: head office knows this hub."""
    if Introduction.select().exists():
        with writing():
            Introduction.delete().execute()


def _row() -> Introduction | None:
    """Of the head office that this hub belongs to now; a technician may have enrolled it elsewhere since."""
    row: Introduction | None = Introduction.get_or_none(
        (Introduction.id == 1) & (Introduction.office == this_site().collector_key)
    )
    return row
