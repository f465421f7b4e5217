"""Restart and switch off by an order: once, never after a power cut, and nothing else than these two."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hub.box.orders import order, ordered, orders_folder, outcome
from hub.box.power_order import BadOrder, carry_out
from hub.errors import DiskFails, HubError
from hub.settings import Settings
from tests.conftest import ROOT
from tests.simulators.manager import without_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Writes down what it was asked, and whether the order was still there at that moment.
SYSTEMCTL = """#!/bin/sh
[ -e '{order}' ] && echo still-there >> '{asked}'
echo "$@" >> '{asked}'
{ends}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "hub", run=tmp_path / "run")
    settings.run_folder.mkdir()
    return settings


class Machine:
    """A systemctl on the PATH that notes what it is asked."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.asked_file = folder / "bin", folder / "asked"
        self.order = orders_folder(settings) / "power"
        self.folder.mkdir()
        self.ends("exit 0")

    def ends(self, words: str) -> None:
        program = self.folder / "systemctl"
        program.write_text(SYSTEMCTL.format(order=self.order, asked=self.asked_file, ends=words))
        program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return self.asked_file.read_text().splitlines() if self.asked_file.exists() else []


@pytest.fixture
def machine(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path, settings)
    monkeypatch.setenv("PATH", f"{machine.folder}:{os.environ['PATH']}")
    return machine


@pytest.mark.parametrize(
    ("wanted", "verb", "told"),
    [(b"restart", "reboot", "restarts now"), (b"shutdown", "poweroff", "switches itself off")],
)
def test_an_order_is_gone_before_it_is_carried_out(
    settings: Settings, machine: Machine, wanted: bytes, verb: str, told: str
) -> None:
    order(settings, "power", wanted)
    sentence = carry_out(settings)
    assert sentence is not None
    assert told in sentence
    assert machine.asked == [f"--no-ask-password {verb}"]
    assert outcome(settings, "power") == {"ok": True, "sentence": sentence}
    assert carry_out(settings) is None, "once"
    assert len(machine.asked) == 1


def test_its_removal_is_on_the_disk_before_anything_is_done(
    settings: Settings, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut while the machine goes down must not bring the order back."""
    done: list[str] = []
    unlink, fsync = os.unlink, os.fsync

    def note_unlink(path: str, **how: object) -> None:
        unlink(path, **how)
        done.append(f"unlink {path}")

    def note_fsync(number: int) -> None:
        fsync(number)
        if stat.S_ISDIR(os.fstat(number).st_mode) and os.fstat(number).st_ino == orders_folder(settings).stat().st_ino:
            done.append("fsync of the folder")

    order(settings, "power", b"restart")
    monkeypatch.setattr(os, "unlink", note_unlink)
    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: done.append("systemctl") or subprocess.CompletedProcess([], 0)
    )
    carry_out(settings)
    ours = [word for word in done if word in {"unlink power", "fsync of the folder", "systemctl"}]
    assert ours == ["unlink power", "fsync of the folder", "systemctl"]


def test_an_order_that_cannot_be_removed_is_not_carried_out(
    settings: Settings, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(settings, "power", b"restart")

    def fails(*_args: object, **_how: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "unlink", fails)
    with pytest.raises(DiskFails, match="could not be removed"):
        carry_out(settings)
    assert machine.asked == []
    told = outcome(settings, "power")
    assert told is not None
    assert told["ok"] is False


@pytest.mark.parametrize("wanted", [b"", b"reboot", b"restart\n", b"restart; rm -rf /", b"\0" * 70_000])
def test_whatever_else_is_ordered_is_refused_with_a_sentence_and_gone(
    settings: Settings, machine: Machine, wanted: bytes
) -> None:
    order(settings, "power", wanted)
    with pytest.raises(BadOrder, match="neither to restart nor to switch off"):
        carry_out(settings)
    assert machine.asked == []
    assert not machine.order.exists()
    told = outcome(settings, "power")
    assert told is not None
    assert told["ok"] is False


def test_who_owns_the_folder_leads_root_nowhere_by_links(settings: Settings, machine: Machine, tmp_path: Path) -> None:
    """An order that is a link is none; and what a folder that is a link points to is left alone."""
    mine = tmp_path / "roots"
    mine.mkdir()
    (mine / "power").write_bytes(b"restart")
    settings.data.mkdir()
    orders_folder(settings).mkdir()
    machine.order.symlink_to(mine / "power")
    assert carry_out(settings) is None
    machine.order.unlink()
    orders_folder(settings).rmdir()
    orders_folder(settings).symlink_to(mine)
    assert ordered(settings, "power") is None
    assert carry_out(settings) is None
    assert (mine / "power").read_bytes() == b"restart"
    assert machine.asked == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_plain_file_is_no_order_and_root_does_not_wait_for_it(
    settings: Settings, machine: Machine, make: Callable[[Path], None]
) -> None:
    orders_folder(settings).mkdir(parents=True)
    make(machine.order)
    assert ordered(settings, "power") is None
    assert carry_out(settings) is None
    assert machine.asked == []


def test_a_link_in_the_place_of_the_answer_is_replaced_not_followed(
    settings: Settings, machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "shadow").write_text("root's")
    (settings.run_folder / "power.json").symlink_to(tmp_path / "shadow")
    order(settings, "power", b"restart")
    carry_out(settings)
    assert (tmp_path / "shadow").read_text() == "root's"
    assert machine.asked == ["--no-ask-password reboot"]


@pytest.mark.parametrize("ends", ["echo 'Access denied' >&2; exit 1", "kill -9 $$"])
def test_a_systemd_that_does_not_take_it_is_a_sentence(settings: Settings, machine: Machine, ends: str) -> None:
    machine.ends(ends)
    order(settings, "power", b"shutdown")
    with pytest.raises(HubError, match=r"systemd did not take the order \((Access denied|code -9)\)"):
        carry_out(settings)
    told = outcome(settings, "power")
    assert told is not None
    assert told["ok"] is False
    assert not machine.order.exists()


def test_the_command_says_what_it_did_and_ends_with_its_code(settings: Settings, machine: Machine) -> None:
    environ = without_settings(HUB_DATA=str(settings.data), HUB_RUN=str(settings.run_folder))

    def power(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hub", "power", *words]
        return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert power().stdout == "Nothing was ordered.\n"
    order(settings, "power", b"restart")
    assert json.loads(power("--json").stdout) == {"done": "The box restarts now."}
    order(settings, "power", b"explode")
    refused = power()
    assert (refused.returncode, refused.stderr.count("\n")) == (65, 1)
