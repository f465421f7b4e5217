"""A disk that fails or fills in the middle of a sync, at every step: one sentence, old or new, and later all is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.faults.disks import need
from tests.faults.failing import FAILS
from tests.faults.shipping import Shipment
from tests.town import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# A call, how it fails, and how often a sync makes it at least.
FAILURES = [
    ("write", "ENOSPC", 10),
    ("pwrite64", "ENOSPC", 10),
    ("fsync", "EIO", 10),
    ("rename", "EIO", 10),
    ("mkdir", "ENOSPC", 3),
]


@pytest.fixture
def shipment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shipment:
    return Shipment(tmp_path / "shipment", monkeypatch)


@pytest.mark.parametrize(("call", "error", "least"), FAILURES)
def test_a_call_that_fails_costs_one_sync_at_most_whichever_it_is(shipment, tmp_path, call, error, least):
    need("strace")
    out = tmp_path / "out"
    out.mkdir()
    fail = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={FAILS}"]
    run = [sys.executable, "-m", "tests.faults.failing", call, shipment.before, shipment.repository, out]
    command = ["strace", "-f", "-qq", "-o", "/dev/null", *fail, *map(str, run)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name, said in map(json.loads, told):
        assert "Traceback" not in said, said
        assert said == "" or "start again" in said, said
        shipment.assert_sound(out / name)
        shipment.finish(out / name)
    assert len(told) >= least
