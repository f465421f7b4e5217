"""Parts of boots that have no date: which there are, and what each comes to.

    changed, batch = parts_since(last_batch)    # {BootPart(boot=3, part=0)}
    summary_of_part(BootPart(3, 0))             # UsageDay

A part is 24 hours since its boot began, the last one as long as the boot was up. Its hours count from there. Nobody
can tell what lies between two boots without a date, so a visit that a power cut interrupts is two. A visitor is new to
the week if this boot has not seen her before, and new to the month if no boot has since the visitors' key was changed,
which is done at the first of a month as soon as that is certain (see visitors.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from hub.db import database
from hub.site import this_site
from hub.usage.intervals import unpack
from hub.usage.models import sql
from hub.usage.rollups import EARLIER, PART, BatchPart, PlayPart, Span, UsageDay, VisitPart, add_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UTC = ZoneInfo("UTC")  # in which the hours of a boot's own seconds are counted from 0
TOUCHED = """
SELECT boot, MIN(first), MAX(last) FROM (
    SELECT v.boot, v.first, v.last FROM visit v JOIN boot b ON b.id = v.boot
    WHERE b.began IS NULL AND v.epoch = :epoch AND v.batch > :batch
    UNION ALL
    SELECT t.boot, t.began, t.ended FROM batch t JOIN boot b ON b.id = t.boot
    WHERE b.began IS NULL AND t.epoch = :epoch AND t.number > :batch
    AND (t.ended > t.began OR t.bytes > 0 OR t.downloads > 0)
) GROUP BY boot
"""
OF_PART = "FROM visit v WHERE v.boot = :boot AND v.epoch = :epoch AND v.last >= :start AND v.first < :end"
VISITS = f"SELECT v.id, v.visitor, v.first, v.last, v.language {OF_PART}"
PLAYS = f"""
SELECT v.visitor, p.item, p.visit, p.began, p.intervals, p.heads
{OF_PART.replace("WHERE", "JOIN play p ON p.visit = v.id WHERE")} ORDER BY v.visitor, p.item
"""
BATCHES = """
SELECT began, ended, bytes, downloads FROM batch
WHERE boot = :boot AND epoch = :epoch AND ended >= :start AND began < :end
"""
BEFORE = f"""
SELECT visitor, MAX(seen) FROM (
    SELECT visitor, MIN(last, :start) AS seen FROM visit WHERE boot = :boot AND epoch = :epoch AND first < :start
    UNION ALL
    SELECT o.visitor, :earlier FROM visit o WHERE o.boot < :boot AND o.epoch = :epoch
    AND o.visitor IN (SELECT v.visitor {OF_PART})
) GROUP BY visitor
"""  # noqa: S608 (our own words)


class BootPart(NamedTuple):
    """The `part`-th 24 hours, from 0, of `boot` (its row)."""

    boot: int
    part: int


def parts_since(batch: int) -> tuple[set[BootPart], int]:
    """The parts of boots without a date that may have changed after batch number `batch`, and the next to ask with."""
    with database.atomic():
        values = {"epoch": this_site().epoch, "batch": batch}
        touched = list(_rows(TOUCHED, values))
        newest = next(_rows("SELECT COALESCE(MAX(number), :batch) FROM batch", {"batch": batch}))[0]
    return {part for boot, first, last in touched for part in parts_between(boot, first, last)}, newest


def parts_between(boot: int, first: float, last: float) -> list[BootPart]:
    """The parts of `boot` that the time from its second `first` to `last` touches."""
    return [BootPart(boot, part) for part in range(int(first // PART), int(last // PART) + 1)]


def summary_of_part(place: BootPart) -> UsageDay:
    """What the use of that part comes to as far as it is known now."""
    span = Span.of_part(place.part)
    values = {"epoch": this_site().epoch, "boot": place.boot, "start": span.start, "end": span.end, "earlier": EARLIER}
    with database.atomic():  # one state of the database for all four
        visits = [VisitPart(*row) for row in _rows(VISITS, values)]
        plays = (
            PlayPart(visitor, item, visit, began, unpack(packed), heads)
            for visitor, item, visit, began, packed, heads in _rows(PLAYS, values)
        )
        batches = (BatchPart(*row) for row in _rows(BATCHES, values))
        before = dict(_rows(BEFORE, values))
        return add_up(span, UTC, visits=visits, plays=plays, batches=batches, before=before)


def _rows(query: str, values: Mapping[str, object]) -> Iterator[tuple[Any, ...]]:
    return iter(sql(query, values))
