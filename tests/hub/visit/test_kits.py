"""Kits on sticks: offered where they lie, and no stick, however it was made, costs the box its memory or its peace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.visit import kits
from wire.kit import SUFFIX

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "sda1"
    place.mkdir()
    monkeypatch.setattr(kits, "mounted", lambda _under: [place])
    return place


def test_kits_lie_at_the_top_or_in_our_folder(stick: Path, tmp_path: Path) -> None:
    (stick / "village-hub").mkdir()
    for name in (f"b{SUFFIX}", f"a{SUFFIX}", "photo.jpg", f".hidden{SUFFIX}", f"village-hub/c{SUFFIX}"):
        (stick / name).write_bytes(b"x")
    (stick / f"link{SUFFIX}").symlink_to(tmp_path)
    assert [kit.name for kit in kits.kits_below(tmp_path)] == [f"a{SUFFIX}", f"b{SUFFIX}", f"c{SUFFIX}"]


def test_of_a_stick_with_names_without_end_some_are_looked_at(
    stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kits, "MOST_FILES", 10)
    for number in range(40):
        (stick / f"{number}{SUFFIX}").write_bytes(b"x")
    assert len(kits.kits_below(tmp_path)) == 10
