"""Proves that `hub web` still serves: asks it something over the loopback, as a phone would, and tells systemd.

    pulse = Pulse(server)
    pulse.start()           # READY=1 after the first right answer, WATCHDOG=1 after each
    server.serve()
    pulse.stop()

The question goes through the kernel, the server's loop, a thread of its pool and the database. So systemd ends and
restarts a hub whose loop or threads hang, and one that was stopped. What it does not end is a hub that answers that
its database cannot be read: a full disk, a damaged file or a database that another holds would be found again after
the restart, and meanwhile nobody were served the films and pages that need none of it. An error that comes in time is
an answer, then; it stands in `systemctl status`, and `hub doctor` says what to do.

A server with as many connections as it takes accepts no more, and serves all the same. So the pulse keeps the
connection of its last question, and asks over that one while the house is full.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import threading
import time
from typing import TYPE_CHECKING

from hub.notify import notify, watchdog_pace

if TYPE_CHECKING:
    from hub.server import HubServer

PATH = "/healthz/pulse"
UNWATCHED = 5.0  # seconds for one question if there is no watchdog
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - whom to ask, where the server listens to all
TROUBLE = (OSError, http.client.HTTPException, ValueError)
log = logging.getLogger("hub.pulse")


class Pulse:
    """One for each web process. Without a service manager it does nothing."""

    def __init__(self, server: HubServer) -> None:
        self._server = server
        host = str(server.effective_host)
        self._host = HERE.get(host, host)
        self._port = int(server.effective_port)
        self._pace = watchdog_pace()
        self._kept: http.client.HTTPConnection | None = None
        self._stopping = threading.Event()
        self._told = ""

    def start(self) -> None:
        """Begin to ask, in a thread, if there is somebody to tell."""
        if notify("STATUS=starts"):
            threading.Thread(target=self._run, name="pulse", daemon=True).start()

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopping.set()

    def _run(self) -> None:
        words, due = ["READY=1", "WATCHDOG=1"], time.monotonic()
        while not self._stopping.wait(max(due - time.monotonic(), 0)):
            due = time.monotonic() + (self._pace or UNWATCHED)
            status = self.ask(self._pace or UNWATCHED)
            if status is None or self._stopping.is_set():
                continue
            notify(*words, *self._news(status))
            words = ["WATCHDOG=1"]
            if self._pace is None:
                return

    def _news(self, status: str) -> list[str]:
        """What to tell of `status`, once."""
        if status == self._told:
            return []
        self._told = status
        return [f"STATUS={status}"]

    def ask(self, patience: float) -> str | None:
        """Ask once, for `patience` seconds at most; what the hub says of its database, or None if no answer came."""
        if self._server.in_connection_overflow and self._kept is not None:
            return self._answer(self._kept)
        connection = http.client.HTTPConnection(self._host, self._port, timeout=patience)
        status = self._answer(connection)
        kept, self._kept = (self._kept, connection) if status else (connection, self._kept)
        if kept is not None:
            kept.close()
        return status

    def _answer(self, connection: http.client.HTTPConnection) -> str | None:
        try:
            connection.request("GET", PATH)
            with contextlib.closing(connection.getresponse()) as answer:
                return str(json.loads(answer.read())["database"])
        except (*TROUBLE, KeyError, TypeError) as error:
            log.warning("The hub did not answer itself: %s.", error or type(error).__name__)
            return None
