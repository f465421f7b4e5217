"""Proves that head office still serves: asks it over the loopback, and tells systemd once an answer came.

    start_pulse(settings, port)         # READY=1 after the first answer, WATCHDOG=1 after each; a thread
    server.run()

The question goes through the server, a thread and the database. A PostgreSQL that is away is answered in time, with
503, and that is an answer: to start head office again would bring no database back. One that neither answers nor
refuses holds the threads until nobody is answered, and then the watchdog ends it.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from collector.notify import notify, watchdog_pace

if TYPE_CHECKING:
    from collector.settings import Settings

PATH = "/healthz/pulse"
UNWATCHED = 5.0  # seconds for one question if there is no watchdog
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - whom to ask, where the server listens to all
SAYS = {HTTPStatus.OK: "answers", HTTPStatus.SERVICE_UNAVAILABLE: "the database cannot be reached"}
log = logging.getLogger("collector.pulse")


def start_pulse(settings: Settings, port: int) -> None:
    """Begin to ask, if there is somebody to tell."""
    if notify("STATUS=starts"):
        threading.Thread(target=_run, args=(settings.host, port), name="pulse", daemon=True).start()


def _run(host: str, port: int) -> None:
    pace = watchdog_pace()
    words, patience = ["READY=1", "WATCHDOG=1"], pace or UNWATCHED
    # One connection for good: a server with as many as it takes accepts no more, and serves all the same.
    connection = http.client.HTTPConnection(HERE.get(host, host), port, timeout=patience)
    while True:
        due = time.monotonic() + patience
        status = _ask(connection)
        if status is not None:
            notify(*words, f"STATUS={status}")
            words = ["WATCHDOG=1"]
            if pace is None:
                return
        time.sleep(max(due - time.monotonic(), 0))


def _ask(connection: http.client.HTTPConnection) -> str | None:
    """What the answer says; None if none came, or another than it should be."""
    try:
        connection.request("GET", PATH)
        with connection.getresponse() as answer:
            answer.read()
            return SAYS[HTTPStatus(answer.status)]
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        log.warning("Head office did not answer itself: %s.", error or type(error).__name__)
        connection.close()
        return None
