"""Sign-ins for the sealed site-day: which days changed, what each comes to, and when rows may go.

    changed_since(last, zone)           # ({date(2026, 3, 9)}, 17)
    summary(date(2026, 3, 9), zone)     # Portal(sign_ins=12)

The twin of hub/usage/summary.py and parts.py. A sign-in of a boot that runs and may still be dated is read again; one
of a boot that ended without a date belongs to a part of it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.db import database, writing
from hub.site import this_site
from hub.usage.parts import BootPart, parts_between
from hub.usage.rollups import PART, Span, date_of
from hub.usage.summary import forgotten_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

OF_DAY = """FROM portal_sign_in s JOIN boot b ON b.id = s.boot
    WHERE s.epoch = :epoch AND s.seconds >= :start - b.began AND s.seconds < :end - b.began"""
# The last boot may be dated yet, so how far has been read ends before its first sign-in as long as it is not.
READ = """SELECT COALESCE(
    (SELECT MIN(s.number) - 1 FROM portal_sign_in s JOIN boot b ON b.id = s.boot
        WHERE b.began IS NULL AND s.number > :read AND b.id = (SELECT MAX(id) FROM boot)),
    (SELECT MAX(number) FROM portal_sign_in), :read)"""
TOUCHED = """SELECT b.began + s.seconds FROM portal_sign_in s JOIN boot b ON b.id = s.boot
    WHERE s.epoch = :epoch AND b.began IS NOT NULL AND s.number > :read"""
TOUCHED_PARTS = """SELECT s.boot, s.seconds FROM portal_sign_in s JOIN boot b ON b.id = s.boot
    WHERE s.epoch = :epoch AND b.began IS NULL AND s.number > :read"""
OF_PART = """SELECT COUNT(*) FROM portal_sign_in
    WHERE epoch = :epoch AND boot = :boot AND seconds >= :start AND seconds < :end"""
FORGET = """DELETE FROM portal_sign_in WHERE number IN (
    SELECT s.number FROM portal_sign_in s JOIN boot b ON b.id = s.boot WHERE s.seconds < :start - b.began)"""

FORGET_BOOT = "DELETE FROM portal_sign_in WHERE boot = :boot"


@dataclass(frozen=True)
class Portal:
    """The portal's share of a site-day."""

    sign_ins: int


def changed_since(read: int, zone: ZoneInfo) -> tuple[set[dt.date], int]:
    """The site-days that may have changed after sign-in number `read`, and the number to ask with next time."""
    until = forgotten_until()
    with database.atomic():
        values = {"epoch": this_site().epoch, "read": read}
        days = {date_of(when, zone) for (when,) in _rows(TOUCHED, values)}
        newest = int(_rows(READ, {"read": read})[0][0])
    return {day for day in days if until is None or day >= until}, max(newest, read)


def summary(day: dt.date, zone: ZoneInfo) -> Portal:
    """What `day` comes to as far as it is known now; only of days whose rows are still here (hub/usage says which)."""
    return Portal(int(_rows(f"SELECT COUNT(*) {OF_DAY}", _of(day, zone))[0][0]))


def boots_of(day: dt.date, zone: ZoneInfo) -> set[int]:
    """The boots of which `day` counts a sign-in."""
    return {boot for (boot,) in _rows(f"SELECT DISTINCT s.boot {OF_DAY}", _of(day, zone))}


def parts_since(read: int) -> tuple[set[BootPart], int]:
    """The parts of boots without a date that may have changed after sign-in number `read`, and the next to ask with."""
    with database.atomic():
        touched = _rows(TOUCHED_PARTS, {"epoch": this_site().epoch, "read": read})
        newest = _rows("SELECT COALESCE(MAX(number), :read) FROM portal_sign_in", {"read": read})[0][0]
    return {part for boot, seconds in touched for part in parts_between(boot, seconds, seconds)}, int(newest)


def summary_of_part(place: BootPart) -> Portal:
    """What that part comes to."""
    values = {"epoch": this_site().epoch, "boot": place.boot, "start": place.part * PART}
    return Portal(int(_rows(OF_PART, values | {"end": (place.part + 1) * PART})[0][0]))


def forget() -> int:
    """Delete the sign-ins of days whose usage was forgotten (hub/usage/forget.py); returns how many."""
    until = forgotten_until()
    if until is None:
        return 0
    with writing():
        return int(_execute(FORGET, {"start": Span.of(until, this_site().zone).start}).rowcount)


def forget_boots(acknowledged: Mapping[int, dt.datetime], keep_days: int, now: dt.datetime | None) -> int:
    """The same of boots that ended without a date: `acknowledged` says since when head office has all of each."""
    if now is None:
        return 0
    old = [boot for boot, when in acknowledged.items() if when <= now - dt.timedelta(days=keep_days)]
    with writing():
        return sum(int(_execute(FORGET_BOOT, {"boot": boot}).rowcount) for boot in old)


def _of(day: dt.date, zone: ZoneInfo) -> dict[str, float]:
    span = Span.of(day, zone)
    return {"epoch": this_site().epoch, "start": span.start, "end": span.end}


def _rows(query: str, values: Mapping[str, float]) -> list[tuple[Any, ...]]:
    return list(_execute(query, values).fetchall())


def _execute(statement: str, values: Mapping[str, float]) -> Any:
    execute: Any = database.execute_sql
    return execute(statement, values)
