"""The one-time link by which a technician enters for the first time, or again when the password is forgotten.

    token = new_link(administrator(), clock)        # printed by `hub setup`
    opens(token, clock)                             # a look, which uses nothing up
    technician = claim(token, clock)                # one winner; None for everyone else

It is good for 24 hours in which the hub is up, over restarts, until it is used or a newer one is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.db import writing
from hub.site import this_site
from hub.technician.models import EntryLink, Technician
from hub.technician.tokens import new_token, token_hash
from hub.technician.uptime import up_since

if TYPE_CHECKING:
    from hub.clock import Clock

GOOD_FOR = 24 * 3600  # seconds up
ADMINISTRATOR = "admin"


def administrator() -> Technician:
    """The account that every hub has, made on the first call, without a password."""
    row = Technician.get_or_none(Technician.name == ADMINISTRATOR)
    if row is None:
        with writing():
            row, _ = Technician.get_or_create(name=ADMINISTRATOR)
    return row


def new_link(technician: Technician, clock: Clock) -> str:
    """A token that takes the place of any earlier one of this account."""
    token, now, epoch = new_token(), clock.moment(), this_site().epoch
    with writing():
        EntryLink.replace(
            technician=technician.id, token_hash=token_hash(token), epoch=epoch, boot=now.boot, seconds=now.seconds
        ).execute()
    return token


def opens(token: str, clock: Clock) -> bool:
    """Whether `token` would let somebody in now."""
    return _find(token, clock) is not None


def claim(token: str, clock: Clock) -> Technician | None:
    """Use `token` up and give its account; None if it is used, old or unknown. Of two at once one wins."""
    with writing():
        link = _find(token, clock)
        if link is None:
            return None
        used = EntryLink.delete().where(EntryLink.token_hash == token_hash(token)).execute()
        return Technician.get_by_id(link.technician) if used == 1 else None


def _find(token: str, clock: Clock) -> EntryLink | None:
    link = EntryLink.get_or_none(EntryLink.token_hash == token_hash(token))
    if link is None or link.epoch != this_site().epoch:
        return None
    return link if up_since(link.made, clock.moment()) < GOOD_FOR else None
