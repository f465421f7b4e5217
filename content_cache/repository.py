"""Reads a repository: the static tree that a publisher makes and any folder, stick or web server can hold.

Its format is docs/formats/repository.md. All of it comes from outside: every record is decoded with limits, every
manifest is checked against the hash that names it, and what is not a plain file is not opened. A course is read line
by line, so that memory stays the same however many items it has.

    repository = Repository(Path("/media/stick/repository"))
    head, name = repository.head()                      # name: "12-0f3a9c0d1e2b"
    for entry in head.courses:
        course, items = repository.course(entry)        # items is an iterator, to be read to its end
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import msgspec

from content_cache.drawings import BadDrawing, clean_svg
from content_cache.errors import DamagedBlob, RepositoryError
from content_cache.records import (
    ENDINGS,
    FORMAT,
    MAX_CATALOGUE,
    MAX_COVER,
    MAX_ITEMS,
    MAX_LINE,
    MIME,
    Blob,
    CourseEntry,
    CourseLine,
    File,
    Head,
    ItemLine,
    Numbered,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = "catalogue.json"
NUMBERS = "numbers.jsonl"
BAD = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Repository:
    """The repository in the folder `root`. Every method raises RepositoryError with a sentence on what is wrong."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def head(self) -> tuple[Head, str]:
        """The release that the repository holds, and its name: number and first 12 digits of the catalogue's hash."""
        with self._open(HEAD) as file:
            text = _read(file, MAX_CATALOGUE + 1)
        if len(text) > MAX_CATALOGUE:
            self._refuse(HEAD, f"has more than {MAX_CATALOGUE} bytes")
        head = self._decode(text)
        self._refuse_clashes(head)
        return head, f"{head.release}-{hashlib.sha256(text).hexdigest()[:12]}"

    def _decode(self, text: bytes) -> Head:
        try:
            if msgspec.json.decode(text, type=_Format).format > FORMAT:
                raise RepositoryError(f"{self.root} was published by a newer version; update this program first.")
            return msgspec.json.decode(text, type=Head)
        except BAD as error:
            self._refuse(HEAD, f"is not a catalogue ({error})")

    def _refuse_clashes(self, head: Head) -> None:
        """Slugs and numbers are for life: none twice, and none that the next course would be given."""
        slugs, numbers = {one.slug for one in head.courses}, {one.number for one in head.courses}
        if min(len(slugs), len(numbers)) < len(head.courses):
            self._refuse(HEAD, "gives a slug or a number twice")
        if numbers and max(numbers) >= head.next_number:
            self._refuse(HEAD, f"gives a number that is not under its next_number, {head.next_number}")
        if sum(one.items for one in head.courses) > MAX_ITEMS:
            self._refuse(HEAD, f"names more than {MAX_ITEMS} items")

    def course(self, entry: CourseEntry) -> tuple[CourseLine, Iterator[ItemLine]]:
        """A course and its items in order; the items' last step checks the manifest's hash and their count."""
        lines = self._lines(entry)
        _, first = next(lines, (0, b""))
        course = self._line(entry, 1, first, CourseLine)
        if (course.course, course.number) != (entry.slug, entry.number):
            self._refuse(_manifest(entry), f"is not the manifest of {entry.slug}")
        return self._with_clean_cover(entry, course), self._items(entry, lines)

    def _with_clean_cover(self, entry: CourseEntry, course: CourseLine) -> CourseLine:
        """The course with its cover built anew: it goes into pages, and whoever made the tree is not asked."""
        if not course.cover:
            return course
        try:
            return msgspec.structs.replace(course, cover=clean_svg(course.cover.encode(), limit=MAX_COVER))
        except BadDrawing as error:
            self._refuse(f"{_manifest(entry)}, line 1,", f"has a cover that {error}")

    def _items(self, entry: CourseEntry, lines: Iterator[tuple[int, bytes]]) -> Iterator[ItemLine]:
        count = 0
        for count, (number, text) in enumerate(lines, start=1):  # noqa: B007 (used after the loop)
            item = self._line(entry, number, text, ItemLine)
            if wrong := oddity(item):
                self._refuse(f"{_manifest(entry)}, line {number},", wrong)
            yield item
        if count != entry.items:
            self._refuse(_manifest(entry), f"has {count} items where {HEAD} says {entry.items}")

    def _line(self, entry: CourseEntry, number: int, text: bytes, kind: type[Any]) -> Any:
        try:
            return msgspec.json.decode(text, type=kind)
        except BAD as error:
            self._refuse(f"{_manifest(entry)}, line {number},", f"cannot be read ({error})")

    def _lines(self, entry: CourseEntry) -> Iterator[tuple[int, bytes]]:
        """The manifest's lines, numbered from 1; the end is reached only if its hash is right."""
        digest = hashlib.sha256()
        with self._open(_manifest(entry)) as file:
            for number in range(1, entry.items + 3):
                text = _read_line(file)
                digest.update(text)
                if len(text) > MAX_LINE:
                    self._refuse(f"{_manifest(entry)}, line {number},", f"has more than {MAX_LINE} bytes")
                if not text:
                    break
                yield number, text
        if digest.hexdigest() != entry.manifest:
            self._refuse(_manifest(entry), "is damaged: its bytes have another hash")

    def open_object(self, blob: Blob) -> BinaryIO:
        """The bytes of a blob, still to be checked against its hash; raises DamagedBlob if the size is wrong."""
        file = self._open(f"o/{blob.sha256}", buffering=0)
        if (size := os.fstat(file.fileno()).st_size) != blob.size:
            file.close()
            raise DamagedBlob(f"{self.root}/o/{blob.sha256} has {size} bytes instead of {blob.size}; {AGAIN}")
        return file

    def numbers(self) -> Iterator[Numbered]:
        """Every slug that ever had a number, with it. A publisher's record; hubs do not read it."""
        with self._open(NUMBERS) as file:
            number = 0
            while text := _read_line(file):
                number += 1
                try:
                    yield msgspec.json.decode(text, type=Numbered)
                except BAD as error:
                    self._refuse(f"{NUMBERS}, line {number},", f"cannot be read ({error})")

    def manifest_sizes(self, head: Head) -> int:
        """Bytes of all manifests together, from which the room for a catalogue is guessed."""
        total = 0
        for entry in head.courses:
            with self._open(_manifest(entry), buffering=0) as file:
                total += os.fstat(file.fileno()).st_size
        return total

    def _open(self, name: str, buffering: int = -1) -> BinaryIO:
        """Open a plain file; a FIFO would hang the reader, and a link or device lead it elsewhere."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            number = os.open(self.root / name, flags)
        except FileNotFoundError:
            self._refuse_absent(name)
        except OSError as error:
            self._refuse(name, f"cannot be opened as a plain file ({error.strerror})")
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            self._refuse(name, "is not a plain file")
        return os.fdopen(number, "rb", buffering=buffering)

    def _refuse_absent(self, name: str) -> NoReturn:
        if name == HEAD:
            raise RepositoryError(f"{self.root} is no repository, it has no {HEAD}; name the folder that has one.")
        self._refuse(name, "is missing")

    def _refuse(self, name: str, what: str) -> NoReturn:
        raise RepositoryError(f"{self.root}/{name} {what}; {AGAIN}")


AGAIN = "publish it again, or copy the repository again."


class _Format(msgspec.Struct):
    """As much of a head as every version can read."""

    format: int


def _manifest(entry: CourseEntry) -> str:
    return f"m/{entry.manifest}"


def _read(file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise unreadable(error) from None


def _read_line(file: BinaryIO) -> bytes:
    try:
        return file.readline(MAX_LINE + 1)
    except OSError as error:
        raise unreadable(error) from None


def unreadable(error: OSError) -> RepositoryError:
    """A stick pulled out, a bad sector, a share that went away."""
    return RepositoryError(f"The repository cannot be read ({error.strerror}); plug it in again, then start again.")


def oddity(item: ItemLine) -> str:
    """What is wrong with the files of an item, as a phrase; empty if nothing is."""
    if [file.role for file in item.files].count("main") != 1:
        return "must have one main file"
    renditions = [file.rendition for file in item.files if file.role == "rendition"]
    if len(set(renditions)) < len(renditions):
        return "has a rendition twice"
    if renditions and item.kind != "video":
        return f"has renditions of {item.kind}"
    return next((wrong for file in item.files if (wrong := _file_oddity(item, file))), "")


def _file_oddity(item: ItemLine, file: File) -> str:
    ending = PurePosixPath(file.name).suffix
    if ending not in ENDINGS[_kind(item, file)]:
        return f"has {file.name} as {file.role} of a {item.kind}"
    if file.mime != MIME[ending]:
        return f"calls {file.name} {file.mime} instead of {MIME[ending]}"
    if (file.role == "rendition") != (file.rendition is not None):
        return f"does not say which rendition {file.name} is"
    return "has captions of no language" if file.role == "captions" and file.language is None else ""


def _kind(item: ItemLine, file: File) -> str:
    if file.role == "rendition":
        return "audio" if file.rendition == "audio" else "video"
    return item.kind if file.role == "main" else file.role
