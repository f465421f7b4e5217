"""Opens a record as it lies here, whichever way it was closed: its seal is checked again each time.

open_record(row.sealed, office)     # Arrived; what cannot be read says why in a sentence
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from collector.inbox.keep import Arrived, look
from collector.sites.enrol import public_key_of
from collector.sites.models import Hub
from wire.errors import BadRecord
from wire.sealing import key_of, shared_secret
from wire.short import CODE, FIRST, open_totals
from wire.summary import digest

if TYPE_CHECKING:
    from collector.office import Office


def open_record(sealed: bytes, office: Office) -> Arrived:
    """A summary, or the totals of a short message."""
    if not sealed.startswith(FIRST):
        return look(sealed, public_key_of)
    try:
        return Arrived(sealed, name_of(sealed), open_totals(sealed, partial(secret_of, office)), "")
    except BadRecord as error:
        return Arrived(sealed, name_of(sealed), None, str(error))


def name_of(totals: bytes) -> bytes:
    """The digest without the code: the same totals are the same, also after a hub has made another key to seal with."""
    return digest(totals[:-CODE])


def secret_of(office: Office, hub: bytes) -> bytes | None:
    """What head office and `hub` share; None if the hub is not known or has told no key. Raises BadRecord."""
    row = Hub.get_or_none(Hub.id == hub.hex())
    if row is None or row.sealing_key is None:
        return None
    return shared_secret(office.sealing_key, key_of(bytes(row.sealing_key)), hub)
