"""The units of systemd/: systemd finds nothing wrong with them, they are locked down, and they say the same things."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SYSTEMD = ROOT / "systemd"
UNITS = sorted(path for path in SYSTEMD.iterdir() if path.is_file())
SERVICES = sorted(SYSTEMD.glob("*.service"))
PROGRAM = re.compile(r"^(Exec\w+=[-+!:@]*)/\S+", re.MULTILINE)
EXPOSURE = {"hub-web.service": 1.5, "hub-worker.service": 1.5}
VILLAGE = "localhost 10.44.0.0/22 10.45.0.0/24 169.254.0.0/16"


def keys(name: str, section: str) -> dict[str, list[str]]:
    """Every line of a section, the values of a key that comes several times in order."""
    found: dict[str, list[str]] = {}
    part = re.search(rf"^\[{section}\]$(.*?)(?=^\[|\Z)", (SYSTEMD / name).read_text(), re.MULTILINE | re.DOTALL)
    for line in part[1].splitlines() if part else []:
        if "=" in line and not line.startswith(("#", ";")):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("component absent: systemd-analyze; apt-get install systemd")
    return program


def test_systemd_finds_nothing_wrong_with_any_unit(analyze: str, tmp_path: Path) -> None:
    """Its exit code says little; what it thinks it says on stderr. The programs are elsewhere here."""
    for path in UNITS:
        (tmp_path / path.name).write_text(PROGRAM.sub(r"\1/bin/true", path.read_text()))
    names = [str(tmp_path / path.name) for path in UNITS]
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", *names]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in ended.stderr.splitlines() if any(path.name in line for path in UNITS)]
    assert not ours


def test_systemd_would_find_a_word_that_it_does_not_know(analyze: str, tmp_path: Path) -> None:
    text = PROGRAM.sub(r"\1/bin/true", (SYSTEMD / "hub-web.service").read_text())
    (tmp_path / "hub-web.service").write_text(text.replace("RestartSec=", "RestartSeconds="))
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", str(tmp_path / "hub-web.service")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "RestartSeconds" in ended.stderr


@pytest.mark.parametrize("path", SERVICES, ids=[path.name for path in SERVICES])
def test_what_a_unit_exposes_is_little(analyze: str, path: Path) -> None:
    """As systemd reckons; what runs as root for the network may stay above."""
    command = [analyze, "security", "--offline=true", "--no-pager", f"--threshold={_threshold(path)}", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout[-400:] + ended.stderr


def _threshold(path: Path) -> int:
    """In tenths."""
    return int(EXPOSURE.get(path.name, 5.0) * 10)
