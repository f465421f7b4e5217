"""`hub uplink budget`: how a technician sets the rules, and what it tells of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from hub.commands.uplink import command
from hub.db import database, open_database
from hub.errors import HubError
from hub.uplink.budget import Rules
from hub.uplink.ledger import rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Iterator[Path]:
    monkeypatch.setenv("HUB_DATA", str(tmp_path))
    open_database(tmp_path / "hub.sqlite3")
    yield tmp_path
    database.close()


def budget(*words: str) -> str:
    done = CliRunner().invoke(command, ["budget", *words], catch_exceptions=True)
    if isinstance(done.exception, HubError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_without_rules_anything_may_cross() -> None:
    assert budget().splitlines()[0] == "The uplink may carry anything at any time."


def test_rules_are_set_one_by_one_and_told() -> None:
    budget("--daily-mb", "25", "--hours", "06-22")
    told = budget("--free-hours", "00-05", "--monthly-mb", "0.5")
    assert rules() == Rules(25_000_000, 500_000, "06-22", "00-05")
    assert told.startswith(
        "The uplink may carry 25 MB a day, 500 KB a month, in the hours 06-22; the hours 00-05 are free."
    )
    assert json.loads(budget("--json"))["rules"]["daily"] == 25_000_000


def test_none_takes_a_rule_away() -> None:
    budget("--daily-mb", "25", "--hours", "06-22", "--free-hours", "00-05")
    budget("--daily-mb", "none", "--hours", "none", "--free-hours", "-")
    assert rules() == Rules()


@pytest.mark.parametrize("flags", [("--daily-mb", "much"), ("--daily-mb", "-1"), ("--daily-mb", "nan"), ("--hours", "6-22"),
                                   ("--hours", "25-26"), ("--free-hours", "night")])  # fmt: skip
def test_a_rule_that_makes_no_sense_gets_a_sentence_and_changes_nothing(flags: tuple[str, str]) -> None:
    budget("--daily-mb", "25")
    with pytest.raises(HubError, match=r"write .* or none") as error:
        budget(*flags)
    assert error.value.exit_code == 64
    assert rules() == Rules(daily=25_000_000)
