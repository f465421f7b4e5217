"""How the uplink fares, for the technician's page, `hub uplink status` and `/metrics`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from peewee import fn

from hub.backup import BEHIND, DAMAGED, latest_restored
from hub.clock import Clock
from hub.settings import Settings
from hub.site import this_site
from hub.uplink.backoff import retry_at
from hub.uplink.budget import CONTENT, COUNTS, Room, Rules, Spent, room
from hub.uplink.ledger import rules, spent
from hub.uplink.models import Ledger, Outbox, state, waiting
from hub.uplink.press import uplink_bytes
from hub.uplink.told import running
from hub.whereabouts import COPIED, PUT_BACK

if TYPE_CHECKING:
    import datetime as dt

    from hub.clock import Moment
    from hub.uplink.models import Uplink


@dataclass(frozen=True, kw_only=True)
class UplinkStatus:
    """`pending` records wait, the oldest for the day `oldest`; `refused` were set aside with the sentence `refusal`.

    `last_error` is None once head office has been reached again. `bytes_total` is what the uplink has carried both ways
    since the hub's first start, `bytes_today` since the site's midnight, None while the time is unsure. `retry_in` are
    the seconds until the next attempt after a failure. `told` is the number of head office's state that holds here, 0
    for none, and `trouble` what of it could not be done.
    """

    enrolled: bool
    pending: int
    oldest: dt.date | None
    refused: int
    refusal: str | None
    last_reached: Moment | None
    last_error: str | None
    retry_in: float | None
    bytes_total: int
    bytes_today: int | None
    told: int
    trouble: str


@dataclass(frozen=True, kw_only=True)
class BudgetStatus:
    """The rules, what is spent by them today and this month, and what counts and content may still use now."""

    rules: Rules
    spent: Spent
    counts: Room
    content: Room


def budget_status(clock: Clock) -> BudgetStatus:
    """Reads the database alone."""
    known, now, zone = rules(), clock.now(), this_site().zone
    used = spent(known, clock, zone)
    counts, content = (room(known, kind, used, now, zone) for kind in (COUNTS, CONTENT))
    return BudgetStatus(rules=known, spent=used, counts=counts, content=content)


def status(settings: Settings | None = None, clock: Clock | None = None) -> UplinkStatus:
    """Reads the database alone; no network."""
    settings, clock = settings or Settings.load(), clock or Clock()
    site, known = this_site(), state()
    waits = Outbox.select().where(waiting(site.epoch, open_days=settings.seal_open_days))
    refused = Outbox.select().where(Outbox.refused.is_null(False) & (Outbox.acknowledged == False))  # noqa: E712
    oldest = waits.where(Outbox.day.is_null(False)).order_by(Outbox.day).first()
    latest_refusal = refused.order_by(Outbox.sequence.desc()).first()
    now, (told, trouble) = clock.now(), running()
    return UplinkStatus(
        enrolled=site.enrolled,
        pending=waits.count(),
        oldest=None if oldest is None else oldest.day,
        refused=refused.count(),
        refusal=None if latest_refusal is None else latest_refusal.refused,
        last_reached=known.reached,
        last_error=known.error,
        retry_in=_retry_in(clock, known, bytes(site.hub)),
        bytes_total=Ledger.select(fn.COALESCE(fn.SUM(Ledger.up + Ledger.down), 0)).scalar(),
        bytes_today=None if now is None else uplink_bytes(now.astimezone(site.zone).date(), site.zone),
        told=told,
        trouble=trouble,
    )


def past() -> tuple[str, str] | None:
    """Why the hub counts anew, a word of backup.REASONS, and what that means for whoever reads it; None if it does not.

    The sentence is in the language of the request, in English outside of one.
    """
    row = latest_restored()
    if row is None:
        return None
    sentences = {
        DAMAGED: _(
            "The database was damaged, and a copy took its place. What was counted after the copy and not sent is lost."
            " Change the card if it happens again."
        ),
        COPIED: _(
            "This hub was copied from another box or card; it counts for itself since. If the other one still runs, set"
            " one of the two up afresh."
        ),
        PUT_BACK: _(
            "An older database was put back here; it counts anew since. Nothing is to be done: head office keeps what"
            " was sent."
        ),
        BEHIND: _(
            "Head office knows more of this hub than this box does: an old copy runs here, or a second box under the"
            " same name. It counts anew since. If there is a second box, set one of the two up afresh."
        ),
    }
    return row.reason, sentences[row.reason]


def _retry_in(clock: Clock, known: Uplink, hub: bytes) -> float | None:
    seconds = retry_at(known.failures, known.retry, clock.boot, hub) - clock.since_boot()
    return seconds if seconds > 0 else None
