"""The cheaper ways to a release: a delta from a release that is here, or a chain of some; bundles of small files.

    shortcuts = Shortcuts(library, fetching, reader)
    shortcuts.bring_records(target)                 # as far as a delta gives them; what is missing then comes itself
    offers = shortcuts.offers(release, lacking, limits)     # for the plan to choose from
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
from content_cache.delta.route import SHORT, Edge, decode_edges, near, parts_of, route
from content_cache.errors import Absent, BadDelta, DamagedBlob, RepositoryError
from content_cache.ordering import blobs_in_order
from content_cache.records import Blob
from content_cache.room import refuse_full
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
    from content_cache.sync.plan import Limits, Take
    from content_cache.trust.targets import Target

FIRST = 64 * 2**10  # of a delta or bundle: its index, and all of most; a request more costs 600
WHOLE = 32 * 2**10  # of one no larger than this, all: a second request would cost more than what is not needed
INDEX = "d/index.json"
MOST_EDGES = 512 * 2**10  # bytes of that list
MOST_LEGS = 8
MISHAPS = (Absent, BadDelta, DamagedBlob, RepositoryError)


class _Leg(NamedTuple):
    """A delta on the way to the release, with the catalogues that it leads from and to."""

    edge: Edge
    old: Blob
    new: Blob


class _Shortcut(NamedTuple):
    """A delta or bundle whose index is here, and the lists that it counts in."""

    delta: Delta
    old: Sequence[Blob]
    new: Sequence[Blob]


class Shortcuts:
    """Those of one sync."""

    def __init__(self, library: Library, fetching: Fetching, reader: KeptRecords) -> None:
        self._library, self._fetching, self._reader = library, fetching, reader
        self._way: list[_Leg] = []
        self._list = INDEX
        self._opened: dict[str, _Shortcut] = {}

    def bring_records(self, target: Target) -> None:
        """Make as many records of the release as deltas give; none if no delta leads on from what is here."""
        with contextlib.suppress(*MISHAPS):
            self._way = self._find_way(target)
        for leg in self._way if not self._library.records.has(target.sha256) else ():
            with self._believing_nothing(leg.edge.path):
                self._bring_records(leg)

    def _bring_records(self, leg: _Leg) -> None:
        delta = self._open(leg.edge.path, leg.edge.bytes)
        self._fetching.gather(leg.edge.path, 0, delta.records.end)
        with self._library.records.batch() as batch:
            read, into = self._reader_of(leg.edge.path), Place(self._library.records.path, batch)
            records_from(delta, read, records=self._reader, into=into, old=leg.old, target=leg.new)

    def _find_way(self, target: Target) -> list[_Leg]:
        """The signed delta from what is here, or else the cheapest chain in the list of all deltas."""
        want, here = Blob(target.sha256, target.size), self._here()
        name = want.sha256[:SHORT]
        direct = [Edge(old, name, size) for old, size in target.deltas.items() if old in here and old != name]
        if direct:
            edge = min(direct, key=lambda edge: edge.bytes)
            return [_Leg(edge, here[edge.old], want)]
        self._list = f"d/index-{name}"
        if not here or (name in here and not self._fetching.known(self._list)):
            return []
        edges, between = decode_edges(self._list_of_deltas())
        ways = [way for old in here if (way := route(edges, old, name)) and len(way) <= MOST_LEGS]
        best = min(ways, key=lambda way: sum(edge.bytes + REQUEST for edge in way), default=[])
        known = {**between, **here, name: want}
        return [_Leg(edge, known[edge.old], known[edge.new]) for edge in best]

    def _list_of_deltas(self) -> bytes:
        """The list as it was when the release was first looked at."""
        kept = self._fetching.part(self._list)
        if not kept.exists():
            self._fetching.discard(INDEX)  # it changes, so that none is gone on with
            got = self._fetching.fetch(INDEX, None, MOST_EDGES)
            if got.path is not None:
                got.path.replace(kept)
        return kept.read_bytes()

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
            if any(leg.edge.path == path for leg in self._way):
                self._way = []

    def lead_on(self, lacking: dict[str, Blob], limits: Limits) -> bool:
        """Follow a chain up to its last delta, if that pays; whether files were made, perhaps of what is `lacking`."""
        if len(self._way) < 2 or not lacking or not self._chain_pays(lacking, limits):
            return False
        *between, last = self._way
        for leg in between:
            with self._believing_nothing(leg.edge.path):
                self._go(leg)
        self._way = [last] if self._way else []
        return True

    def offers(self, release: Release, lacking: dict[str, Blob]) -> list[Offer]:
        """What of the delta, and of bundles where most of a course is missing, would make what is `lacking`."""
        if not lacking:
            return []
        found = list(self._offer_of_delta(release, lacking))
        rest = lacking.keys() - {sha256 for offer in found for sha256 in offer.makes}
        found += self._offers_of_bundles(release, rest)
        return [offer for offer in found if offer.makes]

    def _chain_pays(self, lacking: dict[str, Blob], limits: Limits) -> bool:
        """Whether all files of all deltas cost less than those that lack, and have room."""
        cost = 0
        with self._believing_nothing(self._way[0].edge.path):
            cost = sum(REQUEST + self._open(leg.edge.path, leg.edge.bytes).files.packed for leg in self._way)
        is_allowed = limits.budget is None or cost <= limits.budget
        return is_allowed and 0 < cost < sum(REQUEST + travels(blob) for blob in lacking.values())

    def _go(self, leg: _Leg) -> None:
        """Make the files of a catalogue between, for the next delta to lean on; the sweep takes them."""
        delta = self._open(leg.edge.path, leg.edge.bytes)
        old, new = self._files_of(leg.old), self._files_of(leg.new)
        refuse_full(self._library.root, sum(new[one.place].size for one in delta.files.made()), 0)
        self._fetching.gather(leg.edge.path, 0, delta.size)
        with self._library.store.batch() as batch:
            into = Place(self._library.store.path, batch)
            apply(delta.files, self._reader_of(leg.edge.path), old=old, new=new, into=into)

    def _files_of(self, catalogue: Blob) -> list[Blob]:
        return list(blobs_in_order(self._reader, self._reader.release(catalogue.sha256).head))

    def _offer_of_delta(self, release: Release, lacking: Container[str]) -> Iterator[Offer]:
        if self._way:
            leg = self._way[-1]
            with self._believing_nothing(leg.edge.path):
                delta, new = self._open(leg.edge.path, leg.edge.bytes), blobs_in_order(self._reader, release.head)
                yield self._offer(leg.edge.path, delta, self._files_of(leg.old), list(new), lacking)

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
        here = self._fetching.gathered(path)
        costs = [end - start - _overlap(here, start, end) for start, end in parts.ranges]
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
        if not missing:
            self._fetching.discard_all()  # also what another source began, before this one had the rest


def _overlap(here: list[tuple[int, int]], start: int, end: int) -> int:
    """How many bytes of a range are here, from its first on."""
    return max((min(reach, end) - start for offset, reach in here if offset <= start <= reach), default=0)
