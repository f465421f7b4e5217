"""What setup.py makes: translations and assets, the same each time (tests/test_distribution.py looks into the wheel)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import PoFileError

from setup import ROOT, compile_catalogues, gather_assets, slim

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_catalogue_compiles_to_the_same_bytes_on_another_day(tmp_path: Path) -> None:
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text('msgid ""\nmsgstr "Language: es\\n"\n\nmsgid "a"\nmsgstr "b"\n')
    compile_catalogues(tmp_path)
    assert b"POT-Creation-Date: 1970-01-01 00:00+0000" in (folder / "messages.mo").read_bytes()


def test_an_invalid_catalogue_stops_the_build(tmp_path: Path) -> None:
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text('msgid "a"\nnonsense\n')
    with pytest.raises(PoFileError):
        compile_catalogues(tmp_path)
    assert not (folder / "messages.mo").exists()
