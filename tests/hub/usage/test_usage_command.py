"""`hub usage` prints what is counted."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from hub.cli import hub

if TYPE_CHECKING:
    from tests.hub.usage.conftest import Box

MERIDA = ZoneInfo("America/Merida")


@pytest.fixture
def run(box: Box, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUB_DATA", str(box.settings.data))
    return lambda *arguments: CliRunner().invoke(hub, ["usage", *arguments], catch_exceptions=False)


def test_each_day_is_a_line_and_so_is_an_empty_one_between(box: Box, run) -> None:
    box.learn(datetime(2026, 3, 8, 12, tzinfo=MERIDA))
    for day in (8, 10):
        box.at(datetime(2026, 3, day, 12, tzinfo=MERIDA))
        box.restart()
        box.play("ana", (0, 90))
        box.flush()
    lines = run().output.splitlines()
    assert [line.split()[:4] for line in lines[1:]] == [
        ["2026-03-08", "1", "1", "1"],
        ["2026-03-09", "0", "0", "0"],
        ["2026-03-10", "1", "1", "1"],
    ]
    assert run("--days", "1").output.splitlines()[1:] == lines[3:]


def test_json_has_every_figure(box: Box, run) -> None:
    box.learn(datetime(2026, 3, 8, 12, tzinfo=MERIDA))
    box.play("ana", (0, 90))
    box.flush()
    answer = json.loads(run("--json").output)
    day = answer["days"]["2026-03-08"]
    assert (answer["undated_plays"], day["plays"], day["seconds_played"], len(day["hours"])) == (0, 1, 90, 24)


def test_what_waits_for_the_time_is_said(box: Box, run) -> None:
    box.boot(Path("/proc/sys/kernel/random/boot_id").read_text().strip())  # the one that runs
    box.play("ana")
    box.flush()
    result = run()
    assert "Nothing is counted yet." in result.output
    assert "1 plays wait" in result.output


def test_what_can_never_have_a_date_does_not_wait_for_one(box: Box, run) -> None:
    box.play("ana")
    box.flush()
    result = run()
    assert "wait" not in result.output
    assert "1 plays have no date" in result.output
