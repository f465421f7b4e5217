"""What `hub setup` writes down besides enrolment: the site's place, and the link by which a technician first enters."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from hub.db import writing
from hub.errors import HubError
from hub.site import Site, this_site
from hub.technician.links import administrator, new_link

if TYPE_CHECKING:
    from hub.clock import Clock


class BadPlace(HubError):
    """The time zone has no such name; the technician types it again."""

    exit_code = 64


def check_zone(name: str) -> str:
    """`name` if it is a time zone (IANA); raises BadPlace with the nearest ones."""
    try:
        return ZoneInfo(name.strip()).key
    except (ValueError, OSError, KeyError):
        near = get_close_matches(name, available_timezones(), 3, 0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else "; write one such as America/Merida."
        raise BadPlace(f"There is no time zone {name!r}{hint}") from None


def describe(name: str | None, time_zone: str | None) -> Site:
    """Keep what was told about the place, and leave the rest."""
    told = {"name": name, "time_zone": check_zone(time_zone) if time_zone else None}
    this_site()
    with writing():
        Site.update({key: text for key, text in told.items() if text}).where(Site.id == 1).execute()
    return this_site()


def enter_link(address: str, clock: Clock) -> str:
    """A new one-time link under `address`; it voids the one before."""
    return f"{address.rstrip('/')}/technician/enter/{new_link(administrator(), clock)}"
