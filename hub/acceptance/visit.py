"""What only a visit shows, since a check began: a phone that joins, head office that answers, files that read back.

    visit_checks(hub, row)      # [Check("client", …), Check("portal", …), …]

What has not happened yet waits: it passes as a check, with the fact `waiting`. What waits for a carrier, where no line
leads to head office, has the fact `carrier` too, and keeps nobody from leaving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask_babel import gettext as _

from content_cache.errors import ContentError
from hub.acceptance.inforce import in_force
from hub.acceptance.machine import HERE_NOT, is_box
from hub.acceptance.models import CALL, errand
from hub.box.orders import outcome
from hub.content.holdings import totals
from hub.content.news import trust_of
from hub.content.status import status as content_status
from hub.health.checks import Check
from hub.i18n import size
from hub.portal.acceptance import evidence
from hub.site import this_site
from hub.uplink.ledger import bytes_by_kind
from hub.uplink.models import Outbox
from hub.uplink.models import state as uplink

if TYPE_CHECKING:
    from hub.acceptance.models import Acceptance
    from hub.app import Hub
    from hub.clock import Moment

WAITS, CARRIER = {"waiting": True}, {"waiting": True, "carrier": True}


class Guests(NamedTuple):
    """What phones did since a moment: whether one `joined`, how often the welcome page was `seen` and `accepted`."""

    joined: bool
    seen: int
    accepted: int


def visit_checks(hub: Hub, row: Acceptance) -> list[Check]:
    """All of this module; reads the database, the library and files alone."""
    seen = guests(hub, row.began)
    return [
        check_client(hub, seen),
        check_portal(hub, seen),
        check_complete(hub),
        check_verified(hub, row),
        check_reached(hub, row),
        check_summary(hub),
    ]


def guests(hub: Hub, since: Moment) -> Guests:
    """By what the portal noticed; after a restart of the machine, since that."""
    began = since.seconds if since.boot == hub.clock.boot else 0.0
    found = evidence(hub.settings, hub.clock, began)
    return Guests(bool(found.leases or found.pages or found.accepted), found.pages, found.accepted)


def _has_wifi(hub: Hub) -> bool:
    return is_box(hub.settings) or outcome(hub.settings, "network") is not None


def check_client(hub: Hub, seen: Guests) -> Check:
    """Whether a phone got an address on the village's Wi-Fi."""
    if not _has_wifi(hub):
        return Check("client", True, _("This machine makes no Wi-Fi of its own."), HERE_NOT)
    if seen.joined:
        return Check("client", True, _("A phone has joined the Wi-Fi."), {"joined": True})
    network = in_force(hub.settings)
    if network is None:
        return Check("client", True, _("Join the village's Wi-Fi with your phone."), WAITS)
    return Check("client", True, _("Join “%(name)s” with your phone.", name=network.village.name), WAITS)


def check_portal(hub: Hub, seen: Guests) -> Check:
    """Whether that phone was shown the welcome page, and its button was pressed."""
    if not _has_wifi(hub):
        return Check("portal", True, _("This machine makes no Wi-Fi of its own."), HERE_NOT)
    facts = {"seen": seen.seen, "accepted": seen.accepted}
    if seen.accepted:
        return Check("portal", True, _("The welcome page came up on a phone, and its button works."), facts)
    if seen.seen:
        return Check("portal", True, _("Press the button of the welcome page on your phone."), facts | WAITS)
    sentence = _("Wait for the welcome page on your phone; if none comes, open http://10.44.0.1 there.")
    return Check("portal", True, sentence, facts | WAITS)


