"""What `hub setup` is told besides enrolment: the site's name and time zone, and the address for the printed link.

check_zone("america/merida")        # BadAnswer: … did you mean America/Merida?
describe("Dzemul", "America/Merida")
enter_link("http://10.0.0.1", clock)        # http://10.0.0.1/technician/enter/…
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from hub.db import writing
from hub.errors import HubError
from hub.site import Site, this_site
from hub.technician.links import administrator, new_link

if TYPE_CHECKING:
    from hub.clock import Clock

LONGEST_NAME = 80  # characters


class BadAnswer(HubError):
    """An answer that cannot be used; the technician answers again, as the sentence says."""

    exit_code = 64


def check_name(name: str) -> str:
    """The site's name in one line; raises BadAnswer."""
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        raise BadAnswer(f"A site's name has 1 to {LONGEST_NAME} letters, as in Dzemul; give another one with --name.")
    return plain


def check_zone(name: str) -> str:
    """The IANA time zone of that name; raises BadAnswer, with the nearest ones if it looks like a slip."""
    known = available_timezones()
    if name.strip() in known:
        return ZoneInfo(name.strip()).key
    near = _near(name.strip().replace(" ", "_"), known)
    hint = f"did you mean {' or '.join(near)}?" if near else "write one such as America/Merida."
    raise BadAnswer(f"There is no time zone {name[:60]!r}; {hint}")


def _near(name: str, known: set[str]) -> list[str]:
    """Up to three zones that `name` may have meant: by its city alone, or by a slip of the fingers."""
    by_lower = {zone.lower(): zone for zone in sorted(known)}
    cities = {zone.rpartition("/")[2]: zone for zone in by_lower}
    found = get_close_matches(name.lower(), by_lower, 3, 0.75)
    found += [cities[city] for city in get_close_matches(name.lower().rpartition("/")[2], cities, 3, 0.8)]
    return [by_lower[zone] for zone in dict.fromkeys(found)][:3]


def check_address(text: str) -> str:
    """How phones reach this hub, as http://host or http://host:port; raises BadAnswer."""
    try:
        parts = urlsplit(text)
        plain = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        plain = False
    if not plain or parts.path.strip("/") or parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise BadAnswer(
            f"{text[:80]!r} is no address of a hub; write one such as http://hub.lan or http://10.0.0.1:8080."
        )
    return f"{parts.scheme}://{parts.netloc}"


def describe(name: str | None, time_zone: str | None) -> Site:
    """Keep what was told about the place, and leave the rest; raises BadAnswer with everything as it was."""
    told = {"name": check_name(name) if name else None, "time_zone": check_zone(time_zone) if time_zone else None}
    this_site()
    if any(told.values()):
        with writing():
            Site.update({key: text for key, text in told.items() if text}).where(Site.id == 1).execute()
    return this_site()


def enter_link(address: str, clock: Clock) -> str:
    """A new one-time link under `address`; it voids the one before."""
    return f"{address}/technician/enter/{new_link(administrator(), clock)}"
