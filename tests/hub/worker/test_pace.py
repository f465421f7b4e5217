"""The jobs keep their pace while the wall clock steps by decades, which the library's own trigger does not survive."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import apscheduler.executors.base
import apscheduler.schedulers.base
import apscheduler.triggers.interval
import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from hub.worker.pace import DEFAULTS, START, Every, SinceBoot

if TYPE_CHECKING:
    from collections.abc import Iterator

# Every module that tells the time. The library's util.py only asks whether something is a datetime.
MODULES = (apscheduler.schedulers.base, apscheduler.executors.base, apscheduler.triggers.interval)


class Wall:
    """The wall clock of a box, as the library sees it."""

    def __init__(self) -> None:
        self.off = dt.timedelta(0)
        wall = self

        class Stepped(dt.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                utc = dt.datetime.now(dt.UTC) + wall.off
                return utc.replace(tzinfo=None) if tz is None else tz.fromutc(utc.replace(tzinfo=tz))

        self.datetime = Stepped

    def step_to(self, year: int) -> None:
        self.off = dt.datetime(year, 1, 1, tzinfo=dt.UTC) - dt.datetime.now(dt.UTC)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    for module in MODULES:
        monkeypatch.setattr(module, "datetime", wall.datetime)
    return wall


class Counter:
    def __init__(self) -> None:
        self.moments: list[float] = []
        self._changed = threading.Condition()

    def tick(self) -> None:
        with self._changed:
            self.moments.append(time.monotonic())
            self._changed.notify_all()

    def wait_for(self, times: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.moments) >= times, 20), (
                f"{len(self.moments)} of {times} runs"
            )


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def running(counter: Counter) -> Iterator[BackgroundScheduler]:
    """A real scheduler, as the worker makes it, with a job each 0.2 seconds."""
    scheduler = BackgroundScheduler(timezone=SinceBoot(), job_defaults=DEFAULTS)
    scheduler.add_job(counter.tick, Every(first=0.2, pause=0.2))
    yield scheduler
    if scheduler.running:
        scheduler.shutdown()


def test_a_clock_that_steps_by_26_years_and_back_changes_no_pace(
    wall: Wall, counter: Counter, running: BackgroundScheduler
) -> None:
    wall.step_to(2000)
    running.start()
    for number, year in enumerate((2026, 2000, 2026, 1970, 2026), start=1):
        counter.wait_for(2 * number)
        wall.step_to(year)
    counter.wait_for(14)
    gaps = [later - earlier for earlier, later in itertools.pairwise(counter.moments)]
    assert min(gaps) > 0.1, "runs came in a burst"


def test_the_librarys_own_trigger_lists_every_run_it_thinks_it_missed(wall: Wall) -> None:
    """The negative control: why the trigger and the time zone of pace.py are there."""
    wall.step_to(2026)
    scheduler = BackgroundScheduler(timezone=dt.UTC)
    job = scheduler.add_job(print, IntervalTrigger(seconds=1, timezone=dt.UTC))
    before = wall.datetime.now(dt.UTC)
    wall.off += dt.timedelta(hours=3)
    job.next_run_time = before
    assert len(job._get_run_times(wall.datetime.now(dt.UTC))) > 10_000
    job.trigger = Every(first=1, pause=1)
    assert len(job._get_run_times(wall.datetime.now(dt.UTC))) == 1


def test_the_time_zone_tells_the_time_since_boot_and_nothing_else(wall: Wall) -> None:
    zone = SinceBoot(lambda: 71.25)
    for year in (1970, 2000, 2026):
        wall.step_to(year)
        assert wall.datetime.now(zone) == START + dt.timedelta(seconds=71.25)
    assert dt.datetime.now(zone) == START + dt.timedelta(seconds=71.25)


def test_a_moment_to_come_stays_what_it_is_when_the_library_converts_it() -> None:
    later = START + dt.timedelta(days=3)
    assert later.astimezone(SinceBoot(lambda: 71.25)) == later


def test_the_scheduler_sleeps_between_runs(counter: Counter, running: BackgroundScheduler) -> None:
    rounds = 0
    look = running._process_jobs

    def counted() -> float:
        nonlocal rounds
        rounds += 1
        return look()

    running._process_jobs = counted
    running.start()
    counter.wait_for(5)
    running.shutdown()
    assert rounds < 20


def test_a_run_that_comes_late_is_one_run() -> None:
    trigger = Every(first=5, pause=60)
    now = START + dt.timedelta(days=10_000)
    assert trigger.get_next_fire_time(None, now) == now + dt.timedelta(seconds=5)
    assert trigger.get_next_fire_time(START, now) == now + dt.timedelta(seconds=60)


@pytest.mark.parametrize(("first", "pause"), [(0, 1), (1, 0), (1, -1)])
def test_a_pause_of_no_time_is_refused(first: float, pause: float) -> None:
    with pytest.raises(ValueError, match="without end"):
        Every(first, pause)
