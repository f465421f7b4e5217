"""The recorder: what it takes in, when it says that it is kept, and what it does while the disk fails."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from hub.db import database
from hub.site import Site
from hub.usage.models import Batch, Play, Visit
from hub.usage.record import MOST_STRETCHES, VISITS_AT_ONCE
from hub.usage.summary import summary
from tests.hub.usage.conftest import Box

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 3, 10, 18, tzinfo=UTC)  # 12:00 in Mérida
DAY = date(2026, 3, 10)
PLAY = bytes(range(16))


@pytest.fixture
def dated(box: Box) -> Box:
    box.learn(NOON)
    return box


def until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_a_report_is_kept_once_a_flush_has_written_it(box: Box) -> None:
    assert box.play("ana", (0, 10), id_=PLAY) == []
    box.flush()
    assert box.play("ana", (0, 10), id_=PLAY) == [PLAY.hex()]
    assert box.play("ana", (0, 12), id_=PLAY) == []


def test_less_than_was_told_before_is_kept_and_takes_nothing_away(dated: Box) -> None:
    dated.play("ana", (0, 30), id_=PLAY)
    dated.flush()
    assert dated.play("ana", (5, 20), id_=PLAY) == [PLAY.hex()]
    dated.flush()
    assert dated.day(DAY).seconds_played == 30


def test_what_was_kept_before_a_restart_is_known_again_after_one_flush(dated: Box) -> None:
    dated.play("ana", (0, 30), id_=PLAY)
    dated.recorder.stop()
    dated.restart()
    dated.play("ana", (20, 40), id_=PLAY)
    dated.flush()
    assert dated.play("ana", (0, 30), (20, 40), id_=PLAY) == []
    dated.flush()
    assert dated.play("ana", (0, 40), id_=PLAY) == [PLAY.hex()]
    assert (dated.day(DAY).plays, dated.day(DAY).visits, dated.day(DAY).seconds_played) == (1, 1, 40)


def test_two_tabs_and_a_reload_are_one_play_of_what_they_cover_together(dated: Box) -> None:
    for spans in [(0, 10)], [(5, 20)], [(0, 3), (15, 25)]:
        dated.play("ana", *spans)
    dated.flush()
    use = dated.day(DAY)
    assert (use.plays, use.seconds_played, use.items[0].visitors) == (1, 25, 1)


def test_under_five_seconds_is_no_play_and_five_are(dated: Box) -> None:
    dated.play("ana", (0, 4.999))
    dated.play("bea", (0, 2), (10, 13))
    dated.flush()
    assert (dated.day(DAY).plays, dated.day(DAY).seconds_played) == (1, 5)


def test_one_id_over_two_visits_is_two_plays_that_share_no_second(dated: Box) -> None:
    dated.play("ana", (0, 20), id_=PLAY)
    dated.flush()
    dated.seconds += 31 * 60
    dated.play("ana", (0, 30), id_=PLAY)
    dated.flush()
    use = dated.day(DAY)
    assert (use.visits, use.plays, use.seconds_played) == (2, 2, 30)
    assert dated.play("ana", (0, 30), id_=PLAY) == [PLAY.hex()]


@pytest.mark.parametrize("restart", [False, True], ids=["one run", "after a restart of the program"])
def test_a_play_that_goes_on_in_a_later_visit_begins_there_with_what_is_new(dated: Box, restart: bool) -> None:
    """Its page first repeats what an answer was lost for; the hour is that of the first report that told more."""
    dated.play("ana", (0, 10), id_=PLAY)
    dated.flush()
    dated.seconds += 59 * 60
    dated.play("ana", (0, 10), id_=PLAY)
    dated.flush()
    if restart:
        dated.restart()
    dated.seconds += 2 * 60
    dated.play("ana", (0, 30), id_=PLAY)
    dated.flush()
    assert [(hour, use.plays) for hour, use in enumerate(dated.day(DAY).hours) if use.plays] == [(12, 1), (13, 1)]


def test_a_group_of_twenty_counts_its_seconds_for_each_head(dated: Box) -> None:
    dated.play("ana", (0, 90), heads=20)
    dated.play("bea", (0, 30))
    dated.flush()
    use = dated.day(DAY)
    assert (use.seconds_played, use.person_seconds, use.group_plays, use.visitors) == (120, 1830, 1, 2)


def test_bytes_and_downloads_from_many_threads_all_count(dated: Box) -> None:
    def deliver() -> None:
        for _ in range(5000):
            dated.recorder.delivered(3)
        dated.recorder.downloaded(2)

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        dated.flush()
    dated.flush()
    use = dated.day(DAY)
    assert (use.local_bytes, use.downloads) == (8 * 5000 * 3, 8)
    assert use.hours[12].local_bytes == use.local_bytes


def test_a_hook_reports_in_time_and_one_that_fails_stops_nothing(dated: Box) -> None:
    dated.recorder.before_flush += [lambda: 1 / 0, lambda: dated.recorder.delivered(7)]
    dated.flush()
    assert dated.day(DAY).local_bytes == 7


def test_the_thread_flushes_by_itself_and_stop_writes_the_rest(dated: Box) -> None:
    dated.recorder.start()
    dated.play("ana", (0, 10))
    assert until(lambda: Play.select().count() == 1)
    dated.play("bea", (0, 10))
    dated.recorder.delivered(5)
    dated.recorder.stop()
    assert Play.select().count() == 2
    assert dated.day(DAY).local_bytes == 5


def test_an_idle_hub_writes_once_a_minute_that_it_is_up(dated: Box) -> None:
    for _ in range(300):
        dated.seconds += 4
        dated.recorder._flush(idle=True)
    assert Batch.select().count() == 20
    assert dated.day(DAY).minutes_up == 20


def test_a_crowd_is_written_in_transactions_of_bounded_size(dated: Box) -> None:
    for number in range(3 * VISITS_AT_ONCE):
        dated.play(f"phone {number}")
    dated.flush()
    sizes = [Visit.select().where(Visit.batch == batch.number).count() for batch in Batch.select()]
    assert sizes == [VISITS_AT_ONCE] * 3
    assert dated.day(DAY).plays == 3 * VISITS_AT_ONCE


def test_the_language_of_a_visit_is_that_of_its_last_page(dated: Box) -> None:
    dated.recorder.seen("ana", "es")
    dated.recorder.seen("ana", "yua")
    dated.recorder.seen("bea", "es")
    dated.play("eva")
    dated.flush()
    assert dated.day(DAY).languages == {"yua": 1, "es": 1, "und": 1}


def test_a_visit_begins_with_the_first_page_after_half_an_hour(box: Box) -> None:
    assert box.recorder.seen("ana", "es")
    box.flush()
    box.seconds += 30 * 60
    assert not box.recorder.seen("ana", "es")
    box.seconds += 30 * 60 + 1
    assert box.recorder.seen("ana", "es")


def test_what_is_playing_now_is_known_for_thirty_seconds(box: Box) -> None:
    box.play("ana", item=2)
    box.play("bea", item=2)
    box.seconds += 20
    box.play("eva", item=3)
    assert box.recorder.playing() == [("course/2", 2), ("course/3", 1)]
    box.flush()
    box.seconds += 20
    assert box.recorder.playing() == [("course/3", 1)]


def test_memory_lets_go_of_phones_that_left(box: Box) -> None:
    box.play("ana")
    box.flush()
    box.seconds += 30 * 60 + 1
    box.flush()
    assert not box.recorder._visits


def test_a_new_epoch_counts_only_what_happens_from_then_on(dated: Box) -> None:
    dated.play("ana", (0, 20), id_=PLAY)
    dated.flush()
    Site.update(epoch=Site.epoch + 1).execute()
    new = Site.get().epoch
    dated.seconds += 60
    dated.play("ana", (0, 30), id_=PLAY)
    dated.flush()
    assert (dated.day(DAY).plays, dated.day(DAY).seconds_played) == (1, 10)
    assert summary(DAY, dated.zone, epoch=new - 1).seconds_played == 20


@pytest.fixture
def locked(dated: Box) -> Iterator[sqlite3.Connection]:
    """Another process holds the database and does not let go."""
    database.execute_sql("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(dated.settings.database, isolation_level=None)
    dated.flush()
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_while_the_database_is_locked_all_waits_and_keeps_its_hour(dated: Box, locked: sqlite3.Connection) -> None:
    dated.play("ana", (0, 10), id_=PLAY)
    dated.recorder.delivered(100)
    dated.flush()
    assert dated.recorder.failing
    assert dated.play("ana", (0, 10), id_=PLAY) == []
    dated.seconds += 3600
    dated.recorder.delivered(11)
    dated.flush()
    locked.execute("ROLLBACK")
    dated.flush()
    use = dated.day(DAY)
    assert (use.plays, use.hours[12].local_bytes, use.hours[13].local_bytes) == (1, 100, 11)
    assert use.minutes_up == 60
    assert not dated.recorder.failing


def test_a_disk_that_fails_for_days_fills_no_memory_and_loses_no_byte(dated: Box, locked: sqlite3.Connection) -> None:
    database.execute_sql("PRAGMA busy_timeout = 0")
    for _ in range(MOST_STRETCHES + 50):
        dated.recorder.delivered(2)
        dated.seconds += 4
        dated.flush()
    assert len(dated.recorder._stretches) == MOST_STRETCHES
    locked.execute("ROLLBACK")
    dated.flush()
    assert dated.day(DAY).local_bytes == 2 * (MOST_STRETCHES + 50)


def test_when_too_many_wait_new_visits_are_turned_away_and_known_ones_go_on(
    dated: Box, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hub.usage.record.MOST_UNSAVED", 3)
    for phone in ("ana", "bea", "eva", "lia", "ana"):
        dated.play(phone, (0, 10))
    dated.flush()
    locked.execute("ROLLBACK")
    dated.flush()
    assert dated.day(DAY).plays == 3
    assert "1 requests went uncounted" in caplog.text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 900 KB, of which an empty database and its journal take most."""
    if os.geteuid() != 0:
        pytest.skip("component absent: root, who may mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", folder], check=False)
    if mounted.returncode != 0:
        pytest.skip("component absent: the right to mount a small file system")
    yield folder
    database.close()
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_keeps_nothing_it_cannot_and_all_of_it_once_there_is_room(small_disk: Path) -> None:
    box = Box(small_disk)
    box.learn(NOON)
    box.play("ana", (0, 10), id_=PLAY)
    box.flush()
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    number = 0
    while not box.recorder.failing:
        number += 1
        box.play(f"phone {number}", (0, 10))
        box.flush()
        assert number < 5000
    assert box.play(f"phone {number}", (0, 10), id_=PLAY) == []
    ballast.unlink()
    box.flush()
    assert not box.recorder.failing
    assert (box.day(DAY).visitors, box.day(DAY).visits) == (number + 1, number + 1)
