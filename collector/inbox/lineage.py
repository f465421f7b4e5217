"""Whether the box that reports is the one that head office knows, and what it is told if it is not.

What head office holds of an epoch stands. A box that was put back to an older state, or copied, begins a new epoch with
whatever else it has counted; so it is told the newest sealing that is held, and which boots are counted where.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from peewee import fn

from collector.db import rows
from collector.inbox.judge import Line, forked_at, line_of, named_place, place_of
from collector.inbox.models import Sealing, Summary
from wire.exchange import LONGEST_COUNTED, MARK, MOST_RECORDS, Ahead, Held
from wire.summary import Level

if TYPE_CHECKING:
    import datetime as dt

    from wire.exchange import Batch, Lineage
    from wire.summary import Part, SiteDay

    Counted = tuple[dt.date | Part, list[bytes]]

AROUND_PLACE = 14  # bytes of a place and the heads around it, in CBOR


def newest_of(hub: bytes, epoch: int) -> tuple[int, bytes] | None:
    """The highest number that is held of that epoch, and its digest; numbers told in totals alone bear no mark."""
    query = (
        Sealing.select(Sealing.sequence, Sealing.digest)
        .where(Sealing.hub == hub.hex(), Sealing.epoch == epoch, Sealing.level == int(Level.FULL))
        .order_by(Sealing.sequence.desc())
        .limit(1)
    )
    found = rows(query.tuples())
    return (int(found[0][0]), bytes.fromhex(found[0][1])) if found else None


def held(batch: Batch) -> Held | None:
    """How far head office is in the epoch that the batch runs, its records taken in."""
    if batch.lineage is None:
        return None
    newest = newest_of(batch.hub, batch.lineage.epoch)
    return Held(batch.lineage.epoch, newest[0] if newest else 0)


def lacks_boots(day: SiteDay) -> bool:
    """Whether a boot is counted where `day` stands that it does not know: no later word of the same box would."""
    there = (Summary.hub == day.hub.hex()) & (Summary.epoch == day.epoch) & (Summary.place == place_of(day))
    row = Summary.get_or_none(there & (Summary.revision < day.revision))
    return row is not None and bool(set(_tags(bytes(row.boots or b""))) - set(day.boots))


def _held(hub: bytes, lineage: Lineage) -> list[tuple[int, bytes]]:
    """The numbers that are held of those in `lineage`, and their digests."""
    query = Sealing.select(Sealing.sequence, Sealing.digest).where(
        Sealing.hub == hub.hex(),
        Sealing.epoch == lineage.epoch,
        Sealing.level == int(Level.FULL),
        Sealing.sequence.between(lineage.first, lineage.highest),
    )
    return [(int(sequence), bytes.fromhex(digest)) for sequence, digest in rows(query.tuples())]


def standing(batch: Batch) -> tuple[Line, Ahead | None]:
    """How the batch stands to what is held, and how far head office is ahead of it, if it is."""
    lineage = batch.lineage
    newest = newest_of(batch.hub, lineage.epoch) if lineage else None
    line = line_of(lineage, newest)
    if lineage is not None and line is not Line.BEHIND and (other := forked_at(lineage, _held(batch.hub, lineage))):
        line, newest = Line.FORK, other
    if lineage is None or newest is None or line is Line.SAME:
        return line, None
    counted = _counted(batch.hub, lineage.epoch, lineage.highest)
    told = _fitting(counted)
    return line, Ahead(lineage.epoch, newest[0], newest[1][:MARK], told, cut=len(told) < len(counted))


def _counted(hub: bytes, epoch: int, near: int) -> list[Counted]:
    """The boots that are counted, by place; of very many places those sealed nearest to where the box stands."""
    query = (
        Summary.select(Summary.place, Summary.boots)
        .where(Summary.hub == hub.hex(), Summary.epoch == epoch)
        .order_by(fn.ABS(Summary.sequence - near), Summary.id)
        .limit(MOST_RECORDS)
    )
    return [(named_place(place), _tags(bytes(boots or b""))) for place, boots in rows(query.tuples())]


def _fitting(counted: list[Counted]) -> list[Counted]:
    """The first of them, as many as a hub reads: a box whose supply gives way each hour has thousands of boots."""
    ends = itertools.accumulate(AROUND_PLACE + MARK * len(boots) for _, boots in counted)
    return [row for row, end in zip(counted, ends, strict=True) if end <= LONGEST_COUNTED]


def _tags(boots: bytes) -> list[bytes]:
    return [boots[at : at + MARK] for at in range(0, len(boots), MARK)]
