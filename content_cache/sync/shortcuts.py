"""The cheaper ways to a release: a delta from a release that is here, and bundles of a course's small files.

    shortcuts = Shortcuts(library, fetching, reader)
    shortcuts.bring_records(target)                 # as far as a delta gives them; what is missing then comes itself
    offers = shortcuts.offers(release, lacking)     # for the plan to choose from
    shortcuts.take(step, batch, done)               # the blobs that could not be made

Nobody signed them and nobody needs them: what they give is checked against the hashes of the release, and where one is
absent, damaged or of no use, the files themselves are fetched. content_cache/delta knows their form.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from content_cache.delta.apply import Place, apply
from content_cache.delta.format import read_delta
from content_cache.delta.pairing import named_files_of
from content_cache.delta.recordlist import records_from
from content_cache.delta.route import SHORT, Edge, near, parts_of
from content_cache.errors import Absent, BadDelta, DamagedBlob, RepositoryError
from content_cache.ordering import blobs_in_order
from content_cache.records import Blob
from content_cache.serving import readable
from content_cache.sync.plan import REQUEST, SMALL, Offer, travels

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from content_cache.delta.format import Delta
    from content_cache.deposit import Deposit
    from content_cache.library import Library
    from content_cache.manifests import Release
    from content_cache.records import CourseEntry
    from content_cache.recordstore import KeptRecords
    from content_cache.sync.fetch import Fetching
    from content_cache.sync.plan import Take
    from content_cache.trust.targets import Target

FIRST = 16 * 2**10  # of a delta or bundle: its index, and all of most
WHOLE = 32 * 2**10  # of one no larger than this, all: a second request would cost more than what is not needed
MISHAPS = (Absent, BadDelta, DamagedBlob, RepositoryError)


class _Shortcut(NamedTuple):
    """A delta or bundle whose index is here, and the lists that it counts in."""

    delta: Delta
    old: Sequence[Blob]
    new: Sequence[Blob]


class Shortcuts:
    """Those of one sync."""

    def __init__(self, library: Library, fetching: Fetching, reader: KeptRecords) -> None:
        self._library, self._fetching, self._reader = library, fetching, reader
        self._edge: Edge | None = None
        self._from: Blob | None = None
        self._opened: dict[str, _Shortcut] = {}

    def bring_records(self, target: Target) -> None:
        """Make as many records of the release as a delta gives; none if no delta leads on from what is here."""
        wanted, here = target.sha256[:SHORT], self._here()
        edges = [Edge(old, wanted, size) for old, size in target.deltas.items() if old in here]
        if not edges:
            return
        self._edge = min(edges, key=lambda edge: edge.bytes)
        self._from = here[self._edge.old]
        if self._library.records.has(target.sha256):
            return
        with self._believing_nothing(self._edge.path):
            delta = self._open(self._edge.path, self._edge.bytes)
            self._fetching.gather(self._edge.path, 0, delta.records.end)
            with self._library.records.batch() as batch:
                read, into = self._reader_of(self._edge.path), Place(self._library.records.path, batch)
                target_blob = Blob(target.sha256, target.size)
                records_from(delta, read, records=self._reader, into=into, old=self._from, target=target_blob)

    def _here(self) -> dict[str, Blob]:
        """The catalogues whose records are here, by the name that deltas know them by."""
        found = {}
        for sha256 in dict.fromkeys(self._known()):
            with contextlib.suppress(RepositoryError):
                found[sha256[:SHORT]] = Blob(sha256, self._reader.release(sha256).size)
        return found

    def _known(self) -> Iterator[str]:
        for name in self._library.names():
            if catalogue := readable(self._library.path(name)):
                catalogue.close()
                if catalogue.sha256 and self._library.records.has(catalogue.sha256):
                    yield catalogue.sha256
        if (coming := self._library.coming()) and self._library.records.has(coming):
            yield coming

    def _open(self, path: str, size: int) -> Delta:
        """Its index, and perhaps more of it."""
        self._fetching.gather(path, 0, size if size <= WHOLE else FIRST)
        return read_delta(self._gathering_reader(path))

    def _gathering_reader(self, path: str) -> Callable[[int, int], bytes]:
        """Reads what is here, and fetches what is not."""

        def read(start: int, length: int) -> bytes:
            self._fetching.gather(path, start, start + length)
            return self._fetching.read(path, start, length)

        return read

    def _reader_of(self, path: str) -> Callable[[int, int], bytes]:
        return lambda start, length: self._fetching.read(path, start, length)

    @contextlib.contextmanager
    def _believing_nothing(self, path: str) -> Iterator[None]:
        """What is wrong with a shortcut is no reason to stop; it is not tried again in this sync."""
        try:
            yield
        except MISHAPS:
            self._fetching.discard(path)
            self._opened.pop(path, None)
            if self._edge and self._edge.path == path:
                self._edge = None

    def offers(self, release: Release, lacking: set[str]) -> list[Offer]:
        """What of the delta, and of bundles where most of a course is missing, would make what is `lacking`."""
        found = list(self._offer_of_delta(release, lacking))
        rest = lacking.difference(*(offer.makes for offer in found))
        found += self._offers_of_bundles(release, rest)
        return [offer for offer in found if offer.makes]

    def _offer_of_delta(self, release: Release, lacking: set[str]) -> Iterator[Offer]:
        if self._edge is None or self._from is None or not lacking:
            return
        with self._believing_nothing(self._edge.path):
            delta = self._open(self._edge.path, self._edge.bytes)
            old = list(blobs_in_order(self._reader, self._reader.release(self._from.sha256).head))
            yield self._offer(self._edge.path, delta, old, list(blobs_in_order(self._reader, release.head)), lacking)

    def _offers_of_bundles(self, release: Release, lacking: Container[str]) -> Iterator[Offer]:
        for entry in release.head.courses:
            if entry.bundle and self._pays(entry, lacking):
                path = f"b/{entry.manifest}"
                with self._believing_nothing(path):
                    new = [one.blob for one in named_files_of(self._reader, entry)]
                    yield self._offer(path, self._open(path, entry.bundle), (), new, lacking)

    def _pays(self, entry: CourseEntry, lacking: Container[str]) -> bool:
        """Whether the course's small files cost more one by one than half of its bundle; its index tells exactly."""
        blobs = {one.blob for one in named_files_of(self._reader, entry) if one.blob.sha256 in lacking}
        cost = sum(travels(blob) + REQUEST for blob in blobs if blob.size < SMALL)
        return 2 * cost > (entry.bundle or 0) + FIRST

    def _offer(
        self, path: str, delta: Delta, old: Sequence[Blob], new: Sequence[Blob], lacking: Container[str]
    ) -> Offer:
        self._opened[path] = _Shortcut(delta, old, new)
        parts = parts_of(delta.files, new, lambda place: place < len(old) and self._library.store.is_whole(old[place]))
        makes = {sha256: ranges for sha256, ranges in parts.makes.items() if sha256 in lacking}
        costs = [end - start - self._fetching.gathered(path, start, end) for start, end in parts.ranges]
        return Offer(path, parts.ranges, makes, costs)

    def take(self, step: Take, batch: Deposit, done: Callable[[Blob], None]) -> list[Blob]:
        """Fetch the step's ranges and make its blobs, of each of which `done` is told; those that it does not make."""
        path, wanted = step.offer.path, {blob.sha256: blob for blob in step.blobs}

        def made(place: int) -> None:
            done(wanted.pop(shortcut.new[place].sha256))

        with self._believing_nothing(path):
            shortcut = self._opened[path]
            for start, end in near(sorted(step.offer.ranges[number] for number in step.ranges)):
                self._fetching.gather(path, start, end)
            apply(
                shortcut.delta.files,
                self._reader_of(path),
                old=shortcut.old,
                new=shortcut.new,
                into=Place(self._library.store.path, batch),
                wanted=lambda place: shortcut.new[place].sha256 in wanted,
                done=made,
            )
        return list(wanted.values())

    def finish(self, missing: set[str]) -> None:
        """Remove what has served: bundles that make nothing more that is missing. A delta stays until nothing is."""
        for path, shortcut in self._opened.items():
            made = (shortcut.new[one.place].sha256 for one in shortcut.delta.files.made())
            if path.startswith("b/") and not any(sha256 in missing for sha256 in made):
                self._fetching.discard(path)
        if self._edge and not missing:
            self._fetching.discard(self._edge.path)
