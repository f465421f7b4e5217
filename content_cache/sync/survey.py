"""Compares a release with what is here: which items lack which blobs, and which blobs could go.

found = survey(release, reader, store, wishes)
found.wanted, found.held, found.missing
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from content_cache.errors import RepositoryError
from content_cache.ordering import blobs_of_item
from content_cache.searching import TEXTS
from content_cache.serving import readable
from content_cache.sync.plan import SMALL, Held, Wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator

    from content_cache.catalogue import Catalogue
    from content_cache.library import Library
    from content_cache.manifests import Release
    from content_cache.ordering import Reader
    from content_cache.records import Blob, ItemLine
    from content_cache.store import BlobStore

# What a page needs of an item beside its film; a reading's or a quiz's main file is its text.
TEXT_ROLES = ("captions", "poster")
TEXT_KINDS = ("reading", "quiz")


class Survey(NamedTuple):
    """Items that lack something, what could be let go of, the hashes of all blobs that are not here, bytes of words."""

    wanted: list[Wanted]
    held: list[Held]
    missing: set[str]
    words: int


class Lacking:
    """The hashes of blobs that are not in `store`, or are to go from it."""

    def __init__(self, store: BlobStore, gone: Container[str]) -> None:
        self._store, self._gone = store, gone

    def __contains__(self, sha256: object) -> bool:
        return isinstance(sha256, str) and (sha256 in self._gone or not self._store.has(sha256))


def survey(release: Release, reader: Reader, library: Library, keep: Collection[str] = ()) -> Survey:
    """Go through the release once; items in `keep` stay as they serve now. Raises RepositoryError for bad records."""
    look = _Look(library.store)
    damaged = set(library.store.damaged())
    numbers = {entry.number for entry in release.head.courses}
    for entry in release.head.courses:
        slugs: set[str] = set()
        for item in reader.course(entry)[1]:
            if item.item in slugs or item.number in numbers:
                raise RepositoryError(f"{entry.slug} has a slug or number that is taken; publish it again.")
            slugs.add(item.item)
            numbers.add(item.number)
            look.at(f"{entry.slug}/{item.item}", item, blobs_of_item(reader, item), damaged)
    return Survey(look.wanted, look.held(_catalogues(library), keep), look.missing, look.words)


def _catalogues(library: Library) -> Iterator[Catalogue]:
    """Those that are here and readable: the one that serves first."""
    names = sorted(library.names(), key=lambda name: name != library.release())
    for name in names:
        if catalogue := readable(library.path(name)):
            with closing(catalogue):
                yield catalogue


class _Look:
    """Collects; only large blobs that one item alone needs are worth letting go of."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._sizes: dict[str, int] = {}
        self._large: dict[str, tuple[str, Blob]] = {}
        self._shared: set[str] = set()
        self.wanted: list[Wanted] = []
        self.missing: set[str] = set()
        self._known = self.words = 0

    def at(self, item_id: str, item: ItemLine, blobs: Iterator[Blob], damaged: set[str]) -> None:
        texts: list[Blob] = []
        others: list[Blob] = []
        again: list[Blob] = []
        small = _texts_of(item)
        self.words += sum(file.size for file in item.files if file.mime in TEXTS)
        for blob in dict.fromkeys(blobs):
            if self._is_here(blob):
                self._note_large(item_id, blob)
            elif blob.sha256 in damaged:
                again.append(blob)
            else:
                (texts if blob.sha256 in small else others).append(blob)
        if texts or others or again:
            self.wanted.append(Wanted(item_id, tuple(texts), tuple(others), tuple(again)))

    def _is_here(self, blob: Blob) -> bool:
        size = self._sizes.setdefault(blob.sha256, blob.size)
        if size != blob.size:
            raise RepositoryError(
                f"Object {blob.sha256} is said to have {size} and {blob.size} bytes; publish it again."
            )
        if len(self._sizes) > self._known:
            self._known += 1
            if not self._store.is_whole(blob):
                self.missing.add(blob.sha256)
        return blob.sha256 not in self.missing

    def _note_large(self, item_id: str, blob: Blob) -> None:
        if blob.size >= SMALL and self._large.setdefault(blob.sha256, (item_id, blob))[0] != item_id:
            self._shared.add(blob.sha256)

    def held(self, catalogues: Iterator[Catalogue], keep: Collection[str]) -> list[Held]:
        """What items hold by themselves, then what only old versions do, then what only releases before this do."""
        by_item: dict[str, list[Blob]] = {}
        for sha256, (item_id, blob) in self._large.items():
            if sha256 not in self._shared:
                by_item.setdefault(item_id, []).append(blob)
        found = [Held(item_id, tuple(blobs)) for item_id, blobs in by_item.items()]
        spared: set[str] = set()
        spare: dict[str, Blob] = {}
        for number, catalogue in enumerate(catalogues):
            if number == 0:
                found += self._old(catalogue, spared)
                spared.update(blob.sha256 for item_id in keep for blob in _files_of(catalogue, item_id))
            spare.update((blob.sha256, blob) for blob in catalogue.blobs() if self._is_spare(blob, spared))
        return [*found, Held("", tuple(spare.values()))] if spare else found

    def _is_spare(self, blob: Blob, spared: set[str]) -> bool:
        is_ours = blob.sha256 in self._sizes or blob.sha256 in spared
        return blob.size >= SMALL and not is_ours and self._store.has(blob.sha256)

    def _old(self, serving: Catalogue, spared: set[str]) -> Iterator[Held]:
        """Large blobs of old versions that serve until the new ones are here."""
        for item_id in sorted(one.item for one in self.wanted):
            blobs = {blob.sha256: blob for blob in _files_of(serving, item_id)}
            alone = [blob for sha256, blob in blobs.items() if sha256 not in self._sizes and blob.size >= SMALL]
            spared.update(blobs)
            if alone:
                yield Held(item_id, tuple(alone), is_old=True)


def _files_of(catalogue: Catalogue, item_id: str) -> Iterator[Blob]:
    """The blobs of an item as a catalogue has it, if it is whole there."""
    if item := catalogue.line(item_id):
        yield from (file.blob for file in item.files)
        if item.tree:
            yield from (line.blob for line in catalogue.tree(item.tree.sha256))


def _texts_of(item: ItemLine) -> set[str]:
    """The hashes of the item's files with which it can be shown in a list, and read."""
    mains = item.kind in TEXT_KINDS
    return {file.sha256 for file in item.files if file.role in TEXT_ROLES or (file.role == "main" and mains)}
