"""A stop that comes from one side or another: the worker ends, or what is more urgent waits.

stop = Either(work.stop, work.stick)        # to be handed to whatever takes a threading.Event and asks it
"""

from __future__ import annotations

import threading
import time

LOOK_EVERY = 0.5  # seconds


class Either(threading.Event):
    """Set while any of `events` is."""

    def __init__(self, *events: threading.Event) -> None:
        super().__init__()
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most `timeout` seconds; whether it is."""
        ends = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = LOOK_EVERY if ends is None else min(LOOK_EVERY, ends - time.monotonic())
            if left <= 0:
                return False
            self._events[0].wait(left)
        return True
