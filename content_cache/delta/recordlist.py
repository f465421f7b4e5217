"""The records of a release in an order that both sides know, and the record section of a delta.

First the catalogue, then the manifests of its courses, then the trees of their packages, each once. A hub finds its new
list out as it goes: the catalogue's hash is signed, the catalogue names the manifests, and they name the trees; so
every record is checked against a hash that was itself checked.

    applied = records_from(delta, read, records=records, into=place, old=was, target=signed)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from content_cache.delta.apply import Applied, apply
from content_cache.errors import RepositoryError
from content_cache.records import MAX_CATALOGUE, Blob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from content_cache.delta.apply import Place
    from content_cache.delta.format import Delta, Reader
    from content_cache.manifests import Records
    from content_cache.records import Head


class Kept(NamedTuple):
    """A record with what it is of: "" for the catalogue, a course's slug, the id of the item that has a tree."""

    blob: Blob
    key: str


def records_in_order(records: Records, catalogue: Blob) -> Iterator[Kept]:
    """Every record of a release; raises RepositoryError at the first that cannot be read."""
    yield Kept(catalogue, "")
    head = _head(records, catalogue)
    for entry in head.courses:
        if entry.size is None:
            raise RepositoryError(f"The manifest of {entry.slug} has no size; publish its course again.")
        yield Kept(Blob(entry.manifest, entry.size, entry.packed), entry.slug)
    yield from _trees(records, head)


def _head(records: Records, catalogue: Blob) -> Head:
    with records.open_record("c", catalogue.sha256, catalogue.size, catalogue.packed) as file:
        text = file.read(MAX_CATALOGUE + 1)
    release = records.release_of(text, f"c/{catalogue.sha256}")
    if release.sha256 != catalogue.sha256:
        raise RepositoryError(f"The catalogue {catalogue.sha256} is damaged; copy the repository again.")
    return release.head


def _trees(records: Records, head: Head) -> Iterator[Kept]:
    seen: set[str] = set()
    for entry in head.courses:
        for item in records.course(entry)[1]:
            if (ref := item.tree) is not None and ref.sha256 not in seen:
                seen.add(ref.sha256)
                yield Kept(Blob(ref.sha256, ref.size, ref.packed), f"{entry.slug}/{item.item}")


class Known:
    """The list, found out as far as it is asked for; it ends where a record cannot be read."""

    def __init__(self, records: Records, catalogue: Blob, *, before: Callable[[], object] = lambda: None) -> None:
        """`before` is called before more of the records are read, to make those that wait readable."""
        self._found: list[Blob] = []
        self._rest = records_in_order(records, catalogue)
        self._before = before

    def __getitem__(self, place: int) -> Blob:
        while len(self._found) <= place:
            self._before()
            try:
                self._found.append(next(self._rest).blob)
            except (StopIteration, RepositoryError):
                raise IndexError(place) from None
        return self._found[place]


def records_from(delta: Delta, read: Reader, *, records: Records, into: Place, old: Blob, target: Blob) -> Applied:
    """Make the new records of a delta from those of the catalogue `old`; `target` is the signed catalogue.

    `records` reads those that are here, where `into` puts them; all are durable at the end. What could not be made is
    fetched as a file: the release's records are whole only once each of them can be read.
    """
    known = Known(records, target, before=into.batch.commit)
    applied = apply(delta.records, read, old=Known(records, old), new=known, into=into)
    into.batch.commit()
    return applied
