"""Takes a repository into a library: what is missing is copied and checked, then the release is switched in one step.

    imported = import_repository(Path("/media/stick/repository"), library, reserve=200_000_000)

The order makes any moment a good one to lose power: the new catalogue is written beside the old one, the blobs that
it names and the store lacks are brought and made durable, what has words is indexed and rendered, the catalogue is
flushed and renamed, and only then does `current` point to it. Until that rename the old release serves; what was
brought before an interruption is not brought again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from content_cache.building import Building, building
from content_cache.catalogue import NOTHING_NEW, Catalogue
from content_cache.durable import PREFIX, is_full, locked, make_folder, replace_link, sync_folder
from content_cache.errors import DamagedBlob, OlderRelease, RepositoryError, no_space, unusable
from content_cache.manifests import AGAIN, Release, unreadable
from content_cache.quizzes import BadQuiz, decode_quiz
from content_cache.readings import render
from content_cache.records import MAX_CAPTIONS, MAX_QUIZ, MAX_READING, Blob, Quiz
from content_cache.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from content_cache.deposit import Deposit
    from content_cache.library import Library
    from content_cache.store import BlobStore

BLOCK = 4096
LINE = 64 * 2**10


class Imported(msgspec.Struct, frozen=True):
    """What an import did: the release that serves now, and the blobs that were brought for it."""

    release: str
    number: int
    courses: int
    items: int
    blobs: int
    bytes: int
    changed: bool


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def import_repository(
    source: Path,
    library: Library,
    *,
    reserve: int = 0,
    progress: Callable[[int, int], None] = _silent,
) -> Imported:
    """Take in the release of the repository in the folder `source`, leaving `reserve` bytes of the disk free.

    `progress` is told bytes brought and bytes to bring. Raises a ContentError (RepositoryError, OlderRelease,
    DamagedBlob, NoSpace, Busy) with the library serving what it served before. The release that is here already is
    only checked for blobs that are missing.
    """
    repository = Repository(source)
    found = repository.release()
    head, name = found.head, found.name
    bringing = _Bringing(repository, library.store, reserve, progress)
    with disk_errors(library.root, bringing.still_needed), alone(library):
        _refuse_older(library, found)
        with _release(repository, library, found, reserve) as release:
            bringing.bring(release.blobs)
            changed = isinstance(release, Building)
            if isinstance(release, Building):
                finish(release, library, name, reserve)
    items = sum(entry.items for entry in head.courses)
    return Imported(name, head.release, len(head.courses), items, bringing.count, bringing.done, changed)


@contextlib.contextmanager
def alone(library: Library) -> Iterator[None]:
    """No other import, and no sweep, until what is brought has been named."""
    make_folder(library.catalogues)
    with locked(library.catalogues), library.store.filling():
        yield


def _refuse_older(library: Library, found: Release) -> None:
    """A library only moves forward: an old stick must not bring back what was corrected or withdrawn since."""
    here, number = library.number(), found.head.release
    if number < here:
        raise OlderRelease(f"Release {number} is older than release {here} here; look for a newer repository.")
    if number == here and found.name != library.release():
        raise OlderRelease(
            f"This repository holds another release {here} than the one here; import from the repository "
            f"that this library came from, or publish there."
        )


@contextlib.contextmanager
def _release(repository: Repository, library: Library, found: Release, reserve: int) -> Iterator[Building | Catalogue]:
    """The catalogue of the release: the one that serves if that is it, else one in the making."""
    head, name = found.head, found.name
    if name == library.release() and (here := _readable(library.path(name))):
        with contextlib.closing(here):
            yield here
        return
    # Three times the manifests is more than any catalogue took, indexes and all.
    refuse_full(library.root, 3 * repository.manifest_sizes(head), reserve)
    with building(library.catalogues / f"{PREFIX}catalogue", name, found.sha256) as made:
        for entry in head.courses:
            made.add(*repository.course(entry), repository.tree)
        yield made


def _readable(path: Path) -> Catalogue | None:
    try:
        return Catalogue(path)
    except RepositoryError:
        return None


def finish(release: Building, library: Library, name: str, reserve: int) -> None:
    """Index, render, flush, rename, switch; then remove what is neither this release nor the one before."""
    refuse_full(library.root, 2 * release.text_bytes(), reserve)
    for blob in release.mains("quiz"):
        release.add_quiz(blob.sha256, _quiz(library.store, blob))
    release.index(lambda sha256: _lines(library.store, sha256))
    for blob in release.mains("reading"):  # in the room that making the index left free in the file
        release.add_reading(blob.sha256, _html(library.store, blob))
    release.set_new_from(_new_from(library, release.highest()))
    release.finish()
    previous = library.release()
    (library.catalogues / f"{PREFIX}catalogue").replace(library.path(name))
    sync_folder(library.catalogues)
    replace_link(library.catalogues / "current", f"{name}.sqlite")
    for path in library.catalogues.iterdir():
        if path.name != "current" and path.stem not in (name, previous):
            path.unlink()


def _new_from(library: Library, highest: int) -> int:
    """From which number on things are new to this hub, by what served before; nothing is if nothing readable did."""
    before = _readable(library.path(library.release() or ""))
    if before is None:
        return NOTHING_NEW
    with contextlib.closing(before), contextlib.suppress(sqlite3.DatabaseError):  # it may be damaged further in
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


class _Bringing:
    """Copies the blobs that the store lacks; `count` and `done` say how many, and how many bytes."""

    def __init__(
        self, repository: Repository, store: BlobStore, reserve: int, progress: Callable[[int, int], None]
    ) -> None:
        self._repository, self._store = repository, store
        self.reserve, self._progress = reserve, progress
        self.count = self.done = self.total = 0

    def bring(self, blobs: Callable[[], Iterable[Blob]]) -> None:
        """Two passes, so that a disk with too little room is refused before anything is written."""
        room = 0
        for blob in self._missing(blobs()):
            self.total += blob.size
            room += -(-blob.size // BLOCK) * BLOCK
        refuse_full(self._store.folder, room, self.reserve if room else 0)
        self._progress(0, self.total)
        with self._store.batch() as batch:
            for blob in self._missing(blobs()):
                self._bring_one(batch, blob)

    def still_needed(self) -> int:
        """Bytes that should be free on the disk."""
        return self.total - self.done + self.reserve

    def _missing(self, blobs: Iterable[Blob]) -> Iterator[Blob]:
        return (blob for blob in blobs if not self._store.is_whole(blob))

    def _bring_one(self, batch: Deposit, blob: Blob) -> None:
        refuse_full(self._store.folder, blob.size, self.reserve)
        with self._repository.open_object(blob) as file:
            try:
                batch.put(cast("BinaryIO", _Counted(file, self._moved)), expected=blob.sha256, limit=blob.size)
            except DamagedBlob:
                path = self._repository.root / "o" / blob.sha256
                raise DamagedBlob(f"{path} is damaged: its bytes have another hash; {AGAIN}") from None
        self.count += 1

    def _moved(self, count: int) -> None:
        self.done += count
        self._progress(self.done, self.total)


class _Counted:
    """A file that tells how far it was read, and says in a sentence when it cannot be."""

    def __init__(self, file: BinaryIO, moved: Callable[[int], None]) -> None:
        self._file, self._moved = file, moved

    def readinto(self, buffer: memoryview) -> int:
        try:
            count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        except OSError as error:
            raise unreadable(error) from None
        self._moved(count)
        return count


def refuse_full(folder: Path, needed: int, reserve: int) -> None:
    """Raise NoSpace if `needed` bytes more would leave less than `reserve` bytes of the disk of `folder` free."""
    while not folder.exists():
        folder = folder.parent
    missing = needed + reserve - shutil.disk_usage(folder).free
    if missing > 0:
        raise no_space(folder, missing)


@contextlib.contextmanager
def disk_errors(folder: Path, needed: Callable[[], int]) -> Iterator[None]:
    """Turn what the system says of the library's disk into a sentence; one that filled meanwhile is a full one.

    `needed` says how many bytes should have been free.
    """
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise unusable(error) from None
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        raise no_space(folder, max(needed() - free, 10**6)) from None
