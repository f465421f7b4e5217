"""A server for a test that does as it is told: with its next requests what `play` says, then what `habit` says."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer


class Scripted:
    """It answers within a `with` block; what hangs ends with it, since it waits for `release`."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.habit = "honest"
        self.script: deque[str] = deque()
        self.release = threading.Event()
        self._server = server

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def play(self, *modes: str) -> None:
        """Do these with the next requests, one each."""
        self.script.extend(modes)
