"""The pace of the jobs, which no step of the wall clock can disturb.

A box wakes up in 2000, learns the time a minute later, and the wall clock steps by 26 years. APScheduler's own
interval trigger would then list every run it thinks it missed before it coalesces them: minutes of work and hundreds
of megabytes. So the scheduler never sees the wall clock:

    scheduler = BackgroundScheduler(timezone=SinceBoot(), job_defaults=DEFAULTS)
    scheduler.add_job(work, Every(first=5, pause=60))

Why this holds, checked in the source of APScheduler 3.11 (each place that tells the time):
- schedulers/base.py tells it only as `datetime.now(self.timezone)` (adding, resuming, processing jobs, waking up).
  `now(tz)` returns what `tz.fromutc()` makes of the wall time, and ours makes nothing of it: it returns START plus the
  time since boot (CLOCK_BOOTTIME, see clock_gettime(2)), marked as UTC so that all arithmetic after it is plain.
- schedulers/base.py also converts the next run, by `moment.astimezone(self.timezone)`, which calls `fromutc()` as well.
  That is a moment after START, a year that no wall clock shows, and is returned as it is.
- job.py lists runs from the next one up to now by asking the trigger again; `Every` answers "a pause from now", which
  ends the list after one entry, however late the run is.
- jobstores/memory.py compares timestamps made of these same values. schedulers/blocking.py waits on an Event, which
  the C library times with the monotonic clock.
- executors/base.py asks the wall clock whether a run is too late, but only if the job has a misfire_grace_time:
  DEFAULTS gives none, and a run that is late runs.
- triggers/date.py, interval.py and cron tell the wall time; no job here uses them.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from apscheduler.triggers.base import BaseTrigger

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(3000, 1, 1, tzinfo=UTC)
DEFAULTS = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}


class SinceBoot(tzinfo):
    """A time zone in which it is always START plus the seconds since boot, whatever the wall clock says."""

    def __init__(self, since_boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME)) -> None:
        self._since_boot = since_boot

    def fromutc(self, dt: datetime, /) -> datetime:
        given = dt.replace(tzinfo=UTC)
        return given if given >= START else START + timedelta(seconds=self._since_boot())

    def utcoffset(self, dt: datetime | None, /) -> timedelta:  # noqa: ARG002
        return timedelta(0)

    def dst(self, dt: datetime | None, /) -> timedelta:  # noqa: ARG002
        return timedelta(0)

    def tzname(self, dt: datetime | None, /) -> str:  # noqa: ARG002
        return "since boot"


class Every(BaseTrigger):  # type: ignore[misc]
    """Fires `first` seconds after it is added, then each time `pause` seconds (both over 0) after the run before."""

    __slots__ = ("first", "pause")

    def __init__(self, first: float, pause: float) -> None:
        if min(first, pause) <= 0:
            raise ValueError("a pause of no time would fire without end")
        self.first = timedelta(seconds=first)
        self.pause = timedelta(seconds=pause)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now + (self.first if previous_fire_time is None else self.pause)
