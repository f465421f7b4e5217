"""The worker: runs the jobs of jobs.py until it is told to stop, and listens to nobody.

run_worker(settings)        # returns after SIGTERM or SIGINT; raises InUse if another worker has this folder
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from content_cache.errors import ContentError
from content_cache.library import Library
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.db import database
from hub.errors import HubError
from hub.locks import held
from hub.notify import notify
from hub.runs import note_run
from hub.site import this_site
from hub.worker.jobs import IDLE, JOBS, Idle, Job, Work
from hub.worker.pace import DEFAULTS, Every, SinceBoot
from hub.worker.pulse import pulse_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.settings import Settings

THREADS = 8  # the slow check, acceptance, a download, a stick, a copy, a carrier and a hanging upload leave one
STOP_WITHIN = 4.0  # seconds
TAKEN = "A worker of this hub runs already; stop it first, or give this one another folder with HUB_DATA."
log = logging.getLogger("hub.worker")


class Runner:
    """Runs jobs one at a time each, and knows how each fared."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.errors: dict[str, str | None] = {}  # by job: the sentence of the last run, None if it went well
        self._running = threading.Condition()
        self._count = 0

    def run(self, job: Job) -> None:
        """One run, whatever becomes of it. Once the worker is stopping no run begins."""
        with self._running:
            if self.work.stop.is_set():
                return
            self._count += 1
        try:
            self._run(job)
        finally:
            if not database.is_closed():
                database.close()
            with self._running:
                self._count -= 1
                self._running.notify_all()

    def wait(self, seconds: float) -> bool:
        """Whether all runs ended within `seconds`."""
        with self._running:
            return self._running.wait_for(lambda: self._count == 0, seconds)

    def _run(self, job: Job) -> None:
        began = self.work.clock.since_boot()
        error = self._try(job)
        if error is IDLE:
            return
        self.errors[job.name] = error
        try:
            now = self.work.clock.moment()
            note_run(job.name, now, now.seconds - began, error)
        except Exception as trouble:  # noqa: BLE001 (a full disk must not end the jobs that free it)
            log.warning("the run of job %s could not be written down: %s", job.name, trouble)

    def _try(self, job: Job) -> str | Idle | None:
        """Run the job; the sentence that says what went wrong, if anything did, or IDLE."""
        again = f"it runs again in {job.seconds(self.work.settings):g} seconds"
        try:
            if job.run(self.work) is IDLE:
                return IDLE
        except (HubError, ContentError) as error:
            log.warning("job %s: %s (%s)", job.name, error, again)
            return str(error)
        except Exception as error:
            log.exception("job %s failed (%s)", job.name, again)
            return f"{type(error).__name__}: {error}"
        return None


def schedule(runner: Runner, jobs: Iterable[Job] = JOBS) -> BackgroundScheduler:
    """A scheduler, not started yet, that runs `jobs` at their pace whatever the wall clock does (see pace.py)."""
    scheduler = BackgroundScheduler(
        timezone=SinceBoot(runner.work.clock.since_boot),
        executors={"default": ThreadPoolExecutor(THREADS)},
        job_defaults=DEFAULTS,
    )
    for job in jobs:
        pause = job.seconds(runner.work.settings)
        scheduler.add_job(runner.run, Every(min(job.first, pause), pause), args=(job,), id=job.name, name=job.name)
    return scheduler


def run_worker(settings: Settings) -> None:
    """Run the jobs until SIGTERM; runs under way end, or are left where they are after STOP_WITHIN seconds."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it says what we say, at length
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    notify("STATUS=starts")
    with held(settings.data / "worker.lock", TAKEN):
        open_or_restore(settings)
        this_site()
        runner = Runner(Work(settings, Clock(), Library(settings.library_root), stop))
        scheduler = schedule(runner, [*JOBS, *pulse_jobs()])
        scheduler.start()
        log.info("the worker runs %d jobs", len(JOBS))
        notify("READY=1", f"STATUS=runs {len(JOBS)} jobs")
        stop.wait()
        notify("STOPPING=1", "STATUS=ends the jobs under way")
        scheduler.shutdown(wait=False)
        ended = runner.wait(STOP_WITHIN)
        if not ended:
            # Every write is a transaction, so this is no worse than a power cut, and Python would wait for the threads.
            log.info("a job that waits for the network or the disk is left where it is")
            sys.stdout.flush()
            logging.shutdown()
            os._exit(0)
