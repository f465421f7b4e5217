"""Delete the rows of days that head office has had for long enough.

    forget({date(2026, 1, 5): acknowledged_at}, settings.keep_days, clock.now())
    forget_boots({3: acknowledged_at}, settings.keep_days, clock.now())         # that never had a date

Plays and batches go first. Visits stay until the month is over of which a day is still to be told, since who is new
in a week or a month can be told from them alone. What is forgotten is never summed up again: see summary.Gone.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from hub.db import writing
from hub.site import this_site
from hub.usage.models import VISIT_GAP, sql
from hub.usage.rollups import Span, date_of
from hub.usage.summary import forgotten_until

if TYPE_CHECKING:
    from collections.abc import Mapping

ROWS_AT_ONCE = 1000  # rows deleted in one transaction, so that the recorder never waits long
OLDEST = """SELECT MIN(oldest) FROM (
    SELECT MIN(b.began + v.first) AS oldest FROM visit v JOIN boot b ON b.id = v.boot
    UNION ALL SELECT MIN(b.began + t.ended) FROM batch t JOIN boot b ON b.id = t.boot WHERE t.ended > t.began)"""
PLAYS = """SELECT p.number FROM play p JOIN visit v ON v.id = p.visit JOIN boot b ON b.id = v.boot
    WHERE b.began + v.last < :plays"""
VISITS = "SELECT v.id FROM visit v JOIN boot b ON b.id = v.boot WHERE b.began + v.last < :visits"
BATCHES = """SELECT t.number FROM batch t JOIN boot b ON b.id = t.boot
    WHERE b.began + t.ended < :start AND t.number < (SELECT MAX(number) FROM batch)"""
OF_BOOT = {
    "play WHERE number": "SELECT p.number FROM play p JOIN visit v ON v.id = p.visit WHERE v.boot = :boot",
    "visit WHERE id": "SELECT id FROM visit WHERE boot = :boot",
    "batch WHERE number": "SELECT number FROM batch WHERE boot = :boot AND number < (SELECT MAX(number) FROM batch)",
}
VISITORS = "SELECT id FROM visitor WHERE id NOT IN (SELECT visitor FROM visit)"


def forget(acknowledged: Mapping[dt.date, dt.datetime], keep_days: int, now: dt.datetime | None) -> int:
    """Delete what no longer has to be kept; returns how many rows went.

    `acknowledged` says when (aware, UTC) head office acknowledged each site-day. Days go in their order: one that is
    not acknowledged keeps all that follow it. While the time is not certain (`now` is None) nothing goes.
    """
    until = now and _until(acknowledged, now - dt.timedelta(days=keep_days))
    if not until:
        return 0
    with writing():
        sql("INSERT OR REPLACE INTO forgotten (id, until) VALUES (1, ?)", (until.isoformat(),))
    span = Span.of(until, this_site().zone)
    # What goes on within 30 minutes of the first day that is kept may belong to a visit of that day.
    plays = span.start - VISIT_GAP
    cuts = {"start": span.start, "plays": plays, "visits": min(plays, span.month)}
    return sum(
        _delete(table, query, cuts)
        for table, query in (
            ("play WHERE number", PLAYS),
            ("visit WHERE id", VISITS),
            ("batch WHERE number", BATCHES),
            ("visitor WHERE id", VISITORS),
        )
    )


def forget_boots(acknowledged: Mapping[int, dt.datetime], keep_days: int, now: dt.datetime | None) -> int:
    """The same for boots that ended without a date: `acknowledged` says since when head office has all of each."""
    if now is None:
        return 0
    before = now - dt.timedelta(days=keep_days)
    old = sorted(boot for boot, when in acknowledged.items() if when <= before)
    gone = sum(_delete(table, query, {"boot": boot}) for boot in old for table, query in OF_BOOT.items())
    return gone + (_delete("visitor WHERE id", VISITORS, {}) if gone else 0)


def _until(acknowledged: Mapping[dt.date, dt.datetime], before: dt.datetime) -> dt.date | None:
    """The first day that has to stay; None if that is the oldest one there is."""
    oldest = sql(OLDEST).fetchone()[0]
    if oldest is None:
        return None
    known = forgotten_until()
    first = day = known or date_of(oldest, this_site().zone)
    while day in acknowledged and acknowledged[day] <= before:
        day += dt.timedelta(days=1)
    return day if day > first or known else None


def _delete(which: str, query: str, cuts: Mapping[str, float]) -> int:
    """Delete the rows that `query` selects, some at a time; returns their number."""
    gone = 0
    while True:
        with writing():
            statement = f"DELETE FROM {which} IN ({query} LIMIT {ROWS_AT_ONCE})"  # noqa: S608 (our own words)
            some = int(sql(statement, cuts).rowcount)
        gone += some
        if some < ROWS_AT_ONCE:
            return gone
