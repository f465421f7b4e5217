"""The line out of the village: HTTP connections that are bounded in time and bytes, and counted by the kernel.

    with Line(clock) as line:
        reply = line.post("https://office.example/v1/summaries", body)     # raises NoAnswer with a sentence
    with Line(clock, stop, kind=CONTENT) as line:
        source = HttpSource(url, line.session, line)                       # the line is its gate

Each message is signed by whoever made it, so nothing is believed because of the connection it came by. TLS keeps it
private; who answers must hold a certificate for that name from a known authority. Its dates are checked only while the
kernel holds network time: else they would be judged by the wall clock of a box that may stand in 2000, and a hub could
then never ask for the time.

Bytes are what TCP moved both ways, TLS and retransmissions included (TCP_INFO, tcp(7)), plus headers of IP and TCP for
each segment. Name look-ups and the packets of failed connections are not counted, so the figure is a close estimate.
They are written down while they flow (see ledger.py), and a download asks for each piece whether the budget allows it.
Where there is a budget the kernel may hold little that was not asked for, so that a refusal stops the bytes as well.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Self

import requests
from peewee import PeeweeException
from urllib3.exceptions import HTTPError
from urllib3.util import SKIP_HEADER

from content_cache.errors import Refused
from hub.db import database
from hub.errors import HubError
from hub.site import this_site
from hub.uplink.budget import COUNTS, Kind, Room, sentence
from hub.uplink.ledger import WRITE_EVERY, Tally, room_now, rules
from hub.uplink.meter import Meter, open_session
from hub.uplink.replies import LONGEST_REPLY, MEDIA_TYPE, host_of, refusal, unreached

if TYPE_CHECKING:
    from hub.clock import Clock

CONNECT, READ = 20.0, 60.0  # seconds without progress
DEADLINE = 300.0  # seconds for one exchange of counts, however slowly it moves
LOOK_EVERY = 0.2  # seconds
MOST_UNASKED = 64 << 10  # bytes that the kernel may take in before they are asked for
log = logging.getLogger("hub.uplink")


class NoAnswer(HubError):
    """Head office was not reached, or something else answered in its place; what waits is kept, and tried again.

    `refused`: something there said no to what was asked, with a status of 4xx. It is not signed, so it may be wrong.
    """

    exit_code = 69

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        super().__init__(sentence)
        self.refused = refused


class Reply(NamedTuple):
    """The bytes of an answer, and the seconds from asking to having it."""

    body: bytes
    seconds: float


class Line:
    """Counts what crosses it, also when it breaks, and is cut when the deadline passes or `stop` is set.

    `session` is for downloads, each piece of which is asked for with `ask`.
    """

    def __init__(self, clock: Clock, stop: threading.Event | None = None, *, kind: Kind = COUNTS) -> None:
        self._clock, self._kind = clock, kind
        self._stop = stop or threading.Event()
        self._meter, self._tally = Meter(), Tally(clock, kind)
        self._room, self._room_from = Room(None), 0
        self._looked: float | None = None
        self._waiting: int | None = None  # in the kernel, when the budget ended
        self._ends: float | None = None
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="line")
        self.session = open_session(self._meter, buffer=MOST_UNASKED if rules().limited else None)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close, and write the bytes down in the ledger."""
        self._closing.set()
        self._watcher.join()
        self.session.close()
        self._tally.close(*self._meter.read())

    def ask(self, count: int) -> None:
        """Whether `count` bytes more may be read; raises Refused. Rules and other lines are looked at each 5 seconds.

        What waits in the kernel by the time that the budget ends has crossed and is paid for, so it may be read still.
        """
        if self._stop.is_set():
            raise Refused("The hub is stopping; the rest comes when it runs again.")
        if self._has_room(max(count - self._meter.unread(), 0)):
            self._waiting = None
            return
        if self._waiting is None:
            self._waiting = self._meter.unread()
            self._meter.narrow()
        self._waiting -= count
        if self._waiting < 0:
            raise Refused(sentence(self._room, this_site().zone))

    def _has_room(self, new: int) -> bool:
        """Whether `new` bytes may cross that have not yet."""
        if self._looked is None or self._clock.since_boot() - self._looked >= WRITE_EVERY:
            self._look(new)
        left, moved = self._room.left, sum(self._meter.read()) - self._room_from
        if left is None or (left > 0 and left - moved >= new):
            return True
        self._tally.close(*self._meter.read())
        self._look(new)
        return self._room.left != 0

    def _look(self, least: int) -> None:
        """Look the room up; of what crosses here it knows what is written down by then."""
        self._looked, self._room_from = self._clock.since_boot(), self._tally.written
        self._room = room_now(self._clock, self._kind, least=max(least, 1))

    def room(self, least: int) -> Room:
        """What may cross now, what crossed here included; nothing if that is less than `least` bytes."""
        self._tally.close(*self._meter.read())
        return room_now(self._clock, self._kind, least=least)

    def post(self, url: str, body: bytes) -> Reply:
        """Send `body`, and give back what was answered with a 200. Raises NoAnswer."""
        self._ends = time.monotonic() + DEADLINE
        try:
            return self._post(url, body)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise NoAnswer(unreached(host_of(url), error)) from None
        finally:
            self._ends = None

    def _post(self, url: str, body: bytes) -> Reply:
        headers = {"Content-Type": MEDIA_TYPE, "Accept-Encoding": SKIP_HEADER}  # who packs unasked heeds it no more
        began = self._clock.since_boot()
        with self.session.post(
            url, body, headers=headers, timeout=(CONNECT, READ), allow_redirects=False, stream=True
        ) as response:
            answer = response.raw.read(LONGEST_REPLY + 1)
            seconds = self._clock.since_boot() - began
            if refused := refusal(host_of(url), response.status_code, response.headers, answer):
                raise NoAnswer(refused, refused=400 <= response.status_code < 500)
            announced = response.headers.get("Content-Length", "")
            if announced.isdecimal() and len(answer) < int(announced):
                raise requests.ConnectionError
            return Reply(answer, seconds)

    def _watch(self) -> None:
        """Write down what crosses while it does, and cut the line when its time is over."""
        try:
            while not self._closing.wait(LOOK_EVERY):
                self._note()
                if self._stop.is_set() or (self._ends is not None and time.monotonic() > self._ends):
                    self._meter.cut()
        finally:
            database.close()

    def _note(self) -> None:
        try:
            self._tally.moved(*self._meter.read())
        except PeeweeException as error:  # what could not be written is written with the next
            log.warning("the ledger could not be written: %s", error)
