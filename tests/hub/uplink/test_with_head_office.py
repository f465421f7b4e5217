"""The hub's commands against head office's real program, as two processes on one machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hub.clock import Clock
from hub.db import database
from hub.site import this_site
from hub.uplink.enrol import enrol
from hub.uplink.line import NoAnswer
from tests.collector.running import RunningOffice
from tests.hub.uplink.conftest import MONDAY, Hub

if TYPE_CHECKING:
    from pathlib import Path


def command(hub: Hub, *words: str) -> subprocess.CompletedProcess[str]:
    database.close()
    environ = os.environ | {"HUB_DATA": str(hub.settings.data), "HUB_SEAL_OPEN_DAYS": "yes"}
    return subprocess.run(
        [sys.executable, "-m", "hub", *words], env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_enrol_send_and_send_again_after_head_office_was_killed(tmp_path: Path, hub: Hub) -> None:
    hub.clock = Clock()
    with RunningOffice(tmp_path / "office") as office:
        code = office.add_site("Dzemul")
        assert enrol(office.address, code, hub.settings, hub.clock).code == "dzemul"
        assert enrol(office.address, code, hub.settings, hub.clock).enrolled, (
            "the same code again, as after a lost answer"
        )
        sent = json.loads(command(hub, "uplink", "send", "--json").stdout)
        assert sent["acknowledged"] == sent["sealed"] >= 1
        assert sent["refused"] == 0
        site = office.get("/api/v1/sites").json()
        assert "dzemul" in json.dumps(site)
        port = office.port
    failed = command(hub, "uplink", "send")
    assert failed.returncode == 69
    assert "cannot be reached, or broke off; it is tried again later." in failed.stderr
    found = json.loads(command(hub, "uplink", "status", "--json").stdout)
    assert found["enrolled"]
    assert found["last_reached"]
    assert "cannot be reached" in found["last_error"]
    assert found["bytes_total"] > 500
    assert "cannot be reached" in command(hub, "uplink", "status").stdout
    with RunningOffice(tmp_path / "office", port):
        assert command(hub, "uplink", "send").returncode == 0
    assert json.loads(command(hub, "uplink", "status", "--json").stdout)["last_error"] is None


def test_a_code_that_another_hub_used_is_refused_with_the_reason(tmp_path: Path, hub: Hub) -> None:
    with RunningOffice(tmp_path / "office") as office:
        code = office.add_site("Dzemul")
        enrol(office.address, code, hub.settings, hub.clock)
        database.close()
        other = Hub(tmp_path / "other", hub.machine)
        with pytest.raises(NoAnswer, match="Another hub has used this code already; ask head office for a new one"):
            enrol(office.address, code, other.settings, other.clock)
        assert not this_site().enrolled


def test_a_head_office_that_was_put_back_to_an_older_state_gets_all_that_it_lost(tmp_path: Path, hub: Hub) -> None:
    """Days that are new to it, and a later revision of one that is not."""
    data, backup = tmp_path / "office", tmp_path / "backup"
    with RunningOffice(data) as office:
        enrol(office.address, office.add_site("Dzemul"), hub.settings, hub.clock)
        hub.counts.play(MONDAY, 2)
        hub.machine.pass_time(days=2)
        hub.seal()
        assert hub.send().acknowledged == 2
        port = office.port
    shutil.copytree(data, backup)
    with RunningOffice(data, port) as office:
        hub.counts.play(MONDAY, 5)
        hub.machine.pass_time(days=1)
        hub.seal()
        assert hub.send().acknowledged == 2
        assert plays(office) == {"2026-03-02": 7, "2026-03-03": 0, "2026-03-04": 0}
    shutil.rmtree(data)
    shutil.copytree(backup, data)
    with RunningOffice(data, port) as office:
        assert plays(office) == {"2026-03-02": 2, "2026-03-03": 0}
        assert hub.send(urgent=True).acknowledged == 2
        assert plays(office) == {"2026-03-02": 7, "2026-03-03": 0, "2026-03-04": 0}
        assert hub.waiting() == []


def plays(office: RunningOffice) -> dict[str, int]:
    return {row["day"]: row["plays"] for row in office.get("/api/v1/sites/dzemul/days").json()}


def test_a_hub_that_is_not_enrolled_says_so(hub: Hub) -> None:
    assert command(hub, "uplink", "status").stdout == "This hub is not enrolled with head office; run `hub setup`.\n"
    sent = command(hub, "uplink", "send")
    assert (sent.returncode, sent.stderr) == (
        1,
        "hub: This hub is not enrolled with head office; run `hub setup` first.\n",
    )