def check_complete(hub: Hub) -> Check:
    """Whether every course of the release is here."""
    found = totals(hub.library)
    if found is None and not trust_of(hub.library.root).pinned:
        sentence = _("There are no courses here, and none are believed yet; bring head office's kit, then a stick.")
        return Check("complete", False, sentence)
    if found is None:
        return Check("complete", False, _("There are no courses here; plug in a stick from head office."))
    facts = {"items": found.items, "items_coming": found.items_coming, "coming": found.coming}
    if found.items_coming and content_status(hub.clock, hub.library).progress:
        return Check("complete", True, _("Courses are coming in."), facts | WAITS)
    if found.items_coming:
        sentence = _(
            "%(size)s of the courses are missing; plug in a stick from head office, or wait.", size=size(found.coming)
        )
        return Check("complete", False, sentence, facts)
    sentence = _("All %(count)d lessons are here, %(size)s.", count=found.items, size=size(found.bytes))
    return Check("complete", True, sentence, facts)


def check_verified(hub: Hub, row: Acceptance) -> Check:
    """Whether files that were read back from the card since are as they were signed."""
    try:
        damaged = len(hub.library.store.damaged())
    except (ContentError, OSError):
        damaged = 1
    if damaged:
        sentence = _("Damaged files: %(count)d. They come again by themselves; a stick is quicker.", count=damaged)
        return Check("verified", False, sentence, {"damaged": damaged})
    known = errand()
    read = known.files_read
    if read is None or read < row.began or not known.files:
        return Check("verified", True, _("The files are still to be read back."), WAITS)
    facts = {"files": known.files, "bytes": known.bytes, "damaged": known.damaged}
    sentence = _(
        "%(count)d files (%(size)s) were read back, and all are right.", count=known.files, size=_size(known.bytes)
    )
    return Check("verified", True, sentence, facts)


def check_reached(hub: Hub, row: Acceptance) -> Check:
    """Whether head office answered since, and what that cost."""
    site, known, work = this_site(), uplink(), errand()
    crossed = sum(bytes_by_kind().values()) - row.bytes
    facts = {"bytes": crossed}
    if not site.enrolled:
        return _stranger(hub, "reached")
    if _no_line(hub):
        sentence = _("No line leads to head office from here; it waits for a carrier.")
        return Check("reached", True, sentence, CARRIER | facts)
    if known.reached is not None and known.reached >= row.began:
        sentence = _("Head office answered; %(size)s crossed the link since.", size=_size(crossed))
        return Check("reached", True, sentence, facts)
    if work.wanted or work.step == CALL:
        return Check("reached", True, _("Head office is being called."), WAITS | facts)
    if work.called is None or work.called < row.began:
        return Check("reached", True, _("Head office is still to be called."), WAITS | facts)
    sentence = _("Head office was not reached; look at the cable, the modem or the Wi-Fi that leads there.")
    return Check("reached", False, sentence, facts)


def check_summary(hub: Hub) -> Check:
    """Whether head office has acknowledged a summary of this hub."""
    site = this_site()
    if not site.enrolled:
        return _stranger(hub, "summary")
    ours = Outbox.epoch == site.epoch
    count = Outbox.select().where(ours & Outbox.acknowledged).count()
    refused = Outbox.select().where(ours & ~Outbox.acknowledged & Outbox.refused.is_null(False)).count()
    facts = {"acknowledged": count, "refused": refused}
    if refused:
        sentence = _("Head office refused a summary of this hub; tell head office.")
        return Check("summary", False, sentence, facts)
    if count:
        return Check("summary", True, _("Head office has acknowledged a summary of this hub."), facts)
    if _no_line(hub):
        return Check("summary", True, _("The first summary waits for a carrier."), CARRIER | facts)
    if errand().call_error and not errand().at_work:
        sentence = _("The first summary could not be sent; head office must be reached first.")
        return Check("summary", False, sentence, facts)
    return Check("summary", True, _("The first summary waits for head office's answer."), WAITS | facts)


def _stranger(hub: Hub, name: str) -> Check:
    if is_box(hub.settings):
        sentence = _("Head office does not know this hub yet; give the code of the site, or take a kit.")
        return Check(name, False, sentence)
    return Check(name, True, _("This hub works without head office."), HERE_NOT)


def _no_line(hub: Hub) -> bool:
    network = in_force(hub.settings)
    return not this_site().has_line or (network is not None and network.uplink == "none")


def _size(count: int) -> str:
    return size(max(count, 0))
