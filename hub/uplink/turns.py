"""When it is this hub's turn to call head office, so that hubs which wake together do not call together.

    is_turn(settings, clock)        # whether the worker may call now; reads the database alone

Three things wake many hubs in the same second: power that comes back to a region, midnight, which ends the day that is
to be reported and begins a new budget, and the hour from which on a plan allows the uplink. After each of them a hub
waits for its slot, which its id and the event give: the same however often it looks, another one the next day, and even
over the fleet. Slots lie within nine minutes, for a box that is up for twenty minutes must have its turn: whatever
happens while it is up, its slot after the boot, or the one after the event, comes with minutes to spare. While the time
is unsure it is asked for within three. Neither is longer than the pause between two uploads, so a demonstration that
uploads each half minute stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.site import this_site
from hub.uplink.backoff import retry_at, share
from hub.uplink.budget import COUNTS, is_free, within
from hub.uplink.deliver import CONNECTION, wanted
from hub.uplink.ledger import room_now, rules
from hub.uplink.models import state

if TYPE_CHECKING:
    import datetime as dt
    from zoneinfo import ZoneInfo

    from hub.clock import Clock
    from hub.settings import Settings
    from hub.uplink.budget import Rules
    from hub.uplink.models import Uplink

SPREAD = 540.0  # seconds
ASKING = 180.0  # seconds, while the time is unsure


def is_turn(settings: Settings, clock: Clock) -> bool:
    """Whether something waits for head office that this hub may bring now."""
    site, known, now = this_site(), state(), clock.now()
    if not site.has_line or not wanted(settings, clock) or _rests(known, clock, settings.upload_every):
        return False
    hub, up, most = bytes(site.hub), clock.since_boot(), float(settings.upload_every)
    if up < max(slot(hub, f"boot {clock.boot}", min(most, SPREAD if now else ASKING)), _retry(known, clock, hub)):
        return False
    return now is None or (in_turn(hub, rules(), now, site.zone, most) and bool(_may_send(clock)))


def has_woken(settings: Settings, clock: Clock) -> bool:
    """Whether this hub's slot after the boot has come; by it, too, repositories are asked for content."""
    most = min(float(settings.upload_every), SPREAD)
    return clock.since_boot() >= slot(bytes(this_site().hub), f"boot {clock.boot}", most)


def in_turn(hub: bytes, known: Rules, now: dt.datetime, zone: ZoneInfo, most: float = SPREAD) -> bool:
    """Whether the hours are the hub's, and its slot since they began, or the day did, has come."""
    if not (within(known.hours, now.astimezone(zone).time()) or is_free(known, now, zone)):
        return False
    began = last_began(known, now, zone)
    return (now - began).total_seconds() >= slot(hub, f"{began:%Y-%m-%d %H}", min(most, SPREAD))


def last_began(known: Rules, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """When the site's day, or hours in which the uplink may be used, began last, in the site's time."""
    local = now.astimezone(zone)
    begins = [hours.partition("-")[0] for hours in (known.hours, known.free) if hours and known.restricted]
    hour = max(hour for hour in (0, *map(int, begins)) if hour <= local.hour)
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)


def slot(hub: bytes, event: str, most: float) -> float:
    """Seconds after `event` at which it is `hub`'s turn."""
    return most * share(hub, event)


def _rests(known: Uplink, clock: Clock, pause: float) -> bool:
    """Whether head office answered less than `pause` seconds ago, as far as this boot knows."""
    last = known.reached
    return last is not None and last.boot == clock.boot and clock.since_boot() < last.seconds + pause


def _retry(known: Uplink, clock: Clock, hub: bytes) -> float:
    return retry_at(known.failures, known.retry, clock.boot, hub)


def _may_send(clock: Clock) -> bool:
    return room_now(clock, COUNTS, least=CONNECTION).left != 0
