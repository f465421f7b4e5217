"""A hub with a clock of its own and a library, for all that content delivery does."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from content_cache.library import Library
from content_cache.trust import protect
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.db import database, writing
from hub.settings import Settings
from hub.site import Site, this_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MERIDA = ZoneInfo("America/Merida")
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=MERIDA)


class Box:
    """One hub. `seconds` is the time since its boot, which only the test moves."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder, reserve_mb=0)
        open_or_restore(self.settings)
        self.library = Library(self.settings.library_root)
        with writing():
            this_site()
            Site.update(time_zone="America/Merida").execute()
        self.boot("first", certain=True)

    def boot(self, boot_id: str, *, certain: bool = False, seconds: float = 100.0) -> None:
        self.seconds = seconds
        self.clock = Clock(
            since_boot=lambda: self.seconds, wall=lambda: 0.0, boot_id=boot_id, synchronised=lambda: False
        )
        if certain:
            self.clock.learn(NOON, "technician")


@pytest.fixture
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that are stretched in few rounds."""
    monkeypatch.setattr(protect, "ROUNDS", 1000)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    yield Box(tmp_path / "hub")
    database.close()
