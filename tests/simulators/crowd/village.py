"""A hub with a clock that the simulator turns, served over real sockets, and what it must have counted.

    with Village(folder, library, "America/Tijuana", datetime(2028, 3, 11, 9)) as village:
        village.spawn(life(Phone(village), dice), at=village.now + 60)
        village.run(until=village.now + 86_400)
        village.cut()                           # the power fails: what is not on the disk is lost
        village.switch_on(certain=False)        # nobody tells the box what time it is...
        village.learn()                         # ... until somebody does
        days = village.sealed()                 # site-days as head office reads them
        village.truth.day(date(2028, 3, 12))    # what they must say

Nothing passes by itself: between two events the clock jumps, and stops on the way wherever the recorder's thread
would have written (each FLUSH seconds, and each hour while nobody is there). What came in since then is `fresh`, and
is what a power cut takes away. Times are multiples of an eighth of a second, so that no sum of them is rounded.
"""

from __future__ import annotations

import datetime as dt
import heapq
import http.client
import itertools
import json
import os
import shutil
from collections import Counter, defaultdict
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Self
from unittest import mock
from zoneinfo import ZoneInfo

from content_cache.library import Library
from hub.app import create_app
from hub.clock import Boot, Clock
from hub.db import database, writing
from hub.server import HubServer
from hub.settings import Settings
from hub.site import Site, signing_key
from hub.uplink.models import Outbox
from hub.uplink.seal import roll_up
from tests.hub.serving import serving
from tests.simulators.crowd.reality import Reality
from tests.simulators.crowd.taps import Door, Exchange, Kernel
from tests.simulators.crowd.truth import Act, Lesson, Sent, Told, Truth
from wire.summary import unseal

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.simulators.crowd.phone import Phone
    from wire.summary import SiteDay

FLUSH = 4  # seconds, as HUB_FLUSH_EVERY
TIMED = {"video", "audio"}
NEVER = 1e6  # seconds; the recorder's own thread would go by another clock
AWAKE = 3600  # seconds between the notes of a hub that nobody uses; the real one makes them each minute


