"""When head office is ahead of this box: an epoch ends, and what was never told under it moves to the next.

    with writing():
        give_way(answer.ahead, clock)       # whether a new epoch began

Head office holds a sealing that this box's log does not know: so the box was put back to an older state, or it is one
of two copies. What head office counts of a boot on a day stays where it is; all other rows are told anew. See
docs/decisions/0014-epochs-and-lineage.md.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from typing import TYPE_CHECKING, NamedTuple

from hub.backup import BEHIND, begin
from hub.clock import Boot
from hub.site import this_site
from hub.uplink.models import Ledger, Outbox, Rolled, Sealing
from hub.usage.moving import Stretch, extents, move
from hub.usage.rollups import PART, date_of
from wire.exchange import MOST_RECORDS, Ahead
from wire.summary import Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    from hub.clock import Clock, Moment

Place = dt.date | Part
TOLD = "Head office knows a later state of this epoch, so this is told already."


class Piece(NamedTuple):
    """A stretch of a boot that lies in one part of it and, if it has a date, on one day."""

    start: float
    end: float
    part: int
    day: dt.date | None


class Counted:
    """What head office counts of an epoch, by place and boot, as it told."""

    def __init__(self, ahead: Ahead) -> None:
        self._pairs = {(place, boot) for place, boots in ahead.counted for boot in boots}
        days = [place for place, _ in ahead.counted if isinstance(place, dt.date)]
        self._dated = {boot for place, boot in self._pairs if isinstance(place, dt.date)}
        # It names so many places at most; what is older was told long ago.
        self._told_before = min(days) if days and (ahead.cut or len(ahead.counted) >= MOST_RECORDS) else dt.date.min

    def has(self, boot: bytes, part: int, day: dt.date | None) -> bool:
        """Whether it counts what `boot` saw in that part of it, under the part or under the day."""
        if (Part(boot, part), boot) in self._pairs:
            return True
        if day is None:  # it may know a day that this box never learned
            return boot in self._dated
        return day < self._told_before or (day, boot) in self._pairs

    def has_all(self, place: Place, boots: Iterable[bytes]) -> bool:
        """The same of a record that counts `boots`."""
        if isinstance(place, Part):
            return self.has(place.boot, place.part, None)
        return all(place < self._told_before or (place, boot) in self._pairs for boot in boots)


def give_way(ahead: Ahead, clock: Clock) -> bool:
    """Begin a new epoch, unless head office speaks of this very line or of an epoch that has ended; whether it did.

    Within the caller's transaction.
    """
    site = this_site()
    old, zone = site.epoch, site.zone
    if ahead.epoch != old or _is_ours(ahead):
        return False
    counted = Counted(ahead)
    begin(BEHIND, clock, next_epoch(bytes(site.hub), old))
    new = this_site().epoch
    for boot in extents(old):
        for stretch in untold(boot, Boot.get_by_id(boot.boot), counted, zone):
            move(old, new, stretch)
            within = (Ledger.seconds >= stretch.start) & (Ledger.seconds < stretch.end)
            Ledger.update(epoch=new, counted=False).where(
                (Ledger.epoch == old) & (Ledger.boot == stretch.boot) & within
            ).execute()
    _clear(old, counted, clock.moment())
    Rolled.delete().execute()  # all rows are read again, which are those of the new epoch
    return True


def next_epoch(hub: bytes, epoch: int) -> int:
    """The epoch that follows on `epoch` when head office is ahead: the same for all who are behind it.

    An image that is put back a second time would else tell a second time what it told under a random epoch the first.
    So head office knows that epoch already, and is ahead of it again, by what was told then.
    """
    return int.from_bytes(hashlib.sha256(b"the epoch after" + hub + epoch.to_bytes(4)).digest()[:4])


def untold(extent: Stretch, boot: Boot, counted: Counted, zone: ZoneInfo) -> Iterator[Stretch]:
    """The stretches within `extent` of which head office counts nothing, neighbours joined."""
    for told, pieces in itertools.groupby(
        cut(extent, boot.began, zone), lambda piece: counted.has(boot.tag, piece.part, piece.day)
    ):
        some = list(pieces)
        if not told:
            yield Stretch(extent.boot, some[0].start, some[-1].end)


def cut(extent: Stretch, began: float | None, zone: ZoneInfo) -> list[Piece]:
    """`extent` cut at the ends of parts and, if the boot `began` at a known time, at midnights."""
    edges = {PART * number for number in range(int(extent.start // PART) + 1, int(extent.end // PART) + 1)}
    if began is not None:
        edges |= {moment - began for moment in _midnights(began + extent.start, began + extent.end, zone)}
    inside = sorted(edge for edge in edges if extent.start < edge < extent.end)
    return [
        Piece(start, end, int(start // PART), None if began is None else date_of(began + (start + end) / 2, zone))
        for start, end in itertools.pairwise([extent.start, *inside, extent.end])
    ]


def _midnights(first: float, last: float, zone: ZoneInfo) -> Iterator[float]:
    day, end = date_of(first, zone), date_of(last, zone)
    while day <= end:
        yield dt.datetime.combine(day, dt.time(), zone).timestamp()
        day += dt.timedelta(days=1)


def _is_ours(ahead: Ahead) -> bool:
    """Whether the log of this box has that sealing, or has forgotten those of its time."""
    log = Sealing.select().where(Sealing.epoch == ahead.epoch)
    row = log.where(Sealing.sequence == ahead.sequence).first()
    if row is not None:
        return bytes(row.mark) == ahead.mark
    first = log.order_by(Sealing.sequence).first()
    return first is not None and ahead.sequence < first.sequence


def _clear(epoch: int, counted: Counted, now: Moment) -> None:
    """Take out of the outbox what is told anew; the rest is told already, so that it counts as acknowledged.

    Nothing more is sent of that epoch, not even if head office should lose what it holds: what another box has sealed
    under it in the meantime would contradict it.
    """
    for row in Outbox.select().where((Outbox.epoch == epoch) & (Outbox.acknowledged == False)):  # noqa: E712
        tags = [row.boots[at : at + 4] for at in range(0, len(row.boots), 4)]
        place = row.day or Part(Boot.get_by_id(row.boot).tag, row.part or 0)
        if counted.has_all(place, tags):
            told = Outbox.update(acknowledged=True, at_boot=now.boot, at_seconds=now.seconds, refused=TOLD)
            told.where(Outbox.id == row.id).execute()
        else:
            row.delete_instance()
