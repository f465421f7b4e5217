"""Makes the catalogue that serves: a function of a release's records, the blobs that are here, and what served before.

    name = serve(library, release, reader, missing={…})     # "12-0f3a9c0d1e2b", or None if that serves already

- An item whose files are all here is as the release has it.
- One that lacks some is carried as it was, if what serves has it whole; else it is in the catalogue as coming.
- One that the release dropped is kept as it was while it is in `keep`: somebody is halfway through it.
- If the release withdraws the one that serves, none of that is carried or kept: something was wrong with it.

So nothing that could be watched yesterday is gone today because its new version is still on its way, and no page names
bytes that are not here. The same release is built again as items become whole: a file of another name each time, and
one rename that switches to it. The last catalogue of the release before stays, to go back to.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from content_cache.building import Building, building
from content_cache.catalogue import NOTHING_NEW, Catalogue
from content_cache.durable import PREFIX, replace_link, sync_folder
from content_cache.errors import RepositoryError
from content_cache.ordering import blobs_of_item
from content_cache.quizzes import BadQuiz, decode_quiz
from content_cache.readings import render
from content_cache.records import MAX_CAPTIONS, MAX_QUIZ, MAX_READING, Blob, ItemLine, Quiz
from content_cache.room import refuse_full

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator
    from pathlib import Path

    from content_cache.library import Library
    from content_cache.manifests import Release
    from content_cache.ordering import Reader
    from content_cache.records import CourseLine, TreeLine, TreeRef
    from content_cache.store import BlobStore

LINE = 64 * 2**10
QUARTERS = 4  # a catalogue is not built again for less of an item than this part of it


class _Entry(NamedTuple):
    """An item as it will serve: the bytes of it that are coming, of how many, and whether it is an old version.

    One that was `removed` is in the catalogue, and on no page of it.
    """

    line: ItemLine
    coming: int = 0
    total: int = 0
    old: bool = False
    removed: bool = False


def _none(item_id: str) -> bool:  # noqa: ARG001 (a rule that never asks)
    return False


def serve(
    library: Library,
    release: Release,
    reader: Reader,
    missing: Container[str],
    *,
    keep: Collection[str] = (),
    removed: Callable[[str], bool] = _none,
    reserve: int = 0,
) -> str | None:
    """Build what serves of `release` now, and switch to it; returns its name, None if it serves already.

    `missing` holds the hashes of the release's blobs that are not here; `removed` tells of an item's id whether a
    technician removed it. Raises RepositoryError or NoSpace with all as
    it was. Hold `alone(library)` around it.
    """
    with contextlib.closing(_Before(library, missing, release.head.withdrawn)) as before:
        mix = _Mix(release, reader, missing, before, keep, removed)
        mark = mix.mark()
        if before.catalogue and (before.catalogue.sha256, before.catalogue.made_of) == (release.sha256, mark):
            return None
        refuse_full(library.root, catalogue_room(library, release), reserve)
        name = _free_name(library, release.name)
        with building(library.catalogues / f"{PREFIX}catalogue", name, release.sha256, mark) as made:
            mix.fill(made)
            finish(made, library, name, reserve, before.catalogue)
    return name


def catalogue_room(library: Library, release: Release, words: int = 0) -> int:
    """Bytes of disk for its catalogue: three times the manifests is more than any took, indexes and all.

    Pages and the index that search asks take at most twice the bytes of `words`.
    """
    paths = {library.records.path(entry.manifest) for entry in release.head.courses}
    return 3 * sum(path.stat().st_size for path in paths) + 2 * words


def _free_name(library: Library, release: str) -> str:
    """A name that no catalogue of this release has had: `12-0f3a9c0d1e2b`, then `12-0f3a9c0d1e2b.1` and so on."""
    found = [path.stem for path in library.catalogues.glob(f"{release}*.sqlite")]
    if not found:
        return release
    return f"{release}.{1 + max(int(stem.partition('.')[2] or 0) for stem in found)}"


class _Before:
    """What serves now, or nothing if it cannot be read."""

    def __init__(self, library: Library, missing: Container[str], withdrawn: Container[int]) -> None:
        self._store, self._missing = library.store, missing
        self.catalogue = readable(library.path(library.release() or ""))
        self._is_withdrawn = self.catalogue is not None and self.catalogue.number in withdrawn

    def close(self) -> None:
        if self.catalogue:
            self.catalogue.close()

    def whole(self, item_id: str, number: int | None = None) -> ItemLine | None:
        """The item as it serves, if all of it is here, and nobody took it back."""
        if self.catalogue is None or self._is_withdrawn:
            return None
        with contextlib.suppress(sqlite3.DatabaseError):
            item = self.catalogue.line(item_id)
            if item and number in (None, item.number) and all(map(self._is_here, blobs_of_item(self, item))):
                return item
        return None

    def _is_here(self, blob: Blob) -> bool:
        return blob.sha256 not in self._missing and self._store.is_whole(blob)

    def course(self, entry: object) -> tuple[CourseLine, Iterator[ItemLine]]:
        raise NotImplementedError

    def tree(self, ref: TreeRef) -> Iterator[TreeLine]:
        return self.catalogue.tree(ref.sha256) if self.catalogue else iter(())


class _Mix:
    """The courses and items that will serve; gone through twice, so that nothing of it need be held."""

    def __init__(
        self,
        release: Release,
        reader: Reader,
        missing: Container[str],
        before: _Before,
        keep: Collection[str],
        removed: Callable[[str], bool],
    ) -> None:
        self._removed = removed
        self._release, self._reader, self._missing, self._before = release, reader, missing, before
        self._kept = sorted(keep) if before.catalogue else []
        self._numbers: set[int] = set()

    def mark(self) -> str:
        """A hash of all that the result depends on, but for the release and what is whole of it."""
        digest = hashlib.sha256()
        for _, entries in self._courses():
            for entry in entries:
                if entry.coming or entry.old or entry.removed:
                    part = QUARTERS * entry.coming // max(entry.total, 1)
                    hashes = [file.sha256 for file in entry.line.files] if entry.old else []
                    state = (entry.line.number, part, entry.old, entry.removed, hashes, entry.line.tree)
                    digest.update(repr(state).encode())
        return digest.hexdigest()

    def fill(self, made: Building) -> None:
        for course, entries in self._courses():
            made.add(
                course,
                self._lines(entries),
                self._tree,
                lambda _item: self._at.coming,
                lambda _item: self._at.removed,
            )

    def _lines(self, entries: Iterator[_Entry]) -> Iterator[ItemLine]:
        for self._at in entries:
            yield self._at.line

    def _tree(self, ref: TreeRef) -> Iterator[TreeLine]:
        return self._before.tree(ref) if self._at.old else self._reader.tree(ref)

    def _courses(self) -> Iterator[tuple[CourseLine, Iterator[_Entry]]]:
        self._numbers |= {entry.number for entry in self._release.head.courses}
        slugs = set()
        for entry in self._release.head.courses:
            course, items = self._reader.course(entry)
            slugs.add(course.course)
            yield course, self._items(course.course, items)
        yield from self._dropped_courses(slugs)

    def _items(self, course: str, items: Iterator[ItemLine]) -> Iterator[_Entry]:
        ids = set()
        for item in items:
            self._numbers.add(item.number)
            ids.add(f"{course}/{item.item}")
            yield self._entry(course, item)
        for item_id in self._kept:
            if item_id.startswith(f"{course}/") and item_id not in ids:
                yield from self._keep(item_id)

    def _entry(self, course: str, item: ItemLine) -> _Entry:
        lacking = total = 0
        for blob in {blob.sha256: blob for blob in blobs_of_item(self._reader, item)}.values():
            size = blob.size if blob.packed is None else blob.packed
            total += size
            lacking += max(size, 1) if blob.sha256 in self._missing else 0
        old = self._before.whole(f"{course}/{item.item}", item.number) if lacking else None
        removed = self._removed(f"{course}/{item.item}")
        return _Entry(old, old=True, removed=removed) if old else _Entry(item, lacking, total, removed=removed)

    def _keep(self, item_id: str) -> Iterator[_Entry]:
        """An item that the release dropped, unless its number went to another."""
        item = self._before.whole(item_id)
        if item and item.number not in self._numbers:
            yield _Entry(item, old=True)

    def _dropped_courses(self, slugs: set[str]) -> Iterator[tuple[CourseLine, Iterator[_Entry]]]:
        """Courses that the release dropped whole, with those of their items that are kept."""
        for slug in sorted({item_id.partition("/")[0] for item_id in self._kept} - slugs):
            course = self._before.catalogue.course_line(slug) if self._before.catalogue else None
            entries = [entry for one in self._kept if one.startswith(f"{slug}/") for entry in self._keep(one)]
            if course and entries and course.number not in self._numbers:
                yield course, iter(entries)


def readable(path: Path) -> Catalogue | None:
    """The catalogue there, if it is one that this version can read."""
    try:
        return Catalogue(path)
    except RepositoryError:
        return None


def finish(release: Building, library: Library, name: str, reserve: int, before: Catalogue | None = None) -> None:
    """Index, render, flush, rename, switch; then remove what neither serves nor can be gone back to.

    `before` is what serves until then, if it is readable.
    """
    refuse_full(library.root, 2 * release.text_bytes(), reserve)
    for blob in release.mains("quiz"):
        release.add_quiz(blob.sha256, _quiz(library.store, blob))
    release.index(lambda sha256: _lines(library.store, sha256))
    for blob in release.mains("reading"):  # in the room that making the index left free in the file
        release.add_reading(blob.sha256, _html(library.store, blob))
    release.set_new_from(_new_from(before, release.highest()))
    release.finish()
    (library.catalogues / f"{PREFIX}catalogue").replace(library.path(name))
    sync_folder(library.catalogues)
    replace_link(library.catalogues / "current", f"{name}.sqlite")
    library.forget(keep=(name, library.previous()))


def _new_from(before: Catalogue | None, highest: int) -> int:
    """From which number on things are new to this hub, by what served before; nothing is if nothing readable did."""
    if before is not None:
        with contextlib.suppress(sqlite3.DatabaseError):  # it may be damaged further in
            here = before.highest()
            return here + 1 if highest > here else before.new_from
    return NOTHING_NEW


def _quiz(store: BlobStore, blob: Blob) -> Quiz:
    try:
        with store.open(blob.sha256) as file:
            return decode_quiz(file.read(MAX_QUIZ + 1))
    except BadQuiz as error:
        raise RepositoryError(f"Quiz {blob.sha256} {error}; publish it again.") from None


def _lines(store: BlobStore, sha256: str) -> Iterator[bytes]:
    """The lines of a text, as much of it as captions may have; a line without end comes in pieces."""
    left = MAX_CAPTIONS
    with store.path(sha256).open("rb") as file:
        while left > 0 and (line := file.readline(min(LINE, left))):
            left -= len(line)
            yield line


def _html(store: BlobStore, blob: Blob) -> str:
    if blob.size > MAX_READING:
        raise RepositoryError(f"Reading {blob.sha256} has more than {MAX_READING} bytes; publish it in parts.")
    with store.open(blob.sha256) as file:
        return render(file.read().decode("utf-8", errors="replace"))
