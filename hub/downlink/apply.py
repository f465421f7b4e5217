"""Has what head office told come to hold: the state that uplink/told.py keeps, in one transaction, or not at all.

apply(settings, clock)      # True if something was done; a look at one row if there is nothing new

A part that this hub can't do is skipped and told back, and the others hold. Settings that head office did not change
are left as a technician set them meanwhile. After an update of the hub what it could not do is tried again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.db import writing
from hub.downlink import accounts
from hub.downlink.answers import follow, revoke
from hub.downlink.models import ToldSetting
from hub.downlink.settings import set_all
from hub.site import sealing_key, this_site
from hub.uplink.models import note as note_uplink
from hub.uplink.models import state as uplink_state
from hub.uplink.told import ask_again, left_over, note_applied, told
from hub.version import SOFTWARE
from wire.errors import BadRecord
from wire.sealing import NotOurs
from wire.state import State, open_state

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.uplink.models import Told

log = logging.getLogger("hub.downlink")


def apply(settings: Settings, clock: Clock) -> bool:
    """Have the newest state hold, if it does not yet; whether anything was done."""
    left = left_over()
    if left:
        _forget(clock)
    if not _is_due(told()):
        return left
    with writing():
        row = told()  # another program of this hub may have been faster
        if not _is_due(row):
            return True
        try:
            trouble = _hold(_opened(row, settings), clock)
        except NotOurs as error:
            ask_again(str(error))
            trouble = str(error)
        except BadRecord as error:
            trouble = f"Nothing of state {row.number} could be read. {error}"
            note_applied(row.number, trouble)
    log.info("state %d of head office holds here%s", row.number, f", but for this: {trouble}" if trouble else "")
    return True


def _is_due(row: Told) -> bool:
    return row.sealed is not None and bool(row.applied < row.number or (row.trouble and row.software != SOFTWARE))


def _opened(row: Told, settings: Settings) -> State:
    office = Ed25519PublicKey.from_public_bytes(bytes(this_site().collector_key or b""))
    return open_state(bytes(row.sealed or b""), office, sealing_key(settings.keys))


def _hold(state: State, clock: Clock) -> str:
    """All of `state` but for what the trouble says, which is returned; within the caller's transaction."""
    before = {row.name: row.value for row in ToldSetting.select()}
    done = set_all(state.settings, before)
    ToldSetting.delete().execute()
    for name, value in done.done.items():
        ToldSetting.create(name=name, value=value)
    wanted = accounts.plan(state.accounts, accounts.known())
    accounts.carry_out(wanted)
    follow(state.answers, clock)
    revoke(state.revoked)
    if state.content is not None:
        note_uplink(content=max(state.content, uplink_state().content or 0))
    trouble = " ".join(done.troubles + wanted.troubles)
    note_applied(state.number, trouble)
    return trouble


def _forget(clock: Clock) -> None:
    """This hub has another head office now: what the one before decided about people holds no more.

    Settings stay as they are, until the new one changes them.
    """
    with writing():
        ToldSetting.delete().execute()
        accounts.carry_out(accounts.plan([], accounts.known()))
        follow([], clock)
        revoke([])
        note_applied(0, "")
