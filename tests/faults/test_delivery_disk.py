"""A disk that fails or fills in the middle of a sync, at every step: one sentence, old or new, and later all is whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import NoSpace
from content_cache.sync.source import FolderSource
from tests.faults.disks import need
from tests.faults.failing import FAILS
from tests.faults.shipping import Shipment, bring
from tests.simulators.link import ContentServer
from tests.town import ROOT, small_disk

if TYPE_CHECKING:
    from pathlib import Path

# A call, how it fails, and each how manieth is tried: those of SQLite are many and much alike.
FAILURES = [
    ("write", "ENOSPC", 1),
    ("pwrite64", "ENOSPC", 5),
    ("fsync", "EIO", 1),
    ("rename", "EIO", 1),
    ("mkdir", "ENOSPC", 1),
]


@pytest.fixture
def shipment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shipment:
    return Shipment(tmp_path / "shipment", monkeypatch)


@pytest.mark.parametrize(("call", "error", "every"), FAILURES)
def test_a_call_that_fails_costs_one_sync_at_most_whichever_it_is(shipment, tmp_path, call, error, every):
    need("strace")
    out = tmp_path / "out"
    out.mkdir()
    fail = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={FAILS}"]
    with ContentServer(shipment.repository) as server:
        place = f"http://127.0.0.1:{server.port}"
        run = [sys.executable, "-m", "tests.faults.failing", call, every, shipment.before, place, out]
        command = ["strace", "-f", "-qq", "-o", "/dev/null", *fail, *map(str, run)]
        told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
        assert any(path.startswith("d/") for path in server.paths()), "a delta must be among what comes"
    for name, said in map(json.loads, told):
        assert "Traceback" not in said, said
        assert said == "" or "start again" in said, said
        shipment.assert_sound(out / name)
        shipment.finish(out / name)
    assert len(told) > 5, "a sync must make such calls for this to mean anything"


def test_a_disk_with_room_for_only_a_part_says_how_much_to_free_and_serves_on(shipment, tmp_path):
    need("mount")
    served = set()
    with small_disk(tmp_path / "small", 6) as disk:
        for room in range(0, 1_600_000, 40_000):
            village = shipment.village(disk / "village")
            ballast = disk / "ballast"
            ballast.write_bytes(bytes(max(shutil.disk_usage(disk).free - room, 0)))
            assert said(shipment, village) in {"", "space", "free"}
            served.add(shipment.assert_sound(village, crowded=True))
            ballast.unlink()
            shipment.finish(village)
            shutil.rmtree(village)
    assert served == {1, 2}, "there must be too little room, and enough of it, for this to mean anything"


def said(shipment: Shipment, village: Path) -> str:
    """Why not all is here after a sync: nothing, the disk has no room for some, or has too little for any."""
    try:
        return "".join({one.reason for one in bring(village, FolderSource(shipment.repository)).left})
    except NoSpace as error:
        return "free" if "free at least" in str(error) else str(error)
