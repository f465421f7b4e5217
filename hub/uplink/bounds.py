"""Between which days a part of a boot without a date lies, as far as that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.clock import BUILT, Boot, Floor, from_unix
from hub.uplink.models import sql
from hub.usage.rollups import PART

if TYPE_CHECKING:
    import datetime as dt
    from zoneinfo import ZoneInfo

LAST = "SELECT MAX(ended) FROM batch WHERE boot = ?"


def bounds(boot: Boot, part: int, zone: ZoneInfo, *, running: int) -> tuple[dt.date, dt.date | None]:
    """The day it lies not before, and the day it lies not after; the latter is open until a later boot has a date."""
    began = _began_after(boot)
    after = _day(began + part * PART, zone)
    later = Boot.select().where((Boot.id > boot.id) & Boot.began.is_null(False)).order_by(Boot.id).first()
    if later is None or boot.id == running:
        return after, None
    ended = _last(boot)
    before = _day(later.began - ended + min(ended, (part + 1) * PART), zone)
    return min(after, before), before  # a clock that was set wrong once contradicts itself


def _began_after(boot: Boot) -> float:
    """The Unix time before which `boot` cannot have begun."""
    earlier = Boot.select().where((Boot.id < boot.id) & Boot.began.is_null(False)).order_by(Boot.id.desc()).first()
    known = [BUILT.timestamp()]
    if earlier is not None:
        known.append(earlier.began + _last(earlier))
    floor = Floor.get_or_none((Floor.id == 1) & (Floor.boot <= boot.id))
    if floor is not None:  # told within this boot, or before it
        known.append(floor.at - (floor.seconds if floor.boot == boot.id else 0.0))
    return max(known)


def _last(boot: Boot) -> float:
    """The last second of `boot` in which the hub is known to have been up."""
    return float(sql(LAST, (boot.id,)).fetchone()[0] or 0.0)


def _day(moment: float, zone: ZoneInfo) -> dt.date:
    return from_unix(moment).astimezone(zone).date()
