"""A hub with a clock of its own and a library, for all that content delivery does."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from content_cache.library import Library
from content_cache.publisher.publish import publish
from content_cache.trust import keys, protect
from content_cache.trust.publishing import sign_repository
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.db import database, writing
from hub.settings import Settings
from hub.site import Site, this_site
from tests.content_cache.making import PDF, course, yaml
from tests.hub.technician.conftest import Bench
from tests.hub.technician.conftest import publish as publish_two
from tests.simulators.coming import leave_out
from tests.simulators.office import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MERIDA = ZoneInfo("America/Merida")
ITEM = "precio-justo/costos"
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


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path)
    if not database.is_closed():
        database.close()


@pytest.fixture
def waiting(bench: Bench) -> Bench:
    """A hub on which one of two lessons, ITEM, is coming."""
    publish_two(bench.settings.library_root)
    leave_out(Library(bench.settings.library_root), {ITEM: 12_000_000})
    return bench


class Press:
    """Head office's desk: courses that are published and signed into `repository`."""

    def __init__(self, folder: Path) -> None:
        self.courses, self.repository, self.keys = folder / "courses", folder / "repository", folder / "keys"
        self.now = NOON.astimezone(dt.UTC)
        keys.create(self.keys, WORDS, now=self.now)
        self.root = self.keys / "roots" / "1.root.json"

    def course(self, slug: str, *books: int) -> None:
        """A course of a reading, and books of so many bytes that nothing makes smaller."""
        folder = course(self.courses / slug, slug=slug)
        items = "  - {item: costos, kind: reading, title: Costos, file: uno.md}\n"
        for number, size in enumerate(books, start=1):
            body = hashlib.shake_256(f"{slug} {number} {size}".encode()).digest(size)
            (folder / f"libro-{number}.pdf").write_bytes(PDF[:9] + body + PDF[9:])
            items += f"  - {{item: libro-{number}, kind: document, title: Libro {number}, file: libro-{number}.pdf}}\n"
        (folder / "course.yaml").write_text(yaml(slug, items), "utf-8")

    def publish(self) -> int:
        """Publish and sign what there is; the number of its signing."""
        publish(self.courses, self.repository)
        return sign_repository(self.repository, self.keys, WORDS, now=self.now).snapshot


@pytest.fixture
def press(tmp_path: Path, quick_keys: None) -> Press:
    return Press(tmp_path / "press")
