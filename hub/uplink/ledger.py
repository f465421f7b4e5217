"""What crossed the uplink, written down while it does.

    tally = Tally(clock, CONTENT)
    tally.moved(up, down)           # totals so far; writes at most once each 5 s
    tally.close(up, down)           # and at the end, or before a refusal
    spent(rules(), clock, zone)     # what counts against the budgets, of all programs

A row holds at most a quarter of an hour, so that each falls on one site-day, and within the free hours or outside. A
power cut or `kill -9` costs the last 5 seconds of it.
"""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

from hub.db import writing
from hub.site import this_site
from hub.uplink.budget import (
    CONTENT,
    COUNTS,
    QUARTER,
    Kind,
    Room,
    Rules,
    Spent,
    Used,
    day_began,
    month_began,
    room,
    spent_of,
)
from hub.uplink.models import Budget, Ledger, sql

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from hub.clock import Clock

FOLDED_AFTER = 70 * 86_400  # seconds; longer than any month
OLD = """SELECT l.id, l.epoch, l.boot, l.kind, b.began + l.seconds, l.up, l.down
    FROM ledger l JOIN boot b ON b.id = l.boot WHERE l.counted AND b.began + l.seconds < ? ORDER BY l.id"""
WRITE_EVERY = 5.0  # seconds; an SD card sees at most one write burst in that time
OF_MONTH = """SELECT CAST((b.began + l.seconds) / :quarter AS INTEGER) * :quarter, l.kind, SUM(l.up + l.down)
    FROM boot b JOIN ledger l ON l.boot = b.id AND l.seconds >= :since - b.began
    WHERE b.began IS NOT NULL GROUP BY 1, 2"""

# Of boots that ended before anybody told the time; they lie after the last one that began before a moment.
UNDATED = """SELECT l.kind, SUM(l.up + l.down) FROM ledger l JOIN boot b ON b.id = l.boot
    WHERE b.began IS NULL AND b.id > (SELECT coalesce(max(id), 0) FROM boot WHERE began < ?) GROUP BY l.kind"""


def rules() -> Rules:
    """What the technician allowed; everything until somebody said otherwise."""
    row = Budget.get_or_none(Budget.id == 1)
    return Rules() if row is None else Rules(row.daily, row.monthly, row.hours, row.free)


def set_rules(told: Rules) -> None:
    """Put `told` in the place of the rules before."""
    with writing():
        Budget.replace(id=1, daily=told.daily, monthly=told.monthly, hours=told.hours, free=told.free).execute()


def spent(known: Rules, clock: Clock, zone: ZoneInfo) -> Spent:
    """What counts against the budgets now; while the time is unsure, all of this boot as if it were today.

    What boots before moved that never learned the time counts as well where it may have been today, or this month.
    """
    now = clock.now()
    if now is None:
        rows = sql("SELECT kind, SUM(up + down) FROM ledger WHERE boot = ? GROUP BY kind", (clock.boot,)).fetchall()
        boot = _used(rows)
        return Spent(boot, boot)
    since = {"quarter": QUARTER, "since": month_began(now, zone)}
    found = spent_of(sql(OF_MONTH, since).fetchall(), known, now, zone)
    day, month = (_used(sql(UNDATED, (began(now, zone),)).fetchall()) for began in (day_began, month_began))
    return Spent(_sum(found.day, day), _sum(found.month, month))


def _used(rows: Iterable[tuple[str, int]]) -> Used:
    return Used(**{str(kind): int(count) for kind, count in rows})


def _sum(one: Used, other: Used) -> Used:
    return Used(one.counts + other.counts, one.content + other.content)


def fold(clock: Clock, zone: ZoneInfo) -> int:
    """Make one row out of those of a boot, site-day and kind that no budget asks for any more; how many went."""
    now = clock.now()
    if now is None:
        return 0
    rows = sql(OLD, (now.timestamp() - FOLDED_AFTER,)).fetchall()
    days: dict[tuple[int, int, str, dt.date], list[tuple[int, int, int]]] = {}
    for number, epoch, boot, kind, when, up, down in rows:
        day = dt.datetime.fromtimestamp(when, dt.UTC).astimezone(zone).date()
        days.setdefault((epoch, boot, kind, day), []).append((number, up, down))
    return sum(_fold(some) for some in days.values() if len(some) > 1)


def _fold(rows: list[tuple[int, int, int]]) -> int:
    first, *others = rows
    with writing():
        Ledger.update(up=sum(row[1] for row in rows), down=sum(row[2] for row in rows)).where(
            Ledger.id == first[0]
        ).execute()
        return int(Ledger.delete().where(Ledger.id.in_([row[0] for row in others])).execute())


def bytes_by_kind() -> dict[Kind, int]:
    """All that ever crossed, both ways."""
    found = dict(sql("SELECT kind, SUM(up + down) FROM ledger GROUP BY kind").fetchall())
    return {COUNTS: int(found.get(COUNTS, 0)), CONTENT: int(found.get(CONTENT, 0))}


def room_now(clock: Clock, kind: Kind, *, least: int = 1) -> Room:
    """What `kind` may still use now, by all that is written down; nothing if that is less than `least` bytes."""
    known, zone = rules(), this_site().zone
    return room(known, kind, spent(known, clock, zone), clock.now(), zone, least=least)


class Tally:
    """The bytes of one line, of one kind. Its methods may be called from any thread."""

    def __init__(self, clock: Clock, kind: Kind) -> None:
        self._clock, self._kind = clock, kind
        self._totals = self._written = (0, 0)
        self._row: int | None = None
        self._lock = threading.RLock()
        self._quarter, self._moment = self._quarter_now(), clock.moment()
        self._wrote = self._moment.seconds

    @property
    def written(self) -> int:
        """Those that the table holds."""
        return sum(self._written)

    def moved(self, up: int, down: int) -> None:
        """Take note of the totals so far, and write down what is due."""
        with self._lock:
            quarter, self._totals = self._quarter_now(), (up, down)
            if quarter != self._quarter:
                self._write()
                self._row, self._quarter = None, quarter
            self._moment = self._clock.moment()
            if self._moment.seconds - self._wrote >= WRITE_EVERY:
                self._write()

    def close(self, up: int, down: int) -> None:
        """Write down the totals at the end."""
        with self._lock:
            self.moved(up, down)
            self._write()

    def _write(self) -> None:
        """Add what is unwritten to the row of this quarter; if its site-day is sealed already, it is sealed anew."""
        up, down = (now - then for now, then in zip(self._totals, self._written, strict=True))
        self._wrote = self._moment.seconds
        if up + down == 0:
            return
        with writing():
            epoch = this_site().epoch  # an answer may have begun another since the row was written
            changed = {Ledger.up: Ledger.up + up, Ledger.down: Ledger.down + down, Ledger.counted: False}
            if not Ledger.update(changed).where((Ledger.id == self._row) & (Ledger.epoch == epoch)).execute():
                fields = {"boot": self._moment.boot, "seconds": self._moment.seconds, "kind": self._kind}
                self._row = Ledger.create(**fields, up=up, down=down, epoch=epoch).id
        self._written = self._totals

    def _quarter_now(self) -> int:
        """Which quarter of an hour it is, of the time if that is known, else of this boot."""
        now = self._clock.now()
        return int(now.timestamp()) // QUARTER if now else -1 - int(self._clock.since_boot()) // QUARTER
