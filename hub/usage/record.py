"""Take in what happens and write it down in batches, off the request path.

    recorder = Recorder(settings, clock, library)
    recorder.start()                    # a thread; one transaction each settings.flush_every seconds
    recorder.delivered(65_536)          # bytes that a socket took
    recorder.report(cookie, reports)    # ids whose reported state is on the disk already
    recorder.stop()                     # nothing that was taken in is lost

The recorder holds the recent visits with their plays, what they say now beside what the disk is known to say. A
flush writes the difference. If it can't (the disk is full, the database is locked) all stays here and the next one
tries again: reports stay unkept, so the pages repeat them, and counts keep the hour to which they belong.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from peewee import PeeweeException

from hub.db import database
from hub.site import this_site
from hub.usage.intervals import subtract, union
from hub.usage.keep import PlayDraft, Row, Stretch, VisitDraft, keep
from hub.usage.models import VISIT_GAP
from hub.usage.visitors import UNKNOWN, VisitorKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.usage.intervals import Intervals
    from hub.usage.visitors import Month

IDLE_FLUSH = 60  # seconds; an idle hub still notes that it is up, yet spares its card
NOW_PLAYING = 30  # seconds since the last report
MOST_UNSAVED = 5000  # visits that wait for the disk
MOST_PLAYS = 200  # plays of one visit; a person at a phone stays far below
MOST_STRETCHES = 1000  # flushes that wait for the disk; older ones are put together
VISITS_AT_ONCE = 100  # visits written in one transaction, so that the worker never waits long

TROUBLE = (PeeweeException, sqlite3.Error, OSError)  # a disk that is full, a database that is locked
log = logging.getLogger(__name__)
Waiting = TypeVar("Waiting")


class PlayReport(NamedTuple):
    """State of a play as its page tells it: the page's id for it, the item, what was played so far, for how many."""

    id: bytes
    item: str
    number: int
    intervals: Intervals
    heads: int = 1


class Playing(NamedTuple):
    """An item that is being played now, and by how many pages."""

    item: str
    plays: int


@dataclass(eq=False, slots=True)
class _Play:
    item: str
    told: float
    since: float | None = None  # first report of what is not on the disk; keep.py takes that of the first that is new
    intervals: Intervals = ()
    heads: int = 1
    saved: tuple[Intervals, int] = ((), 0)

    def merge(self, report: PlayReport, now: float) -> bool:
        """Take the report in; returns whether the disk has it already."""
        self.told = now
        self.intervals = union(self.intervals, report.intervals)
        self.heads = max(self.heads, report.heads)
        self.since = now if self.since is None and self.unsaved else self.since
        return report.heads <= self.saved[1] and not subtract(report.intervals, self.saved[0])

    def save(self, draft: PlayDraft) -> None:
        """Note that the disk has what `draft` says."""
        self.saved = (draft.intervals, draft.heads)
        if not self.unsaved:
            self.since = None

    @property
    def unsaved(self) -> bool:
        return self.saved != (self.intervals, self.heads)


@dataclass(eq=False, slots=True)
class _Visit:
    cookie: str
    first: float
    last: float
    language: str | None = None
    row: Row | None = None
    plays: dict[tuple[bytes, int], _Play] = field(default_factory=dict)

    def draft(self) -> VisitDraft:
        plays = [
            PlayDraft(id_, item, play.since, play.intervals, play.heads)
            for (id_, item), play in self.plays.items()
            if play.unsaved and play.since is not None
        ]
        return VisitDraft(self.cookie, self.first, self.last, self.language, self.row, plays)

    def saved(self, draft: VisitDraft, row: Row) -> bool:
        """Note that `draft` is on the disk; returns whether that is all there is."""
        self.row = row
        for play in draft.plays:
            self.plays[play.id, play.item].save(play)
        seen_all = self.last == draft.last and self.language == draft.language
        return seen_all and not any(play.unsaved for play in self.plays.values())


