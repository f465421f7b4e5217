"""The worker dies by `kill -9` in mid-upload, again and again, and nothing is lost or counted twice."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from hub.clock import Clock
from hub.db import database, open_database, writing
from hub.site import this_site
from hub.uplink.deliver import deliver
from hub.uplink.models import Outbox
from hub.uplink.seal import roll_up
from tests.hub.uplink.conftest import MERIDA, Hub

if TYPE_CHECKING:
    from tests.simulators.head_office import HeadOffice

KILLS = 10


def use(day: dt.date, seconds: float) -> None:
    """Real usage: some bytes of one minute, `seconds` after the boot."""
    database.execute_sql(
        "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads) VALUES (?, ?, ?, ?, 1000000, 1)",
        (this_site().epoch, Clock().boot, seconds, seconds + 60),
    )


def test_a_worker_that_is_killed_in_mid_upload_loses_nothing_and_repeats_nothing(hub: Hub, office: HeadOffice) -> None:
    clock = Clock()
    now = dt.datetime.now(dt.UTC)
    clock.learn(now, "technician")  # of the real machine, as the worker will see it
    office.now = lambda: dt.datetime.now(dt.UTC).timestamp()
    began = now.timestamp() - clock.since_boot()
    days = [now.astimezone(MERIDA).date() - dt.timedelta(days=n) for n in range(1, KILLS + 1)]
    noons = [dt.datetime.combine(day, dt.time(12), tzinfo=MERIDA).timestamp() for day in days]
    environ = os.environ | {
        "HUB_DATA": str(hub.settings.data),
        "HUB_UPLOAD_EVERY": "1",
        "HUB_ROLL_UP_EVERY": "1",
    }
    deaths = itertools.cycle(["hang", "hang_after_commit", "slow"])
    for number, (day, noon) in enumerate(zip(days, noons, strict=True), start=1):
        with writing():
            use(day, noon - began)
            # The back-off of the attempt that was killed was never written; one that failed would only make us wait.
            database.execute_sql("UPDATE uplink SET retry_boot = NULL")
        database.close()
        office.play(next(deaths))
        worker = subprocess.Popen([sys.executable, "-m", "hub", "worker"], env=environ, stderr=subprocess.DEVNULL)
        try:
            office.wait_until_asked(number, 60)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait(20)
        open_database(hub.settings.database)
        assert database.execute_sql("PRAGMA quick_check").fetchone() == ("ok",)
    office.release.set()
    office.script.clear()
    epoch = this_site().epoch
    roll_up(hub.settings, clock, hub.library)
    while waiting := Outbox.select().where(~Outbox.acknowledged).count():
        assert 0 < deliver(hub.settings, clock, hub.library, urgent=True).acknowledged <= waiting
    assert [office.kept[epoch, day].local_bytes for day in days] == [1_000_000] * KILLS
    assert sum(day.downloads for day in office.kept.values()) == KILLS
    assert office.alarms == []


def test_a_worker_that_is_told_to_stop_in_mid_upload_ends_in_order_and_keeps_what_waits(
    hub: Hub, office: HeadOffice
) -> None:
    Clock().learn(dt.datetime.now(dt.UTC), "technician")
    database.close()
    office.habit = "hang_after_commit"
    environ = os.environ | {
        "HUB_DATA": str(hub.settings.data),
        "HUB_UPLOAD_EVERY": "1",
        "HUB_ROLL_UP_EVERY": "1",
        "HUB_SEAL_OPEN_DAYS": "yes",
    }
    worker = subprocess.Popen([sys.executable, "-m", "hub", "worker"], env=environ, stderr=subprocess.DEVNULL)
    try:
        office.wait_until_asked(1, 60)
        worker.terminate()
        assert worker.wait(5) == 0
    finally:
        worker.kill()
        worker.wait()
    open_database(hub.settings.database)
    assert Outbox.select().where(~Outbox.acknowledged).exists()
