"""`hub doctor`, as the real program: pass or fail, what to do, and an exit code."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from hub.clock import Clock
from hub.db import database, open_database, writing
from hub.runs import note_run
from hub.site import Site, this_site
from tests.hub.technician.conftest import publish

if TYPE_CHECKING:
    from pathlib import Path


def doctor(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    if not database.is_closed():
        database.close()
    return subprocess.run(
        [sys.executable, "-m", "hub", "doctor", *words],
        env=os.environ | {"HUB_DATA": str(folder), "LANG": "es_MX.UTF-8", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def make_well(folder: Path) -> None:
    """A hub where nothing is to be mended."""
    open_database(folder / "hub.sqlite3")
    this_site()
    publish(folder / "library")
    clock = Clock()
    clock.learn(dt.datetime.now(dt.UTC), "head office")
    note_run("roll up", clock.moment(), 0.1, None)
    with writing():
        Site.update(name="Dzemul").execute()
    database.close()


def test_a_hub_that_is_well_passes(tmp_path: Path) -> None:
    make_well(tmp_path)
    done = doctor(tmp_path)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert all(line.startswith("pass  ") for line in lines[:-1])
    assert lines[-1] == "All is well."
    assert len(lines) == 19


def test_each_failure_is_a_line_that_says_what_to_do(tmp_path: Path) -> None:
    make_well(tmp_path)
    (tmp_path / "library" / "catalogues" / "current").unlink()
    done = doctor(tmp_path, HUB_RESERVE_MB="999999999")
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert len(failed) == 2
    assert "free at least" in failed[0]
    assert "run `hub content sync`" in failed[1]


def test_json_tells_the_same_with_facts(tmp_path: Path) -> None:
    make_well(tmp_path)
    done = doctor(tmp_path, "--json")
    told = json.loads(done.stdout)
    assert told["ok"] is True
    facts = {check["name"]: check["facts"] for check in told["checks"]}
    assert facts["library"] == {"release": "1-0123456789ab"}
    assert facts["clock"]["source"] == "head office"


def test_a_folder_without_a_hub_stays_as_it_is(tmp_path: Path) -> None:
    done = doctor(tmp_path / "none")
    assert done.returncode == 1
    assert "set HUB_DATA or run `hub setup`" in done.stdout
    assert not (tmp_path / "none").exists()


def test_a_damaged_database_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite3").write_bytes(b"junk" * 4096)
    done = doctor(tmp_path)
    assert done.returncode == 1
    assert "The database is damaged" in done.stdout
    assert "Traceback" not in done.stderr
    assert (tmp_path / "hub.sqlite3").read_bytes() == b"junk" * 4096
