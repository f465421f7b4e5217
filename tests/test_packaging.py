"""What setup.py adds: translations and assets, the same each time, inside the wheel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import PoFileError

from setup import ROOT, compile_catalogues, gather_assets, slim

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = [
    "wire",
    "content_cache",
    "hub",
    "collector",
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
]
BUILT = shutil.ignore_patterns("static", "*.mo", "__pycache__")


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_a_second_build_touches_nothing(tmp_path: Path) -> None:
    gather_assets(ROOT / "hub" / "frontend", tmp_path / "static")
    before = state(tmp_path / "static")
    gather_assets(ROOT / "hub" / "frontend", tmp_path / "static")
    assert state(tmp_path / "static") == before
    assert len(before) >= 7


def test_a_changed_asset_gets_another_name_and_the_old_one_goes(tmp_path: Path) -> None:
    sources = tmp_path / "frontend"
    sources.mkdir()
    (sources / "a.css").write_text("a { color: red }")
    gather_assets(sources, tmp_path / "static")
    (first,) = (path.name for path in (tmp_path / "static").glob("*.css"))
    (sources / "a.css").write_text("a { color: blue }")
    gather_assets(sources, tmp_path / "static")
    (second,) = (path.name for path in (tmp_path / "static").glob("*.css"))
    assert first != second
    assert json.loads((tmp_path / "static" / "manifest.json").read_bytes()) == {"a.css": second}


def test_comments_and_indents_stay_at_home() -> None:
    assert slim("/* why\n   so */\na {\n  b: c;\n}\n\n", ".css") == "a {\nb: c;\n}\n"
    assert slim("  // why\n  go('http://x'); // stays\n", ".js") == "go('http://x'); // stays\n"


def test_an_invalid_catalogue_stops_the_build(tmp_path: Path) -> None:
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text('msgid "a"\nnonsense\n')
    with pytest.raises(PoFileError):
        compile_catalogues(tmp_path)
    assert not (folder / "messages.mo").exists()


def test_the_wheel_carries_translations_assets_templates_and_migrations(tmp_path: Path) -> None:
    """Built from a copy without anything built before, as from a fresh checkout."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / "checkout" / name, ignore=BUILT)
        else:
            shutil.copy(source, tmp_path / "checkout" / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*command, "-w", tmp_path, tmp_path / "checkout"], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    manifest = json.loads(zipfile.ZipFile(wheel).read("hub/static/manifest.json"))
    wanted = {f"hub/static/{name}{end}" for name in manifest.values() for end in ("", ".gz")}
    for package in ("hub", "collector"):
        wanted.add(f"{package}/translations/es/LC_MESSAGES/messages.mo")
        wanted |= {
            str(path.relative_to(ROOT))
            for pattern in ("**/*.py", "**/templates/**/*.html")
            for path in (ROOT / package).glob(pattern)
        }
    assert wanted - packed == set()
    assert not [name for name in packed if name.endswith((".po", ".orig")) or "/frontend/" in name or "tests/" in name]
