"""The whole way by the commands of both programs, as processes: a kit, a file, a reply; and their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.collector.running import RunningOffice

if TYPE_CHECKING:
    from pathlib import Path


class Box:
    """A hub's commands, and head office's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.office = RunningOffice(folder / "office")
        self.environ = os.environ | {"HUB_DATA": str(folder / "hub"), "HUB_STICKS": str(folder / "media")}

    def hub(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hub", *words],
            env=self.environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_box_becomes_a_hub_reports_and_hears_back_without_any_line(box: Box) -> None:
    kit, reply = box.folder / "dzemul.kit", box.folder / "replies"
    box.office.add_site("Dzemul")
    assert box.office.command("sites", "kit", "dzemul", "-o", str(kit)).returncode == 0
    assert kit.stat().st_mode & 0o777 == 0o600
    told = json.loads(box.hub("setup", "--kit", str(kit), "--json").stdout)
    assert (told["site"], told["name"], told["enrolled"], told["head_office"]) == ("dzemul", "Dzemul", True, None)
    written = json.loads(box.hub("carry", "export", str(box.folder), "--json").stdout)
    taken = box.office.command("import", written[0]["file"], "--replies", str(reply), "--json")
    assert taken.returncode == 0, taken.stderr
    (row,) = json.loads(taken.stdout)
    assert (row["taken"], row["site"]) == (True, "dzemul")
    back = box.hub("carry", "import", row["reply"], "--json")
    assert json.loads(back.stdout)["refused"] == 0
    assert "files that people carry" in box.hub("setup", "--kit", str(kit)).stdout


def test_what_cannot_be_used_ends_with_a_sentence_and_65(box: Box) -> None:
    junk = box.folder / "foto.vhub"
    junk.write_bytes(b"PK\x03\x04")
    box.office.add_site("Dzemul")
    refused = box.hub("setup", "--kit", str(junk), "--json")
    assert (refused.returncode, refused.stderr.splitlines()[-1].startswith("hub: This is no kit")) == (65, True)
    early = box.hub("carry", "export", str(box.folder))
    assert (early.returncode, "set it up with a kit" in early.stderr) == (65, True)
    there = box.office.command("import", str(junk))
    assert there.returncode == 65
    assert there.stdout.splitlines() == [
        "foto.vhub: This is no file from a hub; choose the one whose name ends in .vhub.",
        "0 files taken in, 1 not.",
    ]
    assert box.hub("carry", "export").returncode == 2
    assert box.hub("setup", "--kit", str(junk), "--name", "Ucú").returncode == 64
    assert box.office.command("sites", "kit", "none", "-o", str(junk)).returncode == 65