class Village:
    """One hub and all that happens to it. `start` is local time."""

    def __init__(self, folder: Path, library: Path, zone: str, start: dt.datetime) -> None:
        self.zone = ZoneInfo(zone)
        self.now = self.start = self.end = start.replace(tzinfo=self.zone).timestamp()
        self.settings = Settings(data=folder / "hub", port=0, flush_every=NEVER, idle_timeout=3600)
        shutil.copytree(library, self.settings.library_root, symlinks=True, copy_function=os.link)
        self.lessons, self.kinds, self._file = _lessons(Library(self.settings.library_root))
        self.truth = Truth(self.zone, self.lessons)
        self.reality = Reality()
        self.kernel = Kernel()
        self.phones: list[Phone] = []
        self.happened: Counter[str] = Counter()
        self.broken: list[Told] = []
        self.fresh: list[Act] = []
        self.lost: list[tuple[float, Act | Sent]] = []  # how many seconds before the power cut
        self.is_on = self.is_dated = False
        self.boots = 0
        self.booted: dict[int, float] = {}
        self._up: list[tuple[float, float]] = []
        self._events: list[tuple[float, int, Generator[float]]] = []
        self._order = itertools.count()
        self._open = ExitStack()
        self._serving = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(mock.patch.object(os, "sendfile", self.kernel.sendfile))
        self.switch_on()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end()
        self._open.close()

    # The box

    def switch_on(self, *, certain: bool = True) -> None:
        """A boot; `certain` if the box learns the time at once."""
        self.boots += 1
        booted = self.booted[self.boots] = self.now - 20
        self.clock = Clock(
            since_boot=lambda: self.now - booted,
            wall=lambda: 0.0,
            boot_id=f"boot {self.boots}",
            synchronised=lambda: False,
        )
        self.is_dated, self._up = False, []
        self._begin()
        if certain:
            self.learn()

    def learn(self) -> None:
        """A technician or head office says what time it is: what happened since the boot has a date now."""
        self.clock.learn(dt.datetime.fromtimestamp(self.now, dt.UTC), "a test")
        truth, boot = self.truth, self.boots
        truth.acts = [act._replace(boot=None) if act.boot == boot else act for act in truth.acts]
        truth.sent = [sent._replace(boot=None) if sent.boot == boot else sent for sent in truth.sent]
        truth.up += self._up
        self.is_dated, self._up = True, []

    def cut(self) -> None:
        """The power fails."""
        self._end()
        self.lost += [(self.now - act.at, act) for act in self.fresh]
        if self.kernel.taken != self._noted:
            self.lost.append((0.0, Sent(self.now, self.kernel.taken - self._noted, self.kernel.downloads - self._kept)))
        self.fresh = []
        self.broken += self._broken_promises()

    def _broken_promises(self) -> list[Told]:
        """What a phone was told is kept, and is not among all that the hub took in and did not lose."""
        known: dict[tuple[str, int], int] = defaultdict(int)
        for act in self.truth.acts:
            for told in act.plays:
                known[told.id, told.item] |= told.played
        promised = [self.truth.told(play) for phone in self.phones for play in phone.promised]
        return [told for told in promised if told.played & ~known[told.id, told.item]]

    def crash(self) -> None:
        """The program dies and is started again at once, within the same boot."""
        self.cut()
        self._begin()

    def restart(self) -> None:
        """The program ends in order, as for an update, and starts again."""
        self.flush()
        self._end()
        self._begin()

    def _begin(self) -> None:
        app = create_app(self.settings, self.clock)
        if self.boots == 1:
            with writing():
                Site.update(time_zone=self.zone.key).execute()
        self.recorder = app.extensions["hub"].recorder
        self.recorder.start()
        self.door = Door(app, self.kernel, self._note)
        server = HubServer(self.door, self.settings)
        self.port = int(server.effective_port)
        self._serving.enter_context(serving(server))
        self._barrier = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self._began = self._flushed = self._stirred = self.now
        self._noted, self._kept = self.kernel.taken, self.kernel.downloads
        self.is_on = True

    def _end(self) -> None:
        if self.is_on:
            self._barrier.close()
            self.recorder._stopping.set()  # its thread ends, and writes nothing
            self.recorder._thread.join()
            self._serving.close()
            database.close()
        self.is_on = False

    # Time

    def spawn(self, steps: Generator[float], at: float) -> None:
        """Run `steps` from `at` on; each value that it yields is how many seconds it waits."""
        heapq.heappush(self._events, (max(at, self.now), next(self._order), steps))

    def run(self, until: float) -> None:
        """Let time pass, and everybody act when it is their turn."""
        while self._events and self._events[0][0] <= until:
            at, _, steps = heapq.heappop(self._events)
            self.advance(at)
            wait = next(steps, None)
            if wait is not None:
                self.spawn(steps, self.now + wait)
        self.advance(until)

    def advance(self, to: float) -> None:
        """Turn the clock; the recorder writes whenever its thread would."""
        while self.is_on and (due := self.due) <= to:
            self.now = due
            self.flush()
        self.now = to
        if not self._waits():
            self._stirred = to

    def _waits(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.fresh) or self.kernel.taken != self._noted

    @property
    def due(self) -> float:
        """When the recorder's thread writes next: it wakes each FLUSH seconds, and writes if there is something."""
        since = max(self._flushed, self._stirred) if self._waits() else self._flushed + AWAKE - FLUSH
        return self._began + ((since - self._began) // FLUSH + 1) * FLUSH

    def flush(self) -> None:
        """What the recorder's thread does."""
        if self.kernel.taken != self._noted:
            self._settle()
        with self.kernel.lock:
            self.recorder.flush()
            bytes_, downloads = self.kernel.taken - self._noted, self.kernel.downloads - self._kept
            self._noted, self._kept = self.kernel.taken, self.kernel.downloads
        boot = None if self.is_dated else self.boots
        self.truth.acts += [act._replace(boot=boot) for act in self.fresh]
        self.truth.sent.append(Sent(self.now, bytes_, downloads, boot))
        (self.truth.up if self.is_dated else self._up).append((self._flushed, self.now))
        self.fresh, self._flushed = [], self.now

    def _settle(self) -> None:
        """Media is answered in the server's loop: once it has answered these, it is done with all that came before."""
        for _ in range(2):
            self._barrier.request("HEAD", self._file)
            self._barrier.getresponse().read()

    # What was accepted

    def _note(self, exchange: Exchange) -> None:
        if exchange.visitor is None:
            return
        if exchange.is_page:
            self.fresh.append(Act(self.now, exchange.visitor, exchange.language, ()))
        elif exchange.is_report:
            plays = tuple(self.truth.told(play) for play in json.loads(exchange.body)["plays"])
            self.fresh.append(Act(self.now, exchange.visitor, None, plays))

    def seal(self, *, open_days: bool = False) -> None:
        """What the worker does now and then."""
        roll_up(self.settings, self.clock, Library(self.settings.library_root), open_days=open_days)

    def sealed(self) -> dict[dt.date, SiteDay]:
        """The newest revision of each site-day, out of the bytes that go to head office."""
        return {day.day: day for day in self._unsealed() if day.day}

    def sealed_undated(self) -> dict[tuple[int, int], SiteDay]:
        """The parts of boots without a date, by the number of the boot and of the part."""
        boots = {Boot.get(boot_id=f"boot {number}").tag: number for number in self.booted}
        return {(boots[day.undated.boot], day.undated.part): day for day in self._unsealed() if day.undated}

    def _unsealed(self) -> list[SiteDay]:
        key = signing_key(self.settings.keys).public_key()
        rows = Outbox.select().where(~Outbox.emptied)
        return [unseal(bytes(row.sealed), lambda _hub: key) for row in rows]


def _lessons(library: Library) -> tuple[dict[str, Lesson], dict[str, str], str]:
    """What the published catalogue says of each item: number and length; its kind; and the address of some file."""
    catalogue = library.catalogue()
    assert catalogue is not None
    with closing(catalogue):
        items = [item for course in catalogue.courses() for item in catalogue.items(course.slug)]
    lessons = {item.id: Lesson(item.number, item.seconds if item.kind in TIMED else None) for item in items}
    return lessons, {item.id: item.kind for item in items}, f"/media/{items[0].files[0].sha256}/a"