class Recorder:
    """One for each web process. Its methods may be called from any thread."""

    def __init__(self, settings: Settings, clock: Clock, library: Library) -> None:
        self.before_flush: list[Callable[[], None]] = []
        self.library = library
        self._settings = settings
        self._clock = clock
        self._keys = VisitorKeys(settings.keys)
        self._month: Month | None = None  # None until the keys are settled
        self._sizes: deque[int] = deque()
        self._downloads: deque[int | None] = deque()
        self._stretches: deque[Stretch] = deque()
        self._since = clock.since_boot()
        self._visits: dict[str, _Visit] = {}
        self._unsaved: dict[_Visit, None] = {}
        self._failing = False
        self._turned_away = 0
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to flush; the hub counts as up from here on. When the month ends is known before anybody comes."""
        try:
            self._settle_keys()
        except TROUBLE as error:
            self._failed(error)
        self._since = self._clock.since_boot()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write down all that was taken in and end the thread."""
        self._stopping.set()
        if self._thread:
            self._thread.join()
            self._thread = None
        self._flush(idle=False)

    def delivered(self, size: int) -> None:
        """`size` bytes of media left. Called for each answer: one append, which the interpreter makes atomic."""
        self._sizes.append(size)

    def downloaded(self, item_number: int | None) -> None:
        """The last byte of a download to take home left; the day counts downloads, not what they were of."""
        self._downloads.append(item_number)

    def seen(self, visitor: str, language: str) -> bool:
        """A phone that returned the cookie `visitor` asked for a page; returns whether it is the first of a visit."""
        with self._lock:
            visit = self._touch(visitor)
            if visit is None:
                return False
            first_page = visit.language is None
            visit.language = language
            return first_page

    def report(self, visitor: str, reports: Iterable[PlayReport]) -> list[str]:
        """Merge what pages of `visitor` tell; returns the ids (hexadecimal) whose state the disk has already."""
        with self._lock:
            visit = self._touch(visitor)
            if visit is None:
                return []
            return [report.id.hex() for report in reports if self._merge(visit, report)]

    def flush(self) -> None:
        """Write down what was taken in; if that fails it stays for the next time, and the log says so once."""
        self._flush(idle=False)

    def playing(self) -> list[Playing]:
        """What is being played now, most played first."""
        since = self._clock.since_boot() - NOW_PLAYING
        with self._lock:
            told = [
                play.item
                for visit in self._visits.values()
                if visit.last >= since
                for play in visit.plays.values()
                if play.told >= since
            ]
        return [Playing(*pair) for pair in Counter(told).most_common()]

    @property
    def failing(self) -> bool:
        """Whether the last flush could not be written, so that what is counted waits in memory."""
        return self._failing

    def _touch(self, cookie: str) -> _Visit | None:
        """The visit that goes on or begins with activity now; None if too many wait for the disk already."""
        now, visit = self._clock.since_boot(), self._visits.get(cookie)
        if visit is None or now - visit.last > VISIT_GAP or self._is_of_another_month(visit, now):
            if len(self._unsaved) >= MOST_UNSAVED:
                self._turned_away += 1
                return None
            visit = self._visits[cookie] = _Visit(cookie, now, now)
        visit.last = now
        self._unsaved[visit] = None
        return visit

    def _is_of_another_month(self, visit: _Visit, now: float) -> bool:
        """Whether a month ended since the visit began: noticed at a flush, or not yet."""
        month = self._month or UNKNOWN
        return visit.first < month.began or visit.last < month.ends <= now

    def _merge(self, visit: _Visit, report: PlayReport) -> bool:
        if not report.intervals:
            return True
        key = (report.id, report.number)
        play = visit.plays.get(key)
        if play is None and len(visit.plays) >= MOST_PLAYS:
            return False
        if play is None:
            play = visit.plays[key] = _Play(report.item, visit.last)
        return play.merge(report, visit.last)

    def _run(self) -> None:
        while not self._stopping.wait(self._settings.flush_every):
            try:
                self._flush(idle=True)
            except Exception:  # a fault of ours costs one flush, never the thread that makes them
                log.exception("A flush failed; what it held is tried again.")
        if not database.is_closed():
            database.close()

    def _flush(self, *, idle: bool) -> None:
        """One flush at a time; with `idle`, none while there is nothing but being up to note."""
        with self._flushing:
            self._ask_hooks()
            if idle and self._is_idle():
                return
            self._end_stretch()
            try:
                self._write()
                self._recovered()
            except TROUBLE as error:
                self._failed(error)

    def _ask_hooks(self) -> None:
        for hook in self.before_flush:
            try:
                hook()
            except Exception:
                log.exception("A count could not be read before the flush; the others go on.")

    def _is_idle(self) -> bool:
        waiting = self._sizes or self._downloads or self._stretches or self._unsaved
        return not waiting and self._clock.since_boot() - self._since < IDLE_FLUSH

    def _end_stretch(self) -> None:
        """Close the count of bytes since the last flush; it keeps its time however long the disk lets it wait."""
        now = self._clock.since_boot()
        self._stretches.append(Stretch(self._since, now, sum(_drain(self._sizes)), len(_drain(self._downloads))))
        self._since = now
        if len(self._stretches) > MOST_STRETCHES:
            first, second = self._stretches.popleft(), self._stretches.popleft()
            joined = Stretch(first.began, second.ended, first.bytes + second.bytes, first.downloads + second.downloads)
            self._stretches.appendleft(joined)

    def _write(self) -> None:
        """Before and after the month's end under different keys; until the keys are settled there is no before."""
        with self._lock:
            drafts = {visit: visit.draft() for visit in self._unsaved}
        if self._month is not None:
            ending = {visit: draft for visit, draft in drafts.items() if draft.last < self._month.ends}
            self._write_under_this_key(ending)
            drafts = {visit: draft for visit, draft in drafts.items() if visit not in ending}
        self._settle_keys()
        if drafts or self._stretches:
            self._write_under_this_key(drafts)
        self._drop_past_visits()

    def _settle_keys(self) -> None:
        month = self._keys.settle(self._clock.now(), self._clock.since_boot(), this_site().zone)
        with self._lock:
            self._month = month

    def _write_under_this_key(self, drafts: dict[_Visit, VisitDraft]) -> None:
        waiting = list(drafts.items())
        stretches = list(self._stretches)
        while waiting or stretches:
            some, waiting = waiting[:VISITS_AT_ONCE], waiting[VISITS_AT_ONCE:]
            here = Stretch(self._since, self._since, 0, 0)  # each transaction is a batch with a number of its own
            rows = keep(self._clock.boot, self._keys, stretches or [here], [draft for _, draft in some])
            for _ in stretches:
                self._stretches.popleft()
            stretches = []
            with self._lock:
                for (visit, draft), row in zip(some, rows, strict=True):
                    if visit.saved(draft, row):
                        self._unsaved.pop(visit)

    def _drop_past_visits(self) -> None:
        """Forget what is on the disk and over, so that memory follows the phones that are here."""
        with self._lock:
            since = self._clock.since_boot() - VISIT_GAP
            for cookie in [cookie for cookie, visit in self._visits.items() if visit.last < since]:
                del self._visits[cookie]

    def _failed(self, error: Exception) -> None:
        if not self._failing:
            log.warning("Usage could not be written (%s); it waits in memory until the disk takes it.", error)
        self._failing = True

    def _recovered(self) -> None:
        if self._failing:
            log.warning("Usage is written again; %d requests went uncounted meanwhile.", self._turned_away)
        self._failing, self._turned_away = False, 0


def _drain(waiting: deque[Waiting]) -> list[Waiting]:
    """Take out what is there now; what other threads append meanwhile is for the next time."""
    return [waiting.popleft() for _ in range(len(waiting))]
