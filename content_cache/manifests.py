"""Reads the records of a release, catalogue, manifests and trees, and believes none of them.

Where they lie is a subclass's business: `Repository` finds them in a repository's tree. All of them come from outside:
every record is decoded with limits and checked against the hash that names it. A manifest and a tree are read line by
line, so that memory stays the same however many items or files they have.

    release = records.release_of(text, "catalogue.json")
    for entry in release.head.courses:
        course, items = records.course(entry)           # items is an iterator, to be read to its end
    for line in records.tree(item.tree): ...            # so is this
"""

from __future__ import annotations

import abc
import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NoReturn

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
    CourseEntry,
    CourseLine,
    File,
    Head,
    ItemLine,
    TreeLine,
    TreeRef,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

BAD = (msgspec.MsgspecError, RecursionError, UnicodeError)
AGAIN = "publish it again, or copy the repository again."
DAMAGED = "is damaged: its bytes have another hash"


class Release(msgspec.Struct, frozen=True):
    """A catalogue, with the hash and the number of its own bytes."""

    head: Head
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """What a library calls it: its number and the first 12 digits of the hash, 12-0f3a9c0d1e2b."""
        return release_name(self.head.release, self.sha256)


def release_name(number: int, sha256: str) -> str:
    return f"{number}-{sha256[:12]}"


class Records(abc.ABC):
    """Catalogue, manifests and trees. Every method raises RepositoryError with a sentence on what is wrong."""

    @abc.abstractmethod
    def open_record(self, folder: Literal["c", "m"], sha256: str, size: int | None, packed: int | None) -> BinaryIO:
        """The bytes of a record as they are, buffered, still to be checked; `size` is None where nobody said it."""

    @abc.abstractmethod
    def refuse(self, name: str, what: str) -> NoReturn:
        """Raise RepositoryError: the file called `name` is wrong as the phrase `what` says."""

    def release_of(self, text: bytes, name: str) -> Release:
        """The catalogue that `text` is; `name` is what to call it in a sentence."""
        if len(text) > MAX_CATALOGUE:
            self.refuse(name, f"has more than {MAX_CATALOGUE} bytes")
        head = self._decode(text, name)
        self._refuse_clashes(head, name)
        return Release(head, hashlib.sha256(text).hexdigest(), len(text))

    def _decode(self, text: bytes, name: str) -> Head:
        try:
            if msgspec.json.decode(text, type=_Format).format <= FORMAT:
                return msgspec.json.decode(text, type=Head)
        except BAD as error:
            self.refuse(name, f"is not a catalogue ({error})")
        raise RepositoryError("This repository was published by a newer version; update this program first.")

    def _refuse_clashes(self, head: Head, name: str) -> None:
        """Slugs and numbers are for life: none twice, and none that the next course would be given."""
        slugs, numbers = {one.slug for one in head.courses}, {one.number for one in head.courses}
        if min(len(slugs), len(numbers)) < len(head.courses):
            self.refuse(name, "gives a slug or a number twice")
        if numbers and max(numbers) >= head.next_number:
            self.refuse(name, f"gives a number that is not under its next_number, {head.next_number}")
        if sum(one.items for one in head.courses) > MAX_ITEMS:
            self.refuse(name, f"names more than {MAX_ITEMS} items")

    def course(self, entry: CourseEntry) -> tuple[CourseLine, Iterator[ItemLine]]:
        """A course and its items in order; the items' last step checks the manifest's hash and their count."""
        lines = self.lines(entry.manifest, entry.size, entry.packed, entry.items + 1)
        _, first = next(lines, (0, b""))
        course = self._line(entry.manifest, 1, first, CourseLine)
        if (course.course, course.number) != (entry.slug, entry.number):
            self.refuse(f"m/{entry.manifest}", f"is not the manifest of {entry.slug}")
        return self._with_clean_cover(entry, course), self._items(entry, lines)

    def _with_clean_cover(self, entry: CourseEntry, course: CourseLine) -> CourseLine:
        """The course with its cover built anew: it goes into pages, and whoever made the tree is not asked."""
        if not course.cover:
            return course
        try:
            return msgspec.structs.replace(course, cover=clean_svg(course.cover.encode(), limit=MAX_COVER))
        except BadDrawing as error:
            self.refuse(f"m/{entry.manifest}, line 1,", f"has a cover that {error}")

    def _items(self, entry: CourseEntry, lines: Iterator[tuple[int, bytes]]) -> Iterator[ItemLine]:
        count = 0
        for count, (number, text) in enumerate(lines, start=1):  # noqa: B007 (used after the loop)
            item = self._line(entry.manifest, number, text, ItemLine)
            if wrong := oddity(item):
                self.refuse(f"m/{entry.manifest}, line {number},", wrong)
            yield item
        if count != entry.items:
            self.refuse(f"m/{entry.manifest}", f"has {count} items where the catalogue says {entry.items}")

    def tree(self, ref: TreeRef) -> Iterator[TreeLine]:
        """The files of a package, in the order of their paths; the last step checks hash, count, and the start."""
        count, last, has_start = 0, "", False
        for count, text in self.lines(ref.sha256, ref.size, ref.packed, ref.files):
            line = self._line(ref.sha256, count, text, TreeLine)
            if line.path <= last:
                self.refuse(f"m/{ref.sha256}, line {count},", "is not in the order of the paths")
            last, has_start = line.path, has_start or line.path == ref.start
            yield line
        if count != ref.files or not has_start:
            self.refuse(f"m/{ref.sha256}", f"has not the {ref.files} files, {ref.start} among them, that its item says")

    def _line(self, sha256: str, number: int, text: bytes, kind: type[Any]) -> Any:
        try:
            return msgspec.json.decode(text, type=kind)
        except BAD as error:
            self.refuse(f"m/{sha256}, line {number},", f"cannot be read ({error})")

    def lines(self, sha256: str, size: int | None, packed: int | None, most: int) -> Iterator[tuple[int, bytes]]:
        """A record's lines, numbered from 1, one more than the `most` it should have; its end has the right hash."""
        digest = hashlib.sha256()
        with self.open_record("m", sha256, size, packed) as file:
            for number in range(1, most + 2):
                text = self.read_line(file, f"m/{sha256}")
                digest.update(text)
                if len(text) > MAX_LINE:
                    self.refuse(f"m/{sha256}, line {number},", f"has more than {MAX_LINE} bytes")
                if not text:
                    break
                yield number, text
        if digest.hexdigest() != sha256:
            self.refuse(f"m/{sha256}", DAMAGED)

    def read_line(self, file: BinaryIO, name: str) -> bytes:
        try:
            return file.readline(MAX_LINE + 1)
        except DamagedBlob:
            self.refuse(name, DAMAGED)
        except OSError as error:
            raise unreadable(error) from None


class _Format(msgspec.Struct):
    """As much of a head as every version can read."""

    format: int


def unreadable(error: OSError) -> RepositoryError:
    """A stick pulled out, a bad sector, a share that went away."""
    return RepositoryError(f"The repository cannot be read ({error.strerror}); plug it in again, then start again.")


def oddity(item: ItemLine) -> str:
    """What is wrong with the files of an item, as a phrase; empty if nothing is."""
    mains = [file.role for file in item.files].count("main")
    if (item.kind == "package") != (item.tree is not None):
        return "must have a tree if it is a package, and none if not"
    if mains != (0 if item.kind == "package" else 1):
        return "must have one main file" if item.kind != "package" else "has a main file beside its tree"
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
