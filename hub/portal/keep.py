"""Write sign-ins down, off the request path and together with what the recorder writes.

sign_ins = SignIns(clock)
sign_ins.happened()
sign_ins.save()                 # one transaction; called before each flush of the recorder
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from typing import TYPE_CHECKING

from peewee import PeeweeException

from hub.db import writing
from hub.portal.models import PortalSignIn
from hub.site import this_site

if TYPE_CHECKING:
    from hub.clock import Clock

MOST_WAITING = 10_000  # sign-ins that wait for a disk that is full; each lease makes one in 12 hours
TROUBLE = (PeeweeException, sqlite3.Error, OSError)
log = logging.getLogger(__name__)


class SignIns:
    """One for each web process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[float] = deque(maxlen=MOST_WAITING)
        self._failing = False

    def happened(self) -> None:
        """Somebody signed in now; one append, so that any thread may."""
        self._waiting.append(self._clock.since_boot())

    def save(self) -> None:
        """What cannot be written waits for the next time, and the log says so once."""
        count = len(self._waiting)
        if not count:
            return
        moments = [self._waiting[index] for index in range(count)]
        try:
            with writing():
                epoch, boot = this_site().epoch, self._clock.boot
                rows = [{"epoch": epoch, "boot": boot, "seconds": seconds} for seconds in moments]
                PortalSignIn.insert_many(rows).execute()
        except TROUBLE as error:
            if not self._failing:
                log.warning("Sign-ins at the portal could not be written (%s); they wait in memory.", error)
            self._failing = True
            return
        self._failing = False
        for _ in moments:
            self._waiting.popleft()
