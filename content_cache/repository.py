"""Reads a repository: the static tree that a publisher makes and any folder, stick or web server can hold.

Its format is docs/formats/repository.md; content_cache/manifests.py decodes its records. What is not a plain file is
not opened, and what is packed never gives more bytes than it should hold.

    repository = Repository(Path("/media/stick/repository"))
    head, name = repository.head()                      # name: "12-0f3a9c0d1e2b"
    for entry in head.courses:
        course, items = repository.course(entry)        # items is an iterator, to be read to its end
    repository.release(sha256)                          # another one that it holds in c/
"""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Literal, NoReturn

import msgspec

from content_cache.errors import DamagedBlob, RepositoryError
from content_cache.manifests import AGAIN, BAD, DAMAGED, Records, Release, unreadable
from content_cache.packing import ENDING, Unpacking
from content_cache.records import MAX_CATALOGUE, Blob, CourseEntry, Head, Numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = "catalogue.json"
NUMBERS = "numbers.jsonl"


class Repository(Records):
    """The repository in the folder `root`. Every method raises RepositoryError with a sentence on what is wrong."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def head(self) -> tuple[Head, str]:
        """The newest release of all courses, and its name: number and first 12 digits of the catalogue's hash."""
        release = self.release()
        return release.head, release.name

    def newest(self) -> tuple[bytes, Release]:
        """The newest catalogue of all courses, its bytes and what they say."""
        with self._open(HEAD) as file:
            text = self._read(file, HEAD)
        return text, self.release_of(text, HEAD)

    def release(self, sha256: str | None = None, size: int | None = None, packed: int | None = None) -> Release:
        """The catalogue of that hash in `c/`, or the newest of all courses."""
        if sha256 is None:
            return self.newest()[1]
        with self.open_record("c", sha256, size, packed) as file:
            release = self.release_of(self._read(file, f"c/{sha256}"), f"c/{sha256}")
        if release.sha256 != sha256:
            self.refuse(f"c/{sha256}", DAMAGED)
        return release

    def open_record(self, folder: Literal["c", "m"], sha256: str, size: int | None, packed: int | None) -> BinaryIO:
        """A catalogue, manifest or tree; one that is packed is opened packed, or as it is where only that is here."""
        name = f"{folder}/{sha256}"
        try:
            file = self._open_either(name, size, packed)
        except DamagedBlob:
            self.refuse(name, DAMAGED)
        return io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file

    def open_object(self, blob: Blob) -> BinaryIO:
        """The bytes of a blob, still to be checked against its hash; raises DamagedBlob if the size is wrong."""
        return self._open_either(f"o/{blob.sha256}", blob.size, blob.packed)

    def _open_either(self, name: str, size: int | None, packed: int | None) -> BinaryIO:
        """The file packed, if it should be and so is here; else as it is. Unbuffered."""
        if packed is not None and size is not None and self.has(name + ENDING):
            return Unpacking(self._open_sized(name + ENDING, packed), size)  # type: ignore[return-value]
        return self._open_sized(name, size)

    def has(self, name: str) -> bool:
        """Whether something lies at that path."""
        return os.path.lexists(self.root / name)

    def _open_sized(self, name: str, size: int | None) -> BinaryIO:
        file = self._open(name, buffering=0)
        if size is not None and (found := os.fstat(file.fileno()).st_size) != size:
            file.close()
            raise DamagedBlob(f"{self.root}/{name} has {found} bytes instead of {size}; {AGAIN}")
        return file

    def numbers(self) -> Iterator[Numbered]:
        """Every slug that ever had a number, with it. A publisher's record; hubs do not read it."""
        with self._open(NUMBERS) as file:
            number = 0
            while text := self.read_line(file, NUMBERS):
                number += 1
                try:
                    yield msgspec.json.decode(text, type=Numbered)
                except BAD as error:
                    self.refuse(f"{NUMBERS}, line {number},", f"cannot be read ({error})")

    def manifest_sizes(self, head: Head) -> int:
        """Bytes of all manifests together, from which the room for a catalogue is guessed."""
        return sum(self._manifest_size(entry) for entry in head.courses)

    def _manifest_size(self, entry: CourseEntry) -> int:
        if entry.size is not None:
            return entry.size
        with self._open(f"m/{entry.manifest}", buffering=0) as file:
            return os.fstat(file.fileno()).st_size

    def _open(self, name: str, buffering: int = -1) -> BinaryIO:
        """Open a plain file; a FIFO would hang the reader, and a link or device lead it elsewhere."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            number = os.open(self.root / name, flags)
        except FileNotFoundError:
            self._refuse_absent(name)
        except OSError as error:
            self.refuse(name, f"cannot be opened as a plain file ({error.strerror})")
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            self.refuse(name, "is not a plain file")
        return os.fdopen(number, "rb", buffering=buffering)

    def _read(self, file: BinaryIO, name: str) -> bytes:
        try:
            return file.read(MAX_CATALOGUE + 1)
        except DamagedBlob:
            self.refuse(name, DAMAGED)
        except OSError as error:
            raise unreadable(error) from None

    def _refuse_absent(self, name: str) -> NoReturn:
        if name == HEAD:
            raise RepositoryError(f"{self.root} is no repository, it has no {HEAD}; name the folder that has one.")
        self.refuse(name, "is missing")

    def refuse(self, name: str, what: str) -> NoReturn:
        raise RepositoryError(f"{self.root}/{name} {what}; {AGAIN}")
