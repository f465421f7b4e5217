"""Who is signed in. A browser holds a random token in a cookie; the hub holds its hash, so it can end any session.

    token = begin(technician, clock)
    visit = find(token, clock)          # SignedIn, or None once 12 hours up have passed, or it was ended
    visit.form_token                    # belongs into each form of this session

A session ends 12 hours of up time after it began, used or not: a visit is shorter than that, and a page that a browser
keeps reloading would never be idle.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple

from hub.db import writing
from hub.site import this_site
from hub.technician.models import StaffSession, Technician
from hub.technician.tokens import new_token, token_hash
from hub.technician.uptime import up_since

if TYPE_CHECKING:
    from hub.clock import Clock

LASTS = 12 * 3600  # seconds up


class SignedIn(NamedTuple):
    """A session that holds now."""

    token: str
    technician: Technician
    by_link: bool

    @property
    def form_token(self) -> str:
        """What each form of this session carries, so that no other page can send one in its name."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()


def begin(technician: Technician, clock: Clock, *, by_link: bool = False) -> str:
    """The token of a new session; rows that have run out are removed on the way."""
    token, now, epoch = new_token(), clock.moment(), this_site().epoch
    with writing():
        for row in list(StaffSession.select()):
            if not _holds(row, clock):
                row.delete_instance()
        StaffSession.create(
            token_hash=token_hash(token),
            technician=technician.id,
            by_link=by_link,
            epoch=epoch,
            boot=now.boot,
            seconds=now.seconds,
        )
    return token


def find(token: str, clock: Clock) -> SignedIn | None:
    """The session of `token`, if it holds."""
    row = StaffSession.get_or_none(StaffSession.token_hash == token_hash(token))
    if row is None or not _holds(row, clock):
        return None
    return SignedIn(token, Technician.get_by_id(row.technician), bool(row.by_link))


def end(token: str) -> None:
    """Sign out."""
    with writing():
        StaffSession.delete().where(StaffSession.token_hash == token_hash(token)).execute()


def change_password(technician: Technician, hashed: str, clock: Clock) -> str:
    """Keep the new password and end every session of the account; returns the token of a fresh one."""
    with writing():
        Technician.update(password=hashed).where(Technician.id == technician.id).execute()
        StaffSession.delete().where(StaffSession.technician == technician.id).execute()
        return begin(technician, clock)


def _holds(row: StaffSession, clock: Clock) -> bool:
    return bool(row.epoch == this_site().epoch and up_since(row.began, clock.moment()) < LASTS)
