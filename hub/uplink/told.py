"""What head office tells this hub, as far as carriers know it: a sealed state, of which the highest number is kept.

    keep(sealed)            # within the caller's transaction; BadRecord if it is not head office's word to this hub
    learn(answer, live=True)    # the same, of an answer that is believed, and head office's key for sealing
    to_tell(settings)       # fields of a batch: the state that runs, its trouble, this hub's key for sealing
    running()               # (number, trouble)

A state is the whole of what head office has to tell, so it may come by any carrier, late, twice and in any order. What
it says is done by hub/downlink/, in a transaction of its own: a power cut between the two loses nothing.

A hub tells its own key for sealing until it knows head office's: so hubs that enrolled before there were such keys
come by them with their next upload, and so does one that lost its key and can't open what it is told.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.site import Site, sealing_key, this_site
from hub.uplink.models import Told
from hub.version import SOFTWARE
from wire.errors import BadRecord
from wire.state import named

if TYPE_CHECKING:
    from hub.settings import Settings
    from wire.exchange import Answer

LONGEST_TROUBLE = 500
NO_OFFICE = "This hub is not enrolled with head office, so nothing that head office says is believed; enrol it first."
ANOTHERS = "This was sealed for the hub {}, and this one is {}; take it to the hub it was made for."
log = logging.getLogger("hub.uplink")


def told() -> Told:
    """The row, as far as it is of the head office that this hub is enrolled with; else one of nothing told yet."""
    office = this_site().collector_key or b""
    row = Told.get_or_none((Told.id == 1) & (Told.office == office))
    return row or Told(office=office)


def left_over() -> bool:
    """Whether what holds here was told by a head office that this hub has left."""
    office = this_site().collector_key or b""
    return bool(Told.select().where(Told.applied_of.is_null(False) & (Told.applied_of != office)).exists())


def running() -> tuple[int, str]:
    """The number of the state that this hub runs, 0 for none, and what of it could not be done."""
    row = told()
    return int(row.applied), str(row.trouble)


def keep(sealed: bytes) -> bool:
    """Keep the state for hub/downlink/ if it is newer than the one kept, within the caller's transaction.

    Raises BadRecord for another hub's, and for what the head office of this hub did not sign.
    """
    site = this_site()
    if not site.enrolled:
        raise BadRecord(NO_OFFICE)
    hub, number = named(sealed, Ed25519PublicKey.from_public_bytes(bytes(site.collector_key or b"")))
    if hub != bytes(site.hub):
        raise BadRecord(ANOTHERS.format(hub.hex(), bytes(site.hub).hex()))
    if number <= told().number:
        return False
    note(number=number, sealed=sealed)
    return True


def learn(answer: Answer, *, live: bool) -> None:
    """Keep what a believed answer brings, within the caller's transaction; a state that is damaged harms nothing.

    Head office's key in an answer that was carried may be an older one, so it is taken where none is known alone.
    """
    known = bytes(this_site().office_sealing_key or b"")
    if answer.sealing_key is not None and known != answer.sealing_key and (live or not known):
        Site.update(office_sealing_key=answer.sealing_key).where(Site.id == 1).execute()
    if answer.state is None:
        return
    try:
        keep(answer.state)
    except BadRecord as error:
        log.warning("what head office told was not kept: %s", error)
        note(trouble=str(error)[:LONGEST_TROUBLE])


def note_applied(number: int, trouble: str) -> None:
    """This hub runs the state `number`, but for its `trouble`; within the caller's transaction."""
    office = this_site().collector_key
    note(applied=number, applied_of=office, trouble=trouble[:LONGEST_TROUBLE], software=SOFTWARE)


def ask_again(trouble: str) -> None:
    """Let go of the state that can't be opened and of head office's key, so that this hub's key is told anew.

    Head office then seals the state for that key, and sends it again. Within the caller's transaction.
    """
    Site.update(office_sealing_key=None).where(Site.id == 1).execute()
    note(number=told().applied, sealed=None, trouble=trouble[:LONGEST_TROUBLE])


def to_tell(settings: Settings) -> dict[str, Any]:
    """What a batch says of all this, as its fields."""
    number, trouble = running()
    fields: dict[str, Any] = {"state": number, "trouble": trouble}
    if this_site().office_sealing_key is None:
        fields["sealing_key"] = sealing_key(settings.keys).public_key().public_bytes_raw()
    return fields


def note(**fields: object) -> None:
    """Set `fields` of the one row; what another head office told has no number and waits no longer."""
    office = this_site().collector_key or b""
    Told.insert(id=1, office=office).on_conflict_ignore().execute()
    anew = {"office": office, "number": 0, "sealed": None, "applied": 0, "trouble": ""}
    Told.update(**anew).where(Told.office != office).execute()
    Told.update(**fields).where(Told.id == 1).execute()
