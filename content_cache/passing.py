"""Passes content on: a hub is a repository as well, to a stick or to a neighbour, and nobody has to trust it.

    located = locate(library, "o/0f3a…")            # where its bytes lie, or the bytes; None if they are not here
    passed = export(library, Path("/media/stick/content"))

What is passed on is what came: the signed metadata, the records and the blobs of the release, each under its hash, as
they are and not packed. Who takes it checks it as if it came from head office. Deltas and bundles are not kept, so they
are not passed on. All names are lower-case digits and letters, so that no file system takes two for one.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from content_cache.deposit import Deposit
from content_cache.durable import make_folder, write_file
from content_cache.errors import DamagedBlob, RepositoryError
from content_cache.ordering import blobs_in_order, trees_in_order
from content_cache.records import Blob
from content_cache.room import disk_errors, refuse_full
from content_cache.trust.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from content_cache.library import Library

NAMED = re.compile(r"([cmo])/([0-9a-f]{64})")
TRUST, METADATA = "trust", "metadata/"


class Located(NamedTuple):
    """The bytes of a file of a repository: in memory, or where they lie."""

    data: bytes | None
    path: Path | None


class Passed(msgspec.Struct, frozen=True):
    """What an export did: the release, files and bytes that were copied, and those of the release that are not here."""

    release: str
    files: int
    bytes: int
    lacking: int
    problems: tuple[str, ...]


def locate(library: Library, path: str) -> Located | None:
    """The bytes that stand for `path` of a repository in this library; None if it has none."""
    if found := NAMED.fullmatch(path):
        lies = (library.store if found[1] == "o" else library.records).path(found[2])
        return Located(None, lies) if lies.is_file() else None
    data = _metadata(library).get(path) if path.startswith(METADATA) else None
    return None if data is None else Located(data, None)


def _metadata(library: Library) -> dict[str, bytes]:
    """The signed files, the one that names the newest last; none if nothing signed was taken in."""
    from content_cache.trust.anchor import Anchor  # python-tuf takes its time and memory, and pages rarely need it

    try:
        return Anchor(library.root / TRUST).metadata()
    except TrustError:
        return {}


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def export(library: Library, folder: Path, *, progress: Callable[[int, int], None] = _silent) -> Passed:
    """Copy to `folder` what it lacks of the release that serves here, so that other hubs can take it from there.

    What is there already is left; a copy that was interrupted goes on. What says that all is there is written last.
    Raises RepositoryError if there is nothing to pass on, NoSpace or another ContentError if the folder does not take
    it.
    """
    release = _newest(library)
    with disk_errors(folder, lambda: 0), library.store.filling():
        passing = _Passing(library, folder, progress)
        passing.copy(_with_signed(library, release.sha256, passing))
        for path, data in _metadata(library).items():
            make_folder((folder / path).parent)
            if not (folder / path).exists() or (folder / path).read_bytes() != data:
                write_file(folder / path, data)
    return Passed(release.name, passing.files, passing.done, passing.lacking, tuple(passing.problems))


class _Named(NamedTuple):
    name: str
    sha256: str


def _newest(library: Library) -> _Named:
    """The release that serves, whose records are here unless an older version of the program took it in."""
    catalogue = library.catalogue()
    if catalogue is None:
        raise RepositoryError("The library is empty; take in a release before passing it on.")
    with contextlib.closing(catalogue):
        if not library.records.has(catalogue.sha256 or "0" * 64):
            raise RepositoryError("The records of this release are not here; sync once more before passing it on.")
        return _Named(catalogue.release, catalogue.sha256)


def _with_signed(library: Library, served: str, passing: _Passing) -> list[str]:
    """The catalogue that serves, and that which is coming: others take only what head office signed last."""
    signed, coming = _signed(library), library.coming()
    found = [served]
    if coming is not None and coming != served and coming in signed and passing.has_records(coming):
        found.append(coming)
    if signed and not signed & set(found):
        passing.problems.append(
            "What head office signed last does not serve here, and has not come yet; sync, and copy again, or other "
            "hubs can take nothing from it."
        )
    return found


def _signed(library: Library) -> set[str]:
    """The hashes of the catalogues that head office signed last."""
    from content_cache.trust.anchor import Anchor

    try:
        return {target.sha256 for target in Anchor(library.root / TRUST).targets().values()}
    except TrustError:
        return set()


class _Passing:
    """Copies what is missing, each file checked on the way."""

    def __init__(self, library: Library, folder: Path, progress: Callable[[int, int], None]) -> None:
        self._library, self._folder, self._progress = library, folder, progress
        self.files = self.done = self.lacking = 0
        self.problems: list[str] = []

    def has_records(self, catalogue: str) -> bool:
        """Whether all records of that release are here."""
        try:
            return all(True for _ in self._records(catalogue))
        except (RepositoryError, OSError):
            return False

    def copy(self, catalogues: list[str]) -> None:
        """Objects first, then what names them."""
        needed = dict.fromkeys(blob for one in catalogues for blob in self._blobs(one))
        blobs = [blob for blob in needed if not self._is_there("o", blob)]
        named = dict.fromkeys(blob for one in catalogues for blob in self._records(one))
        records = [blob for blob in named if not self._is_there("m", blob)]
        self._total = sum(blob.size for blob in (*blobs, *records))
        refuse_full(self._folder, self._total, 0)
        self._progress(0, self._total)
        self._put("o", blobs)
        self._put("m", records)
        self._put("c", [Blob(one, self._size(one)) for one in catalogues])

    def _blobs(self, catalogue: str) -> Iterator[Blob]:
        """Those that are here; the others are counted."""
        reader = self._library.records.reader()
        for blob in blobs_in_order(reader, reader.release(catalogue).head):
            if self._library.store.has(blob.sha256):
                yield blob
            else:
                self.lacking += 1

    def _records(self, catalogue: str) -> Iterator[Blob]:
        reader = self._library.records.reader()
        head = reader.release(catalogue).head
        yield from (Blob(entry.manifest, self._size(entry.manifest)) for entry in head.courses)
        yield from (ref.blob for ref in trees_in_order(reader, head))

    def _size(self, sha256: str) -> int:
        return self._library.records.path(sha256).stat().st_size

    def _is_there(self, folder: str, blob: Blob) -> bool:
        with contextlib.suppress(OSError):
            return (self._folder / folder / blob.sha256).stat().st_size == blob.size
        return False

    def _put(self, folder: str, blobs: list[Blob]) -> None:
        make_folder(self._folder / folder)
        with Deposit(self._folder, lambda sha256: self._folder / folder / sha256) as batch:
            for blob in blobs:
                self._put_one(folder, blob, batch)
        with contextlib.suppress(OSError):
            (self._folder / "incoming").rmdir()

    def _put_one(self, folder: str, blob: Blob, batch: Deposit) -> None:
        located = locate(self._library, f"{folder}/{blob.sha256}")
        if located is None or located.path is None:
            self.lacking += 1
            return
        try:
            file = located.path.open("rb", buffering=0)
        except FileNotFoundError:  # let go of meanwhile
            self.lacking += 1
            return
        try:
            with file:
                batch.put(file, expected=blob.sha256, limit=blob.size)
        except DamagedBlob:
            self.problems.append(f"Blob {blob.sha256} is damaged here and was not copied; it is fetched again first.")
            if folder == "o":
                self._library.store.set_aside(blob.sha256)
            return
        self.files, self.done = self.files + 1, self.done + blob.size
        self._progress(self.done, self._total)
