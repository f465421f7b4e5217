"""Proves that the worker still works: one more job, which tells systemd once it has held the database's one pen.

    scheduler = schedule(runner, [*JOBS, *pulse_jobs()])

It goes the way of every job: the scheduler's thread, a thread of the pool, a transaction that may write and changes
nothing, so that no card wears. When all threads hang, or one holds the pen for good, nothing is told and systemd starts
the worker anew, which mends that. A database that says that it cannot be written is an answer: a full disk would be as
full after a restart.

A damaged one is another matter. It is put right when web starts and nobody else has it open (hub/backup.py), so the
worker ends and leaves it alone; a worker that starts meanwhile says so and ends as well.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from peewee import PeeweeException

from hub.backup import is_damage
from hub.db import writing
from hub.notify import notify, watchdog_pace
from hub.site import this_site
from hub.worker.jobs import IDLE, JOBS, Idle, Job

if TYPE_CHECKING:
    from hub.worker.jobs import Work

SOON = 1.0  # seconds until the first
log = logging.getLogger("hub.worker")


def pulse_jobs() -> list[Job]:
    """The job, where there is a watchdog to feed."""
    pace = watchdog_pace()
    return [] if pace is None else [Job("pulse", min(SOON, pace), pace, pulse, "Who hangs is started anew.")]


def pulse(work: Work) -> Idle:
    """Hold the pen for a moment, and tell what came of it."""
    status, damaged = _hold_the_pen()
    if damaged:
        log.error("%s; the worker ends, so that a restart of the hub can mend it.", status)
        work.stop.set()
    notify("WATCHDOG=1", f"STATUS={status}")
    return IDLE


def _hold_the_pen() -> tuple[str, bool]:
    """What is to be said of the database, and whether it is damaged."""
    try:
        with writing():
            this_site()
    except (PeeweeException, sqlite3.Error) as error:
        return f"The database cannot be written ({error}); run `hub doctor`", is_damage(error)
    return f"runs {len(JOBS)} jobs", False
