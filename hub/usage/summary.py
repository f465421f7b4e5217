"""Site-days from the database: which days changed, and what each comes to.

    with writing():
        days, batch = changed_since(last_batch, zone)
        for day in days: summary(day, zone)

Rows of boots that are not dated belong to no day; parts.py adds them up. The days that they turn out to belong to are
listed as changed once their boot is dated, which can only happen while it runs. Only the rows of the running epoch
count, unless another is asked for.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from hub.db import database, writing
from hub.errors import HubError
from hub.site import this_site
from hub.usage.intervals import unpack
from hub.usage.models import VISIT_GAP, Forgotten, sql
from hub.usage.rollups import BatchPart, Play, PlayPart, Span, UsageDay, VisitPart, date_of, roll_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from zoneinfo import ZoneInfo

# The parts of visits that `seed` selects, and what continues them over a power cut, on either side.
CHAIN = """
WITH RECURSIVE chain (id, visitor, boot, first, last, language) AS (
    SELECT v.id, v.visitor, v.boot, b.began + v.first, b.began + v.last, v.language
    FROM {seed} AND b.id = v.boot AND b.began IS NOT NULL AND v.epoch = :epoch
    UNION
    SELECT v.id, v.visitor, v.boot, b.began + v.first, b.began + v.last, v.language
    FROM chain c CROSS JOIN visit v ON v.visitor = c.visitor CROSS JOIN boot b ON b.id = v.boot
    WHERE v.epoch = :epoch AND v.boot <> c.boot AND b.began IS NOT NULL
    AND b.began + v.first <= c.last + :gap AND b.began + v.last >= c.first - :gap
)
"""
OF_DAY = "boot b CROSS JOIN visit v WHERE v.last >= :start - b.began AND v.first < :end - b.began"
TOUCHED = """visit v CROSS JOIN boot b WHERE v.id IN (
    SELECT id FROM visit WHERE batch > :batch UNION SELECT id FROM visit WHERE visitor IN (
        SELECT visitor FROM visit WHERE boot IN (SELECT boot FROM dated_boot WHERE batch > :batch)))
    AND (v.batch > :batch OR b.began + v.last >= :dated_from)"""
VISITS = "SELECT id, visitor, first, last, language FROM chain"
SPANS = "SELECT first, last FROM chain"
PLAYS = """
SELECT c.visitor, p.item, p.visit, b.began + p.began, p.intervals, p.heads
FROM chain c JOIN play p ON p.visit = c.id JOIN boot b ON b.id = c.boot
ORDER BY c.visitor, p.item
"""
BEFORE = """
SELECT v.visitor, MAX(b.began + v.last)
FROM boot b CROSS JOIN visit v ON v.boot = b.id
WHERE v.epoch = :epoch AND v.last >= :month - b.began AND v.first < :start - b.began
GROUP BY v.visitor
"""
# An undated boot lies before all that started later. Its visitors were here under the key of this month, so by the time
# of a later boot they are not new to the month; where in the month that was nobody knows, so it counts for no week.
BEFORE_UNDATED = """
SELECT DISTINCT u.visitor, :month
FROM boot x CROSS JOIN visit u ON u.boot = x.id
WHERE x.began IS NULL AND u.epoch = :epoch AND x.id < (
    SELECT MIN(v.boot) FROM visit v JOIN boot b ON b.id = v.boot
    WHERE v.visitor = u.visitor AND v.epoch = :epoch AND b.began + v.last >= :start AND b.began + v.first < :end
)
"""
BOOTS = """
SELECT b.id FROM boot b WHERE EXISTS (
    SELECT 1 FROM visit v
    WHERE v.boot = b.id AND v.last >= :start - b.began AND v.first < :end - b.began AND v.epoch = :epoch
) OR EXISTS (
    SELECT 1 FROM batch t
    WHERE t.boot = b.id AND t.ended >= :start - b.began AND t.began < :end - b.began AND t.epoch = :epoch
    AND (t.ended > t.began OR t.bytes > 0 OR t.downloads > 0)
)
"""
BATCHES = """
SELECT b.began + t.began, b.began + t.ended, t.bytes, t.downloads
FROM boot b CROSS JOIN batch t ON t.boot = b.id
WHERE t.epoch = :epoch AND t.ended >= :start - b.began AND t.began < :end - b.began
"""
TOUCHED_BATCHES = """
SELECT b.began + t.began, b.began + t.ended
FROM batch t JOIN boot b ON b.id = t.boot
WHERE t.epoch = :epoch AND b.began IS NOT NULL AND (t.ended > t.began OR t.bytes > 0 OR t.downloads > 0)
AND (t.number > :batch OR t.boot IN (SELECT boot FROM dated_boot WHERE batch > :batch))
"""


class Gone(HubError):
    """The rows of that day were deleted after head office had acknowledged it; its sealed summary is what remains."""

    exit_code = 65


def summary(
    day: dt.date, zone: ZoneInfo, epoch: int | None = None, each_play: Callable[[Play], None] | None = None
) -> UsageDay:
    """What the use of `day` comes to as far as it is known now. Raises Gone for a day whose rows are forgotten.

    `each_play` is told of every play that counts, for what a site-day does not carry.
    """
    until = forgotten_until()
    if until and day < until:
        raise Gone(f"The details of {day} are deleted, as head office has them; ask for {until} or later.")
    span = Span.of(day, zone)
    values = span._asdict() | {"epoch": this_site().epoch if epoch is None else epoch, "gap": VISIT_GAP}
    with database.atomic():  # one state of the database for all four
        visits = [VisitPart(*row) for row in _rows(CHAIN.format(seed=OF_DAY) + VISITS, values)]
        plays = (
            PlayPart(visitor, item, visit, began, unpack(packed), heads)
            for visitor, item, visit, began, packed, heads in _rows(CHAIN.format(seed=OF_DAY) + PLAYS, values)
        )
        batches = (BatchPart(*row) for row in _rows(BATCHES, values))
        before = dict(_rows(BEFORE_UNDATED, values)) | dict(_rows(BEFORE, values))
        return roll_up(day, zone, visits=visits, plays=plays, batches=batches, before=before, each_play=each_play)


def boots_of(day: dt.date, zone: ZoneInfo) -> set[int]:
    """The boots of which `day` counts anything."""
    return {boot for (boot,) in _rows(BOOTS, Span.of(day, zone)._asdict() | {"epoch": this_site().epoch})}


def changed_since(batch: int, zone: ZoneInfo) -> tuple[set[dt.date], int]:
    """The site-days that may have changed after batch number `batch`, and the number to ask with next time.

    A day may be listed though it comes to the same as before, for instance one in which a visit began that goes on
    past midnight; a day that changed is never left out.
    """
    _announce_dated_boots()
    with database.atomic():
        values = {"epoch": this_site().epoch, "batch": batch, "gap": VISIT_GAP, "dated_from": _dated_from(batch)}
        touched = [*_rows(CHAIN.format(seed=TOUCHED) + SPANS, values)]
        touched += _rows(TOUCHED_BATCHES, values)
        newest = next(_rows("SELECT COALESCE(MAX(number), :batch) FROM batch", {"batch": batch}))[0]
    until = forgotten_until() or dt.date.min
    return {day for first, last in touched for day in _days(first, last, zone) if day >= until}, newest


def forgotten_until() -> dt.date | None:
    """The first day of which the rows are still here; None while nothing was forgotten."""
    row = Forgotten.get_or_none()
    return dt.date.fromisoformat(row.until) if row else None


def newest_batch() -> int:
    """The number of the last batch: what is read from now on holds all up to it. To begin `changed_since` with."""
    return int(next(_rows("SELECT COALESCE(MAX(number), 0) FROM batch", {}))[0])


def newest_day(zone: ZoneInfo) -> dt.date | None:
    """The last site-day on which the hub is known to have been up; None while no boot is dated."""
    query = (
        "SELECT MAX(b.began + (SELECT MAX(ended) FROM batch t WHERE t.boot = b.id AND t.epoch = :epoch)) FROM boot b"
    )
    newest = next(_rows(query, {"epoch": this_site().epoch}))[0]
    return None if newest is None else date_of(newest, zone)


def days_beyond(day: dt.date, zone: ZoneInfo) -> set[dt.date]:
    """The days after `day` of which there are rows: of a boot that was dated by a clock that ran ahead."""
    end = Span.of(day, zone).end
    query = """SELECT b.began + MIN(t.ended), b.began + MAX(t.ended) FROM boot b CROSS JOIN batch t ON t.boot = b.id
        WHERE t.epoch = :epoch AND t.ended >= :end - b.began GROUP BY b.id"""
    spans = _rows(query, {"epoch": this_site().epoch, "end": end})
    return {late for first, last in spans for late in _days(first, last, zone)}


def undated_plays(running: int) -> int:
    """How many plays wait for their boot, which is the `running` one, to be dated. One that has ended never is."""
    query = """SELECT COUNT(*) FROM play p JOIN visit v ON v.id = p.visit JOIN boot b ON b.id = v.boot
        WHERE b.began IS NULL AND v.boot = :running AND v.epoch = :epoch"""
    return int(next(_rows(query, {"epoch": this_site().epoch, "running": running}))[0])


def dateless_plays(running: int) -> int:
    """How many plays are here of boots that ended without a date; head office gets them without one."""
    query = """SELECT COUNT(*) FROM play p JOIN visit v ON v.id = p.visit JOIN boot b ON b.id = v.boot
        WHERE b.began IS NULL AND v.boot <> :running AND v.epoch = :epoch"""
    return int(next(_rows(query, {"epoch": this_site().epoch, "running": running}))[0])


def _announce_dated_boots() -> None:
    """Give the boots that became dated since the last call a batch number, so that their days count as changed."""
    waiting = "SELECT id FROM boot WHERE began IS NOT NULL AND id NOT IN (SELECT boot FROM dated_boot)"
    if not next(_rows(waiting, {}), None):
        return
    with writing():
        for (boot,) in list(_rows(waiting, {})):
            batch = sql(
                "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads) VALUES (?, ?, 0, 0, 0, 0)",
                (this_site().epoch, boot),
            ).lastrowid
            sql("INSERT INTO dated_boot (boot, batch) VALUES (?, ?)", (boot, batch))


def _dated_from(batch: int) -> float:
    """Nothing before this Unix second can have changed through boots that were dated after `batch`."""
    query = "SELECT MIN(began) FROM boot WHERE id IN (SELECT boot FROM dated_boot WHERE batch > :batch)"
    return next(_rows(query, {"batch": batch}))[0] or 0.0


def _days(first: float, last: float, zone: ZoneInfo) -> Iterator[dt.date]:
    """The site-days that the time from `first` to `last` touches."""
    day, end = date_of(first, zone), date_of(last, zone)
    while day <= end:
        yield day
        day += dt.timedelta(days=1)


def _rows(query: str, values: Mapping[str, object]) -> Iterator[tuple[Any, ...]]:
    """Stream the rows of `query`."""
    return iter(sql(query, values))
