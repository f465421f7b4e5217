"""Snapshots, and what becomes of a hub whose database is damaged."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from hub import backup
from hub.backup import Damaged, Restored, damage, epoch_began, open_or_restore, snapshot, snapshots
from hub.clock import Boot, Clock
from hub.commands.backup import command
from hub.db import database, writing
from hub.errors import NoSpace
from hub.settings import Settings
from hub.site import Site, this_site
from hub.uplink.models import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(data=tmp_path / "hub", reserve_mb=0)
    open_or_restore(settings)
    with writing():
        this_site()
        Site.update(name="Dzemul").execute()
    yield settings
    database.close()


def fill(rows: int = 400) -> None:
    """Enough rows that damage in the middle of the file hits some."""
    with writing():
        for number in range(rows):
            Boot.create(boot_id=f"boot {number} " + "x" * 400)


def overwrite_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"garbage!" * 13)


def overwrite_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * 20_000)


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 3)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lose(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("spoil", [overwrite_header, overwrite_middle, truncate, empty, lose])
def test_a_damaged_database_is_set_aside_and_the_snapshot_takes_its_place(
    settings: Settings, spoil: Callable[[Path], None]
) -> None:
    fill()
    before = this_site()
    snapshot(settings)
    database.close()
    spoil(settings.database)
    bad = settings.database.read_bytes() if settings.database.exists() else None
    sentence = open_or_restore(settings)
    assert sentence is not None
    assert "Snapshot 1 took its place; hub.sqlite3.damaged-1 is kept." in sentence
    assert Boot.select().where(Boot.boot_id.startswith("boot ")).count() == 400
    assert (this_site().hub, this_site().name) == (before.hub, "Dzemul")
    assert this_site().epoch != before.epoch
    assert Restored.get().sentence == sentence
    assert epoch_began(before.epoch) is None
    aside = settings.data / "hub.sqlite3.damaged-1"
    assert (aside.read_bytes() if aside.exists() else None) == bad
    database.close()
    assert open_or_restore(settings) is None


def test_when_the_new_epoch_began_is_known_once_the_time_is(settings: Settings) -> None:
    snapshot(settings)
    database.close()
    overwrite_header(settings.database)
    clock = Clock(synchronised=lambda: False)
    open_or_restore(settings, clock)
    assert epoch_began(this_site().epoch) is None
    clock.learn(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), "technician")
    assert epoch_began(this_site().epoch) is not None


def test_a_start_that_was_cut_after_the_switch_notes_the_moment_later(settings: Settings) -> None:
    snapshot(settings)
    database.close()
    overwrite_header(settings.database)
    assert backup._restore_if_damaged(settings)
    assert open_or_restore(settings) is None
    assert Restored.get().boot is not None


def test_a_journal_of_the_damaged_file_never_meets_the_snapshot(settings: Settings) -> None:
    snapshot(settings)
    database.close()
    settings.database.unlink()  # as when the power went between two renames
    settings.database.with_name("hub.sqlite3-wal").write_bytes(b"old pages" * 1000)
    open_or_restore(settings)
    assert (settings.data / "hub.sqlite3.damaged-1-wal").read_bytes() == b"old pages" * 1000
    assert this_site().name == "Dzemul"


def test_what_a_killed_process_committed_is_there_and_is_no_damage(settings: Settings) -> None:
    database.close()
    program = (
        "import os, sys; from pathlib import Path; from hub.backup import open_or_restore; from hub.clock import Boot\n"
        "from hub.db import writing; from hub.settings import Settings\n"
        "open_or_restore(Settings(data=Path(sys.argv[1])))\n"
        "with writing(): Boot.create(boot_id='the last word')\n"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(settings.data)], timeout=60, check=False)
    assert settings.database.with_name("hub.sqlite3-wal").stat().st_size > 0
    assert open_or_restore(settings) is None
    assert Boot.select().where(Boot.boot_id == "the last word").exists()


def test_a_journal_beside_a_damaged_file_is_kept_as_it_was_found(settings: Settings) -> None:
    snapshot(settings)
    database.close()
    program = (
        "import os, sys; from pathlib import Path; from hub.db import writing, open_database; from hub.clock import Boot\n"
        "open_database(Path(sys.argv[1]))\n"
        "with writing(): Boot.create(boot_id='the last word')\n"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(settings.database)], timeout=60, check=False)
    journal = settings.database.with_name("hub.sqlite3-wal").read_bytes()
    assert b"the last word" in journal
    overwrite_header(settings.database)
    assert open_or_restore(settings)
    assert (settings.data / "hub.sqlite3.damaged-1-wal").read_bytes() == journal


def test_the_newest_snapshot_that_is_whole_is_taken(settings: Settings) -> None:
    fill()
    snapshot(settings)
    overwrite_middle(snapshot(settings))
    database.close()
    overwrite_header(settings.database)
    assert "Snapshot 1 took" in str(open_or_restore(settings))


def test_without_a_snapshot_the_hub_starts_anew_and_says_so(settings: Settings) -> None:
    database.close()
    overwrite_header(settings.database)
    assert "there is no snapshot; set the hub up again" in str(open_or_restore(settings))
    this_site()
    assert Restored.get().epoch == this_site().epoch
    assert (settings.data / "hub.sqlite3.damaged-1").exists()


def test_each_damage_is_kept_under_a_name_of_its_own(settings: Settings) -> None:
    snapshot(settings)
    for number in (1, 2):
        database.close()
        overwrite_header(settings.database)
        assert f"damaged-{number} is kept" in str(open_or_restore(settings))
    assert Restored.select().count() == 1  # the snapshot is older than the first restore


def test_nothing_is_put_under_the_feet_of_a_process_that_has_the_database_open(settings: Settings) -> None:
    snapshot(settings)
    database.close()
    overwrite_header(settings.database)
    program = (
        "import sys; from pathlib import Path; from hub.backup import open_or_restore; from hub.settings import Settings\n"
        "open_or_restore(Settings(data=Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(settings.data)]
    other = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "another process of the hub has it open" in other.stderr
    assert not (settings.data / "hub.sqlite3.damaged-1").exists()


def test_two_processes_that_start_at_once_restore_once(settings: Settings) -> None:
    fill()
    snapshot(settings)
    database.close()
    overwrite_header(settings.database)
    for number in backup._in_use.values():
        os.close(number)
    backup._in_use.clear()
    program = (
        "import sys; from pathlib import Path; from hub.backup import open_or_restore; from hub.settings import Settings\n"
        "open_or_restore(Settings(data=Path(sys.argv[1]))); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(settings.data)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for one in both:
        _, said = one.communicate("", timeout=60)
        assert one.returncode == 0, said
    assert (settings.data / "hub.sqlite3.damaged-1").exists()
    assert not (settings.data / "hub.sqlite3.damaged-2").exists()
    open_or_restore(settings)
    assert Restored.select().count() == 1


def test_only_the_newest_three_are_kept(settings: Settings) -> None:
    made = [snapshot(settings) for _ in range(5)]
    assert snapshots(settings) == made[:1:-1]
    assert [path.name for path in settings.snapshots.iterdir() if path not in made] == []


def test_a_snapshot_holds_all_that_was_committed_while_others_write(settings: Settings) -> None:
    fill(50)
    made = snapshot(settings)
    fill_more = Boot.select().count()
    with sqlite3.connect(made) as copy:
        assert copy.execute("SELECT count(*) FROM boot").fetchone()[0] == fill_more
        assert copy.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_under_the_reserve_no_snapshot_is_made(settings: Settings) -> None:
    free = shutil.disk_usage(settings.data).free // 1_000_000
    with pytest.raises(NoSpace, match="disk is nearly full"):
        snapshot(Settings(data=settings.data, reserve_mb=free + 1_000_000))
    assert snapshots(settings) == []


def test_a_snapshot_of_a_damaged_database_is_thrown_away_and_the_next_start_looks_closely(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    good = snapshot(settings)
    database.close()
    overwrite_middle(settings.database)
    with pytest.raises(Damaged, match="restart the hub"):
        snapshot(settings)
    assert snapshots(settings) == [good]
    monkeypatch.setattr(backup, "CHECK_AT_START", 0)  # as if the database were too large to be read at each start
    assert "Snapshot 1 took" in str(open_or_restore(settings))


def test_a_check_that_takes_too_long_is_no_damage(settings: Settings) -> None:
    fill()
    assert damage(settings.database, seconds=0) is None
    assert damage(settings.database) is None


def test_the_outbox_comes_back_as_it_was_sealed(settings: Settings) -> None:
    row = {
        "epoch": 7,
        "day": "2026-03-02",
        "revision": 1,
        "sequence": 1,
        "sealed": b"s",
        "digest": b"d",
        "content": b"c",
    }
    with writing():
        Outbox.create(**row)
    snapshot(settings)
    database.close()
    overwrite_header(settings.database)
    open_or_restore(settings)
    kept = Outbox.get()
    assert (kept.epoch, bytes(kept.sealed)) == (7, b"s")
    assert this_site().epoch != 7


def test_the_commands_make_and_list_snapshots(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATA", str(settings.data))
    monkeypatch.setenv("HUB_RESERVE_MB", "0")
    run = CliRunner().invoke
    assert run(command, ["list"]).output == "No snapshot yet; `hub backup now` makes one.\n"
    assert "000001.sqlite3" in run(command, ["now"]).output
    assert json.loads(run(command, ["now", "--json"]).output)["path"].endswith("000002.sqlite3")
    assert [Path(row["path"]).name for row in json.loads(run(command, ["list", "--json"]).output)] == [
        "000002.sqlite3",
        "000001.sqlite3",
    ]
