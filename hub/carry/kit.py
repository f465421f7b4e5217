"""Makes this box the hub of a site with the kit that a technician brought: no line is needed.

    site = take_kit(data, settings, clock)      # raises BadKit with one sentence, and everything is as it was

From here on days are sealed for head office, and whoever carries files takes the enrolment along. The kit comes from a
technician's hand, by the command or behind the sign-in, and never from a stick by itself: who can plug in a stick could
otherwise give the box to a head office of her own.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from content_cache.trust.errors import TrustError
from hub.backup import snapshot
from hub.clock import from_unix
from hub.content.models import note as note_content
from hub.content.news import trust_of
from hub.content.origin import BadPlace, check_group, check_place
from hub.db import writing
from hub.errors import HubError
from hub.site import Site, this_site
from hub.uplink.enrol import NotEnrolled, an_enrolment, check_address
from hub.uplink.introduce import owe, owed
from hub.uplink.models import note
from wire.errors import BadRecord
from wire.kit import LONGEST, Kit, open_kit

if TYPE_CHECKING:
    from pathlib import Path

    from hub.clock import Clock
    from hub.settings import Settings


SENTENCES = {
    "gone": "The kit cannot be read; give the file that head office made.",
    "foreign": "This is no kit of head office, or it is damaged; take a fresh copy of the file that head office made.",
    "old": "This kit is no longer good; ask head office for a new one.",
    "another": "This box is the hub of another site already; for a new site set it up afresh.",
    "zone": "The kit names a time zone that this hub does not know; update the hub's software first.",
    "content": "The kit names other keys for courses than this box believes, or none that are any; ask head office.",
    "places": "The kit names an address or a group of sites that cannot be one; ask head office for a new kit.",
}


class BadKit(HubError):
    """The kit is no good for this box; `word` is a key of SENTENCES."""

    exit_code = 65

    def __init__(self, word: str) -> None:
        super().__init__(SENTENCES[word])
        self.word = word


def read(path: Path) -> bytes:
    """The bytes of a file, as many as any kit has. Raises BadKit."""
    try:
        with path.open("rb") as file:
            return file.read(LONGEST + 1)
    except OSError:
        raise BadKit("gone") from None


def take_kit(data: bytes, settings: Settings, clock: Clock) -> Site:
    """The site that this box is the hub of from now on. Raises BadKit."""
    kit = _opened(data, clock)
    _refuse_another(kit)
    places = _places(kit)
    enrolment = an_enrolment(kit.code, secrets.token_bytes(16), settings)
    _pin(kit, settings)
    with writing():
        Site.update(
            code=kit.site,
            name=kit.name,
            time_zone=kit.time_zone,
            collector_url=_address(kit),
            collector_key=kit.collector_key,
            office_sealing_key=kit.sealing_key,
        ).where(Site.id == 1).execute()
        owe(enrolment, kit.code)
        note(speaks=kit.speaks, answered=None)
        if places:
            note_content(**places, wanted=True, failures=0, retry_boot=None, retry_seconds=None)
    with contextlib.suppress(HubError):  # from here on there is something to go back to that knows who this hub is
        snapshot(settings)
    return this_site()


def _opened(data: bytes, clock: Clock) -> Kit:
    try:
        kit = open_kit(data)
    except BadRecord:
        raise BadKit("foreign") from None
    if clock.at_least() > from_unix(kit.until / 1000):
        raise BadKit("old")
    try:
        ZoneInfo(kit.time_zone)
    except (ValueError, OSError):
        raise BadKit("zone") from None
    return kit


def _refuse_another(kit: Kit) -> None:
    """A box that head office knows stays what it is; until then a technician may have taken the wrong kit."""
    site = this_site()
    same = (site.code, bytes(site.collector_key or b"")) == (kit.site, kit.collector_key)
    if site.enrolled and not same and owed() is None:
        raise BadKit("another")


def _address(kit: Kit) -> str | None:
    """Head office's; a kit without one takes none from a hub that has a line to the same head office."""
    site = this_site()
    if kit.address:
        return check_address(kit.address)
    return site.collector_url if bytes(site.collector_key or b"") == kit.collector_key else None


def _places(kit: Kit) -> dict[str, str]:
    """Where courses come from and for which group, as far as the kit says."""
    try:
        if kit.address:
            check_address(kit.address)
        told = {
            "url": kit.content_place and check_place(kit.content_place),
            "group": kit.group and check_group(kit.group),
        }
    except (BadPlace, NotEnrolled):
        raise BadKit("places") from None
    return {name: text for name, text in told.items() if text}


def _pin(kit: Kit, settings: Settings) -> None:
    if kit.content_root is None:
        return
    try:
        trust_of(settings.library_root).pin(kit.content_root)
    except TrustError:
        raise BadKit("content") from None
