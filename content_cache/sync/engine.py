"""Brings a release into a library: its records, then its blobs in the order of the plan, and switches when it can.

    anchor.refresh(source, now=clock.at_least())
    synced = sync(library, source, anchor.target("all"), wishes, reserve=200_000_000, budget=2_000_000)

Any moment is a good one to lose power or the line: what came is kept and not asked for again, and what serves is the
old catalogue or the new one. Records come first, since they are small and say all else; then texts, with which the
release can serve while its films are still coming (content_cache/serving.py); then the rest, most needed first.

Nothing that comes is believed: every record and blob is checked against the hash that the signed catalogue gives it.
Whatever is wrong with the source ends in a sentence, with the library serving what it served, or more.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from content_cache.deposit import MANY, Deposit
from content_cache.errors import (
    Absent,
    ContentError,
    DamagedBlob,
    Refused,
    RepositoryError,
    SourceError,
    no_space,
)
from content_cache.room import alone, disk_errors, free_bytes, refuse_full
from content_cache.serving import catalogue_room, readable, serve
from content_cache.sync.bringing import Bringing
from content_cache.sync.fetch import Fetching, Stopped
from content_cache.sync.lapses import Lapses
from content_cache.sync.plan import (
    NO_WISHES,
    REMOVED,
    SPACE,
    Evict,
    Get,
    Left,
    Limits,
    Take,
    Wanted,
    plan,
    room,
    travels,
)
from content_cache.sync.progress import telling
from content_cache.sync.recordwork import BringingRecords, goal_of, serving_record
from content_cache.sync.shortcuts import Shortcuts
from content_cache.sync.survey import Lacking, survey
from content_cache.sync.synced import Synced, stopped_early

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Container, Iterable

    from content_cache.library import Library
    from content_cache.manifests import Release
    from content_cache.records import Blob
    from content_cache.sync.plan import Plan, Wishes
    from content_cache.sync.progress import Telling
    from content_cache.sync.recordwork import Goal
    from content_cache.sync.source import Source
    from content_cache.trust.targets import Target

CATALOGUE = 256 * 2**10  # bytes of one of next to nothing
PACE = 300.0  # seconds between two catalogues of one release, at least
SHARE = 10.0  # and so many times what building one took
MOST_WRONG = 3  # files in a row whose bytes are wrong: the rest will be as well
MOST_ABSENT = 50  # files in a row that a server does not have; each costs the line a question


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def sync(
    library: Library,
    source: Source,
    target: Target,
    wishes: Wishes = NO_WISHES,
    *,
    reserve: int = 0,
    budget: int | None = None,
    rate: float | None = None,
    force: bool = False,
    whole: bool = False,
    stop: threading.Event | None = None,
    progress: Callable[[int, int], None] = _silent,
    pace: float = PACE,
) -> Synced:
    """Bring what `target` names from `source`, as far as `budget` bytes and the disk beside `reserve` bytes allow.

    `rate` limits bytes a second; `whole` switches only once nothing is missing, and brings nothing if the disk has no
    room for that; `force` takes a release again that a rollback left. `progress` is told bytes brought and to bring.
    Raises a ContentError: SourceError and Refused with what came until then kept and serving; others (OlderRelease,
    RepositoryError, DamagedBlob, NoSpace, Busy) with the library serving what it served.
    """
    with (
        disk_errors(library.root, lambda: reserve + target.size),
        alone(library),
        telling(library, source.name, progress) as tell,
    ):
        fetching = Fetching(library.incoming, source, stop=stop, rate=rate, moved=tell.moved)
        work = _Sync(library, target, wishes, fetching, tell, reserve=reserve, whole=whole, pace=pace)
        return work.run(budget, force=force)


class _GivenUp(Exception):
    """Too much is wrong at the source."""

    def __init__(self, why: ContentError) -> None:
        self.why = why


class _Sync:
    """One run; its fields are what several steps share."""

    def __init__(
        self,
        library: Library,
        target: Target,
        wishes: Wishes,
        fetching: Fetching,
        tell: Telling,
        *,
        reserve: int,
        whole: bool,
        pace: float,
    ) -> None:
        self._library, self._target, self._wishes = library, target, wishes
        self._fetching, self._tell = fetching, tell
        self._reserve, self._whole, self._pace = reserve, whole, pace
        self._bringing = Bringing(fetching)
        self._reader = library.records.reader(fetching.source.name)
        self._shortcuts = Shortcuts(library, fetching, self._reader)
        self._records = BringingRecords(library, self._bringing, self._shortcuts, tell, reserve)
        self._batch = Deposit(library.store.folder, library.store.path)
        self._uncommitted: list[Blob] = []
        self._evicted: list[Blob] = []
        self._texts: set[str] = set()
        self._crowded: set[str] = set()
        self._changed = self._news = False
        self._served_at = time.monotonic()
        self._is_slow = bool(fetching.manner.patience)
        self._wrong = self._absent = self._unsettled = 0
        self._wrong_ones: list[ContentError] = []
        self.blobs = self.bytes = 0

    def run(self, budget: int | None, *, force: bool) -> Synced:
        self._lapses = Lapses(self._library, self._fetching.source.name, patient=force or not self._is_slow)
        goal = goal_of(self._library, self._target, force=force)
        try:
            self._release = self._records.bring(goal.catalogue, self._shortcuts_to(goal))
            self._found = survey(self._release, self._reader, self._library, self._wishes.keep)
            self._switched = self._serves_now()
            made = self._plan(None if budget is None else budget - self._fetching.came)
        except Stopped:
            return stopped_early(self._library, self._fetching.came, goal.held)
        trouble = self._do(made)
        self._settle()
        if trouble is None and not self._switched and self._wrong_ones:
            trouble = self._wrong_ones[0]
        if trouble is None and not self._switched and self._texts & self._crowded:
            trouble = no_space(self._library.root, 1)
        if isinstance(trouble, ContentError):
            raise trouble
        return self._synced(goal.held, stopped=trouble is not None)

    def _shortcuts_to(self, goal: Goal) -> Target | None:
        """The target, if deltas may lead to it and bytes are dear."""
        is_ahead = goal.catalogue.sha256 == self._target.sha256 and self._target.release >= self._library.number()
        return self._target if self._is_slow and is_ahead else None

    def _serves_now(self) -> bool:
        name = self._library.release() or ""
        before = readable(self._library.path(name))
        if before is None:
            return False
        before.close()
        return before.sha256 == self._release.sha256

    def _plan(self, budget: int | None) -> Plan:
        """The steps; raises NoSpace if the release could not be shown for want of room."""
        if not self._has_free(sum(room(blob) for one in self._found.wanted for blob in one.again)):
            self._library.store.empty_damaged()
        free = free_bytes(self._library.store.folder) - self._reserve
        free -= CATALOGUE + catalogue_room(self._library, self._release, self._found.words)
        brought = [one for one in self._found.wanted if not self._wishes.is_removed(one.item)]
        self._texts = {blob.sha256 for one in brought for blob in one.texts}
        self._wanted = {one.item for one in self._found.wanted}
        lacking = {blob.sha256: blob for one in brought for blob in one.blobs}
        if self._whole:
            needed = sum(map(room, lacking.values()))
            refuse_full(self._library.store.folder, needed, self._reserve if needed else 0)
        limits, came = Limits(budget, free), self._fetching.came
        if self._is_slow and self._shortcuts.lead_on(lacking, limits):
            self._found = survey(self._release, self._reader, self._library, self._wishes.keep)
            return self._plan(None if budget is None else budget - (self._fetching.came - came))
        offers = self._shortcuts.offers(self._release, lacking) if self._is_slow else []
        if budget is not None:
            limits = limits._replace(budget=budget - (self._fetching.came - came))
        wanted = self._lapses.without(self._found.wanted)
        made = plan(wanted, self._found.held, self._wishes, limits, offers, self._known())
        self._reasons = {one.item: one.reason for one in made.left}
        crowded = [blob for blob in made.crowded if blob.sha256 in self._texts]
        if crowded and not self._switched:
            raise no_space(self._library.root, sum(map(room, crowded)))
        self._tell.begin("files", sum(step.bytes for step in made.steps if not isinstance(step, Evict)))
        return made

    def _known(self) -> dict[str, int]:
        """Bytes of blobs that came already, from what lies in incoming/."""
        parts = self._fetching.parts("o/")
        blobs = (blob for one in self._found.wanted for blob in one.blobs if parts)
        known = {blob.sha256: parts.get(self._bringing.path("o", blob), 0) for blob in blobs}
        return {sha256: size for sha256, size in known.items() if size}

    def _do(self, made: Plan) -> BaseException | None:
        """Take the steps; returns what ended them early."""
        try:
            self._serve_at_times()
            for step in made.steps:
                if isinstance(step, Evict):
                    self._evict(step)
                    continue
                if isinstance(step, Get):
                    self._get(step)
                elif isinstance(step, Take):
                    self._take(step)
                self._serve_at_times()
        except _GivenUp as error:
            return error.why
        except (SourceError, Refused, Stopped) as error:
            return error
        except BaseException:
            self._commit()
            raise
        return None

    def _get(self, step: Get) -> None:
        is_all = step.end >= travels(step.blob)
        needed = room(step.blob) + (step.blob.packed or 0) if is_all else step.end
        if not self._has_room((step.blob,), needed - step.start):
            return
        try:
            if not is_all:
                self._bringing.begin("o", step.blob, step.end)
                return
            self._bringing.bring("o", step.blob, self._batch)
        except (DamagedBlob, RepositoryError) as error:
            self._lapses.note(step.blob, error)
            self._note_wrong(error)
            return
        self._wrong = self._absent = 0
        self._note_come(step.blob)

    def _has_room(self, blobs: Iterable[Blob], needed: int) -> bool:
        """Whether the disk takes so much beside the reserve; others may have filled it since the plan was made."""
        if self._has_free(needed):
            return True
        if self._evicted:
            self._evict_now()
        if self._has_free(needed):
            return True
        if self._whole:
            raise no_space(self._library.root, needed)
        self._crowded.update(blob.sha256 for blob in blobs)
        return False

    def _has_free(self, needed: int) -> bool:
        return free_bytes(self._library.store.folder) - self._reserve >= needed

    def _evict_now(self) -> None:
        """Let go of what was evicted: a catalogue that says so serves first, of the release before if need be."""
        if self._can_serve():
            self._serve()
        elif self._library.release() is None:
            self._let_go()
        elif before := serving_record(self._library):
            lacking = Lacking(self._library.store, {blob.sha256 for blob in self._evicted})
            with contextlib.suppress(RepositoryError):  # of old records; then nothing goes yet
                self._build(self._reader.release(before.sha256), lacking)
                self._let_go()

    def _take(self, step: Take) -> None:
        """By the shortcut, and what that does not give by the files themselves."""
        if not self._has_room(step.blobs, sum(map(room, step.blobs))):
            return
        for blob in self._shortcuts.take(step, self._batch, self._note_come):
            self._get(Get(blob, 0, travels(blob)))

    def _note_come(self, blob: Blob) -> None:
        self._texts.discard(blob.sha256)
        self._uncommitted.append(blob)
        self._unsettled += blob.size
        if self._unsettled >= self._fetching.manner.settled or len(self._uncommitted) >= MANY:
            self._commit()

    def _note_wrong(self, error: ContentError) -> None:
        """One file that is wrong at the source is no reason to bring nothing else, unless all must come.

        Nor are many that are not there: a hub that passes on what it has may have little of it.
        """
        self._wrong_ones.append(error)
        if self._whole:
            raise error
        if isinstance(error, Absent):
            self._absent += 1
        else:
            self._wrong += 1
        if self._wrong >= MOST_WRONG or (self._is_slow and self._absent >= MOST_ABSENT):
            raise _GivenUp(error)

    def _commit(self) -> None:
        """Make durable what came, and count it as here."""
        self._batch.commit()
        for blob in self._uncommitted:
            self._found.missing.discard(blob.sha256)
            self.blobs, self.bytes = self.blobs + 1, self.bytes + blob.size
        self._news = self._news or bool(self._uncommitted)
        self._uncommitted.clear()
        self._unsettled = 0

    def _evict(self, step: Evict) -> None:
        """Note what is to go; it goes once no catalogue that serves says that it is here."""
        self._evicted += step.blobs
        self._found.missing.update(blob.sha256 for blob in step.blobs if step.item)
        if step.item and step.item not in self._wanted:
            self._wanted.add(step.item)
            self._found.wanted.append(Wanted(step.item, (), step.blobs))
            self._reasons[step.item] = REMOVED if self._wishes.is_removed(step.item) else SPACE

    def _serve_at_times(self) -> None:
        """Serve what came every few minutes; what a line brings slowly also once it can be shown for the first time."""
        is_due = (self._news or self._uncommitted) and time.monotonic() - self._served_at >= self._pace
        if self._can_serve() and (is_due or (self._is_slow and not self._switched)):
            self._serve()

    def _can_serve(self) -> bool:
        """A release can be shown once its texts are here; on a slow line at once if nothing serves yet."""
        if self._whole:
            return not self._found.missing
        return self._switched or not self._texts or (self._is_slow and self._library.release() is None)

    def _serve(self) -> None:
        self._commit()
        began = time.monotonic()
        made = self._build(self._release, self._found.missing)
        self._changed = self._changed or made is not None
        self._switched, self._news, self._served_at = True, False, time.monotonic()
        self._pace = max(self._pace, SHARE * (self._served_at - began))
        self._let_go()

    def _build(self, release: Release, missing: Container[str]) -> str | None:
        """Serve what is here of the release; its catalogue may take of the reserve, since the old one goes then."""
        wishes = self._wishes
        return serve(self._library, release, self._reader, missing, keep=wishes.keep, removed=wishes.is_removed)

    def _let_go(self) -> None:
        """Remove what was evicted; the release before, which may need it, cannot be gone back to any more."""
        if self._evicted:
            self._library.forget(keep=())
        for blob in self._evicted:
            self._library.store.path(blob.sha256).unlink(missing_ok=True)
        self._evicted.clear()

    def _settle(self) -> None:
        """Keep and serve what came, however the run ended."""
        self._commit()
        if self._can_serve():
            self._serve()
        self._shortcuts.finish(self._found.missing)
        self._lapses.end(self._found.missing)

    def _reason(self, one: Wanted) -> str:
        """Why an item is not whole."""
        if any(blob.sha256 in self._crowded for blob in one.blobs):
            return SPACE
        return self._reasons.get(one.item, "source")

    def _synced(self, held: int | None, *, stopped: bool) -> Synced:
        left, missing = [], self._found.missing
        for one in self._found.wanted:
            lacking = sum(travels(blob) for blob in one.blobs if blob.sha256 in missing)
            if lacking:
                left.append(Left(one.item, self._reason(one), lacking))
        head = self._release.head
        return Synced(
            release=self._library.release() or "",
            number=self._library.number(),
            changed=self._changed,
            courses=len(head.courses),
            items=sum(entry.items for entry in head.courses),
            blobs=self.blobs,
            bytes=self.bytes,
            came=self._fetching.came,
            coming=sum(one.bytes for one in left),
            left=tuple(left),
            problems=tuple(str(error) for error in self._wrong_ones if self._is_slow or not isinstance(error, Absent)),
            held=held,
            stopped=stopped,
        )
