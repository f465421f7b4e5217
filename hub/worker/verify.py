"""The slow check of stored content: every blob is read again, at a speed that nobody on the village's network notices.

A card that wears out changes bytes in silence. A blob whose bytes changed is moved aside by the store, so that it is no
longer served; the technician's page and /healthz name it, and the next import brings it again. The check goes on where
it was when the hub stopped.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hub.errors import HubError
from hub.worker.models import note_place, place_of

if TYPE_CHECKING:
    import threading

    from content_cache.store import BlobStore

NOTE_EVERY = 64_000_000  # bytes between two notes of the place, so that small blobs cost the card no writes
log = logging.getLogger("hub.worker")


class DamagedContent(HubError):
    """Stored content changed on the card; the operator imports the library again."""

    exit_code = 74


def verify_slowly(store: BlobStore, rate: float, stop: threading.Event) -> int:
    """Check every blob from where the last run stopped, at `rate` bytes a second; gives how many were checked.

    Raises DamagedContent after the last blob if some were damaged. Returns early once `stop` is set.
    """
    place, checked, damaged, since_note = place_of("verify"), 0, 0, 0
    for blob in store:
        if blob.sha256 <= place:
            continue
        if stop.wait(blob.size / rate):
            break
        if not store.verify(blob.sha256):
            damaged += 1
            log.error("blob %s is damaged and no longer served; import the library again", blob.sha256)
        checked, place, since_note = checked + 1, blob.sha256, since_note + blob.size
        if since_note > NOTE_EVERY:
            note_place("verify", place)
            since_note = 0
    else:
        place = ""
    note_place("verify", place)
    if damaged:
        raise DamagedContent(f"{damaged} files of the library are damaged and no longer served; import it again.")
    return checked
