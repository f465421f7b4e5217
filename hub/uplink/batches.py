"""Makes the body of an upload: what waits, and what a hub tells of itself beside it.

    records = pending(this_site().epoch, open_days=False)
    body = make_batch(settings, library, records, nonce)        # sealed; head office answers under the same nonce

It is the same whether the body goes up a line or is carried there. The lineage in it lets head office see at once
whether this hub and its own books speak of the same past (docs/decisions/0014-epochs-and-lineage.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import fn

from hub.db import database
from hub.site import signing_key, this_site
from hub.uplink.models import Outbox, Sealing, waiting
from hub.uplink.told import to_tell
from hub.version import SOFTWARE
from wire.exchange import MOST_MARKS, Batch, Lineage, seal_batch
from wire.messages import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from content_cache.library import Library
    from hub.settings import Settings

MOST_RECORDS, MOST_BYTES = 60, 200_000


def make_batch(settings: Settings, library: Library, records: Sequence[Outbox], nonce: bytes) -> bytes:
    """A signed batch of `records`, which may be none; less those that an answer took out of the outbox meanwhile."""
    release = library.number()
    with database.atomic():  # one state of the database for what is told of it
        site = this_site()
        batch = Batch(
            hub=bytes(site.hub),
            nonce=nonce,
            records=_still_there(records),
            oldest_unacknowledged=_oldest(site.epoch),
            content_release=release,
            software=SOFTWARE,
            speaks=VERSION,
            lineage=lineage(site.epoch),
            **to_tell(settings),
        )
    return seal_batch(batch, signing_key(settings.keys), kid=batch.hub)


def pending(epoch: int, *, open_days: bool, most: int = MOST_BYTES, records: int = MOST_RECORDS) -> list[Outbox]:
    """What goes into the next batch: the oldest that waits, at most so many records and `most` bytes.

    `epoch` is the running one; what is left of others goes last.
    """
    rows = Outbox.select().where(waiting(epoch, open_days=open_days))
    return fitting(list(rows.order_by(Outbox.epoch != epoch, Outbox.sequence).limit(records)), most)


def fitting(rows: Sequence[Outbox], most: int = MOST_BYTES) -> list[Outbox]:
    """The first of `rows` that together stay under `most` bytes; at least one, or it would wait for ever."""
    size = 0
    for number, row in enumerate(rows):
        size += len(row.sealed)
        if size > most and number:
            return list(rows[:number])
    return list(rows)


def lineage(epoch: int) -> Lineage | None:
    """The marks from the newest sealing that head office is known to have to the newest of all; None without any.

    Should marks be missing in between (a hub that kept none was updated), those behind the gap are told.
    """
    known = Sealing.select(fn.MAX(Sealing.sequence)).where(
        (Sealing.epoch == epoch) & (Sealing.acknowledged == True)  # noqa: E712
    )
    rows = Sealing.select().where((Sealing.epoch == epoch) & (Sealing.sequence >= (known.scalar() or 0)))
    marks: list[bytes] = []
    first = 0
    for row in rows.order_by(Sealing.sequence.desc()).limit(MOST_MARKS):
        if marks and row.sequence != first - 1:
            break
        first = row.sequence
        marks.insert(0, bytes(row.mark))
    return Lineage(epoch, first, b"".join(marks)) if marks else None


def _still_there(records: Sequence[Outbox]) -> list[bytes]:
    """Their sealed bytes. What a new epoch dropped is told under it, and must not be told under the old one as well."""
    digests = [row.digest for row in records]
    known = {bytes(row.digest) for row in Outbox.select(Outbox.digest).where(Outbox.digest.in_(digests))}
    return [bytes(row.sealed) for row in records if bytes(row.digest) in known]


def _oldest(epoch: int) -> int | None:
    """The lowest sequence of the running epoch that is not acknowledged."""
    row = (
        Outbox.select(Outbox.sequence)
        .where((Outbox.epoch == epoch) & (Outbox.acknowledged == False) & (Outbox.emptied == False))  # noqa: E712
        .order_by(Outbox.sequence)
        .first()
    )
    return None if row is None else int(row.sequence)
