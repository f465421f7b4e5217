"""The days that the usage page shows: each is added up once, and again only when something in it changed.

    days = Days(clock, library)
    days.look().days[date(2026, 3, 9)]      # Day(use=UsageDay(...), to_end={...}), or None if its details are deleted

Adding up a day of 50,000 events takes a third of a second on a laptop and some seconds on a small box, so no request
asks for it: a look is renewed once a minute at most, never for more than a twentieth of the time, and in one go for no
more than PATIENCE. Who comes meanwhile gets the look before. The results are small and live in memory.

It only reads, in transactions that hold up no writer; what `changed_since` notes of boots that became dated is one
short write after each start of the box.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from peewee import DatabaseError

from content_cache.errors import ContentError
from hub.site import this_site
from hub.usage.door import TIMED
from hub.usage.summary import Gone, changed_since, dateless_plays, newest_batch, newest_day, summary, undated_plays
from hub.usage.week import Day, is_to_the_end, shown

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from content_cache.catalogue import Catalogue
    from content_cache.library import Library
    from hub.clock import Clock
    from hub.usage.rollups import Play

RENEW_EVERY = 60  # seconds
REST = 20  # times as long as the last renewal took
PATIENCE = 2.0  # seconds in one request; what is left is for the next

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Look:
    """What is known: `today` at the site (None while the time is not certain), the `last` day with any news (today if
    that is known), the days of its week and of the week before as far as they are added up, and how many plays wait
    for a date; once the time is certain, how many will never have one.
    """

    today: dt.date | None
    last: dt.date | None
    days: Mapping[dt.date, Day | None]
    waiting: int


class _Key(NamedTuple):
    """What all the days depend on."""

    zone: str
    epoch: int
    release: str | None
    readable: bool


class Days:
    """One for each web process; `look` may be called from any thread, within a request."""

    def __init__(self, clock: Clock, library: Library) -> None:
        self._clock, self._library = clock, library
        self._renewing = threading.Lock()
        self._look: Look | None = None
        self._due = 0.0
        self._key: _Key | None = None
        self._batch = 0
        self._days: dict[dt.date, Day | None] = {}
        self._todo: set[dt.date] = set()

    def look(self) -> Look:
        """The newest look, renewed if it is due. Raises peewee.DatabaseError only if there is none to fall back on."""
        held = self._look
        if held is None:
            with self._renewing:
                return self._look or self._renew()
        if self._is_current(held) or not self._renewing.acquire(blocking=False):
            return held
        try:
            return self._renew()
        except DatabaseError as error:
            log.warning("The usage page could not be renewed (%s); the one before is shown.", error)
            return held
        finally:
            self._renewing.release()

    def _is_current(self, held: Look) -> bool:
        key = self._key
        if key is None or self._clock.since_boot() >= self._due:
            return False
        return held.today == self._today(ZoneInfo(key.zone)) and self._library.release() == key.release

    def _today(self, zone: ZoneInfo) -> dt.date | None:
        now = self._clock.now()
        return now.astimezone(zone).date() if now else None

    def _renew(self) -> Look:
        began, site = self._clock.since_boot(), this_site()
        today = self._today(site.zone)
        last = today or newest_day(site.zone)
        catalogue = self._catalogue()
        with closing(catalogue) if catalogue else nullcontext():
            release = catalogue.release if catalogue else self._library.release()
            self._plan(_Key(site.time_zone, site.epoch, release, catalogue is not None), last, site.zone)
            self._work(began, site.zone, catalogue)
        took = self._clock.since_boot() - began
        self._due = 0.0 if self._todo else began + took + max(RENEW_EVERY, REST * took)
        waiting = undated_plays(self._clock.boot) if today is None else dateless_plays(self._clock.boot)
        self._look = Look(today, last, dict(self._days), waiting)
        return self._look

    def _catalogue(self) -> Catalogue | None:
        try:
            return self._library.catalogue()
        except ContentError:
            return None

    def _plan(self, key: _Key, last: dt.date | None, zone: ZoneInfo) -> None:
        """Decide what to add up. A round that is not finished goes on first, so that no day waits for ever."""
        if key != self._key:
            self._key, self._batch, self._days, self._todo = key, newest_batch(), {}, set()
        wanted = set(shown(last)) if last else set()
        self._days = {day: found for day, found in self._days.items() if day in wanted}
        if not self._todo:
            self._todo, self._batch = changed_since(self._batch, zone)
        self._todo = (self._todo | (wanted - self._days.keys())) & wanted

    def _work(self, began: float, zone: ZoneInfo, catalogue: Catalogue | None) -> None:
        """Add up what there is to do, the newest day first, until done or out of patience."""
        for day in sorted(self._todo, reverse=True):
            self._days[day] = _add_up(day, zone, catalogue)
            self._todo.remove(day)
            if self._clock.since_boot() - began > PATIENCE:
                return


class _Items:
    """What the plays of a day come to by item number: milliseconds, and how many went on to the end."""

    def __init__(self, catalogue: Catalogue | None) -> None:
        self.played: Counter[int] = Counter()
        self.to_end: Counter[int] = Counter()
        self._catalogue = catalogue
        self._seconds: dict[int, int | None] = {}

    def add(self, play: Play) -> None:
        self.played[play.item] += play.played
        if play.item not in self._seconds:
            found = self._catalogue.brief(play.item) if self._catalogue else None
            self._seconds[play.item] = found.seconds if found and found.kind in TIMED else None
        if is_to_the_end(play.played, self._seconds[play.item]):
            self.to_end[play.item] += 1


def _add_up(day: dt.date, zone: ZoneInfo, catalogue: Catalogue | None) -> Day | None:
    """The day's use; None if its details are deleted."""
    items = _Items(catalogue)
    try:
        use = summary(day, zone, each_play=items.add)
    except Gone:
        return None
    return Day(use, items.played, items.to_end if catalogue else None)
