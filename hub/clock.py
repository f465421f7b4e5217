"""What time it is, and how sure the hub is of it.

A box has no clock of its own: after each power cut its wall clock tells something between 1970 and last week. So
nothing that happens is stored with a wall time. It is stored as a `Moment`, which boot and how many seconds after
it (CLOCK_BOOTTIME, immune to clock steps), and dated through its boot once the time is certain:

    clock = Clock()
    moment = clock.moment()             # Moment(boot=3, seconds=71.25)
    clock.now()                         # None while unsure, else an aware datetime in UTC
    clock.learn(answer_time, "head office")
    dated(moment)                       # datetime(2026, 3, 1, ...) once its boot is dated, else None
    clock.at_least()                    # never None: it is this late or later
    clock.raise_floor(signed_time, "signed content")

Certain are: network time as the kernel reports it, head office's signed answer, a technician. A boot is dated once;
the kernel's boot time clock keeps the pace after that.

What the time is at least is raised by what head office signed and by technicians, not by network time, which anybody
on the way can forge, and lies in the database, so that it survives power cuts; within a boot it goes on with the
kernel's clock. It never goes back, but for one case. The key that dates signed content daily lies on a host in the
network, and a thief of it can date content a year ahead, after which nothing genuine would be taken; and head office's
own clock may once be wrong. So what signed content, or head office, said before gives way to head office's answer of
now, and signed content adds nothing to that within the boot.
"""

from __future__ import annotations

import ctypes
import hashlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from peewee import AutoField, FloatField, IntegerField, TextField

from hub.db import Table, writing

if TYPE_CHECKING:
    from collections.abc import Callable

TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # this program is no older
NETWORK = "network time"
SIGNED = "signed content"
OFFICE = "head office"
CARRIED = "head office, by a carrier"  # it said so then, and nothing of now
AGREED = timedelta(days=2)  # by which the clocks of head office's machines may differ
TIMEX_BYTES = 512  # struct timex is 208 bytes on the platforms we run on


class Moment(NamedTuple):
    """A point in time that no clock step can move: row of `boot`, seconds since that boot."""

    boot: int
    seconds: float


class Boot(Table):
    """One start of the machine. `began` is its Unix time in seconds, empty until the time is certain."""

    id = AutoField()
    boot_id = TextField(unique=True)
    began = FloatField(null=True)
    source = TextField(null=True)

    @property
    def tag(self) -> bytes:
        """What head office calls it: 4 bytes that tell nothing of the machine."""
        return hashlib.sha256(self.boot_id.encode()).digest()[:4]


class Floor(Table):
    """The one row: it was at least `at` (Unix time in seconds) at a moment, by the word of `source`."""

    id = IntegerField(primary_key=True, default=1)
    at = FloatField()
    source = TextField()
    boot = IntegerField()
    seconds = FloatField()


class Clock:
    """The only place that asks the machine for the time. Tests hand in clocks of their own."""

    def __init__(
        self,
        *,
        since_boot: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        wall: Callable[[], float] = time.time,
        boot_id: str | None = None,
        synchronised: Callable[[], bool] | None = None,
    ) -> None:
        self.since_boot = since_boot
        self._wall = wall
        self.boot_id = boot_id or Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self._synchronised = synchronised or kernel_is_synchronised
        self._boot: int | None = None
        self._began: float | None = None

    @property
    def boot(self) -> int:
        """Number of the running boot, written down at its first use."""
        if self._boot is None:
            with writing():
                row, _ = Boot.get_or_create(boot_id=self.boot_id)
            self._boot = row.id
        return self._boot

    def moment(self) -> Moment:
        """Now, as it is stored."""
        return Moment(self.boot, self.since_boot())

    def now(self) -> datetime | None:
        """Now in UTC if the time is certain, else None."""
        began = self._began if self._began is not None else self._find_out()
        return None if began is None else from_unix(began + self.since_boot())

    def learn(self, now: datetime, source: str) -> None:
        """Date the running boot: at this instant it is `now`, says `source`. The first certain word stands."""
        began = now.timestamp() - self.since_boot()
        with writing():
            Boot.update(began=began, source=source).where((Boot.id == self.boot) & Boot.began.is_null()).execute()
        if source != NETWORK:
            self._correct_floor(now, source)
            self.raise_floor(now, source)
        self._began = None

    def _correct_floor(self, now: datetime, source: str) -> None:
        """Forget what was said before if that lies well after `now`, which is certain: all but a technician's word."""
        weaker = {SIGNED, CARRIED, OFFICE} if source == OFFICE else {SIGNED}
        with writing():
            known = Floor.get_or_none((Floor.id == 1) & Floor.source.in_(weaker))
            if known is not None and self._floor(known) > now + AGREED:
                known.delete_instance()

    def at_least(self) -> datetime:
        """A time that has surely come, in UTC: now if that is certain, or else the latest that was ever known."""
        now, known = self.now(), Floor.get_or_none(Floor.id == 1)
        floors = [BUILT, *([self._floor(known)] if known else []), *([now] if now else [])]
        return max(floors)

    def raise_floor(self, at: datetime, source: str) -> None:
        """Note that it is `at` or later, says `source`; an earlier time changes nothing."""
        now = self.moment()
        with writing():
            known = Floor.get_or_none(Floor.id == 1)
            was_told = known is not None and known.source not in {SIGNED, CARRIED} and known.boot == now.boot
            if known is None or (self._floor(known) < at and not (was_told and source == SIGNED)):
                Floor.replace(id=1, at=at.timestamp(), source=source, boot=now.boot, seconds=now.seconds).execute()

    def _floor(self, known: Floor) -> datetime:
        passed = self.since_boot() - known.seconds if known.boot == self.boot else 0.0
        return from_unix(known.at + passed)

    def _find_out(self) -> float | None:
        """Ask the other process through the database, then the kernel."""
        row = Boot.get_or_none(Boot.id == self.boot)
        # Network time may be forged, or come from a clock that lost its battery; before this program there was no use.
        if row is not None and row.began is None and self._synchronised() and self._wall() >= BUILT.timestamp():
            self.learn(from_unix(self._wall()), NETWORK)
            row = Boot.get_by_id(self.boot)
        self._began = None if row is None else row.began
        return self._began


def from_unix(seconds: float) -> datetime:
    """Unix seconds as an aware datetime in UTC, exact over the whole range a sensor could tell."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def dated(moment: Moment) -> datetime | None:
    """When `moment` was, in UTC; None while its boot is not dated."""
    row = Boot.get_or_none(Boot.id == moment.boot)
    return None if row is None or row.began is None else from_unix(row.began + moment.seconds)


def ago(moment: Moment, clock: Clock) -> float | None:
    """Seconds since `moment`; None if it lies before a power cut and the time of either boot is not known."""
    now = clock.moment()
    if moment.boot == now.boot:
        return max(now.seconds - moment.seconds, 0.0)
    then, today = dated(moment), clock.now()
    return None if then is None or today is None else max((today - then).total_seconds(), 0.0)


def kernel_is_synchronised() -> bool:
    """Whether the kernel holds network time, as adjtimex(2) tells; reading it needs no privilege."""
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    try:
        return bool(0 <= ctypes.CDLL(None).adjtimex(timex) < TIME_ERROR)
    except AttributeError:
        return False
