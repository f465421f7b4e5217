"""What a wheel carries, and that the bare install is the hub alone."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of what git tracks, so that nothing built before helps."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    for name in (Path(each.decode()) for each in files if each):
        if name.parts[0] not in {"samples", "tests"} and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(source)]
    subprocess.run(command, check=True)
    (built,) = out.glob("village_hub-*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_brings_translations_assets_templates_and_migrations(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    for wanted in (
        "hub/translations/es/LC_MESSAGES/messages.mo",
        "collector/translations/es/LC_MESSAGES/messages.mo",
        "hub/static/manifest.json",
        "hub/templates/base.html",
        "hub/library/templates/library/home.html",
        "hub/migrations/0001_boots_and_the_site.py",
        "collector/assets/style.css",
        "wire/py.typed",
    ):
        assert wanted in names
    assert any(name.startswith("hub/static/player.") and name.endswith(".js.gz") for name in names)


def test_the_wheel_brings_nothing_that_a_box_does_not_run(wheel: zipfile.ZipFile) -> None:
    assert not [name for name in wheel.namelist() if name.startswith(("tests/", "samples/", "benchmarks/", "deploy/"))]


def test_the_bare_install_needs_neither_publisher_nor_head_offices_database() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = " ".join(project["dependencies"]).lower()
    assert not [name for name in ("pyyaml", "webvtt", "psycopg", "pytest", "libzim") if name in needs]
