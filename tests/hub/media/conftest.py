"""A real server over a real store, with a ledger in place of the database."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import pytest

from content_cache.store import BlobStore
from hub.media.answer import MediaFirst
from hub.server import HubServer
from hub.settings import Settings
from tests.hub.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 4000  # 1,024,000 bytes


class Ledger:
    """Takes what the recorder would take."""

    def __init__(self) -> None:
        self.before_flush: list[Callable[[], None]] = []
        self.bytes = 0
        self.downloads: list[int | None] = []
        self._lock = threading.Lock()

    def delivered(self, size: int) -> None:
        with self._lock:
            self.bytes += size

    def downloaded(self, item: int | None) -> None:
        self.downloads.append(item)


class Served:
    """Where the server listens, what it holds and what it told the ledger."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger()
        self.store = BlobStore(folder / "blobs")
        self.sha256 = self.store.put(io.BytesIO(CONTENT)).sha256
        self.media = MediaFirst(self.pages, self.store, self.ledger)  # type: ignore[arg-type]
        self.server = HubServer(self.media, Settings(port=0, threads=2, connections=600))
        self.port = int(self.server.effective_port)
        self.path = f"/media/{self.sha256}/lesson.mp4"
        self.release_pages = threading.Event()

    def pages(self, environ, start_response):
        if environ["PATH_INFO"] == "/wait":
            self.release_pages.wait(20)
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "4")])
        return [b"page"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    it = Served(tmp_path)
    with serving(it.server):
        yield it
        it.release_pages.set()
