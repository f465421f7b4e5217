"""A hub's server in a thread of the test's own, ended with the block.

with serving(HubServer(app, settings)):
    ...
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from hub.db import database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hub.server import HubServer


@contextlib.contextmanager
def serving(server: HubServer) -> Iterator[None]:
    """Serve until the end of the block; the server must end then, and nobody's connection to the database stay open."""
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(10)
        if not database.is_closed():
            database.close()
    assert not thread.is_alive()
