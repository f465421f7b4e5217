"""The table of jobs, how they fare, and the worker as a process: started, stopped, killed."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from content_cache.library import Library
from hub.backup import snapshots
from hub.clock import Clock
from hub.db import database, open_database, writing
from hub.errors import HubError
from hub.locks import held
from hub.runs import JobRun
from hub.settings import Settings
from hub.site import Site, this_site
from hub.worker.jobs import IDLE, JOBS, Job, Work
from hub.worker.run import Runner, schedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    settings = Settings(data=tmp_path / "hub", reserve_mb=0)
    open_database(settings.database)
    yield Work(settings, Clock(), Library(settings.library_root), threading.Event())
    database.close()


def a_job(run: object, pause: float = 0.1) -> Job:
    return Job("a job", 0.05, pause, run, "For the test.")


def test_every_job_of_the_table_runs_on_a_hub_that_is_new(work: Work) -> None:
    runner = Runner(work)
    for job in JOBS:
        runner.run(job)
    ran = {job.name for job in JOBS} - {
        "sticks",
        "copies",
        "carriers",
        "content",
        "upload",
        "told",
        "messages",
        "code",
        "trial",
        "acceptance",
        "voltage",
    }  # which find nothing to do there
    assert runner.errors == dict.fromkeys(ran)
    assert {row.name for row in JobRun.select()} == ran
    assert len(snapshots(work.settings)) == 1


def test_the_table_says_why_and_how_often(work: Work) -> None:
    assert [job.name for job in JOBS] == [
        "catalogue",
        "told",
        "code",
        "trial",
        "roll up",
        "upload",
        "sticks",
        "copies",
        "carriers",
        "messages",
        "content",
        "sweep",
        "snapshot",
        "acceptance",
        "voltage",
        "verify",
    ]
    assert all(job.why.endswith(".") and 0 < job.first <= job.seconds(Settings()) for job in JOBS)


def test_a_job_that_raises_is_a_sentence_and_runs_again(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    runs = threading.Semaphore(0)

    def fail(_: Work) -> None:
        runs.release()
        raise HubError("The card is worn; put in another.")

    runner = Runner(work)
    scheduler = schedule(runner, [a_job(fail)])
    with caplog.at_level(logging.WARNING, "hub.worker"):
        scheduler.start()
        assert all(runs.acquire(timeout=20) for _ in range(3))
        work.stop.set()
        scheduler.shutdown()
    said = [record.getMessage() for record in caplog.records if record.name == "hub.worker"]
    assert said[0] == "job a job: The card is worn; put in another. (it runs again in 0.1 seconds)"
    assert runner.errors == {"a job": "The card is worn; put in another."}
    assert JobRun.get().failed


def test_the_last_error_stays_readable_after_a_run_that_went_well(work: Work) -> None:
    outcomes = iter([ValueError("odd"), None])

    def sometimes(_: Work) -> None:
        if outcome := next(outcomes):
            raise outcome

    runner = Runner(work)
    runner.run(a_job(sometimes))
    assert JobRun.get().failed
    runner.run(a_job(sometimes))
    row = JobRun.get()
    assert (row.error, row.failed) == ("ValueError: odd", False)
    assert row.ran.seconds > row.error_seconds
    assert runner.errors == {"a job": None}


def test_no_job_begins_once_the_worker_is_stopping(work: Work) -> None:
    work.stop.set()
    runner = Runner(work)
    runner.run(a_job(lambda _: pytest.fail("it ran")))
    assert runner.errors == {}


def test_an_upload_that_meets_another_under_way_has_not_failed(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check before leaving calls head office as well; its row of the jobs would say so until the next turn."""
    monkeypatch.setattr("hub.worker.jobs.is_turn", lambda *_: True)
    with writing():
        Site.update(collector_url="http://127.0.0.1:9", collector_key=bytes(32)).where(
            Site.id == this_site().id
        ).execute()
    runner = Runner(work)
    with held(work.settings.data / "sending.lock"):
        runner.run(next(job for job in JOBS if job.name == "upload"))
    assert runner.errors == {}
    assert not JobRun.select().exists()


def test_a_run_that_found_nothing_to_do_is_not_written_down(work: Work) -> None:
    runner = Runner(work)
    runner.run(a_job(lambda _: IDLE))
    assert not JobRun.select().exists()
    assert runner.errors == {}


class Process:
    """`hub worker` for real."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.environ = os.environ | {"HUB_DATA": str(folder)} | environ
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub", "worker"], env=self.environ, stderr=subprocess.PIPE, text=True
        )

    def until(self, words: str) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            if words in line:
                return
        pytest.fail(f"the worker ended without saying {words!r}")

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(20)  # as TimeoutStopSec in hub-worker.service
        assert self.process.stderr
        self.process.stderr.close()
        return code


def test_the_worker_runs_until_it_is_told_to_stop_and_a_second_one_is_sent_away(tmp_path: Path) -> None:
    worker = Process(tmp_path)
    try:
        worker.until(f"the worker runs {len(JOBS)} jobs")
        second = subprocess.run(
            [sys.executable, "-m", "hub", "worker"],
            env=worker.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 75
        assert second.stderr.strip().endswith(
            "A worker of this hub runs already; stop it first, or give this one another folder with HUB_DATA."
        )
        assert worker.end() == 0
    finally:
        worker.end(signal.SIGKILL)


def test_a_worker_that_was_killed_leaves_no_lock_behind(tmp_path: Path) -> None:
    for _ in range(2):
        worker = Process(tmp_path)
        worker.until(f"the worker runs {len(JOBS)} jobs")
        assert worker.end(signal.SIGKILL) == -signal.SIGKILL
