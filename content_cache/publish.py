"""Publishes course folders into a repository: a static tree that any folder, stick or web server can hold.

    published = publish(Path("courses"), Path("repository"))
    published.changes, published.bytes_to_send

The courses found replace those of the same slug, the others stay. Objects are written first, then manifests, then the
numbers given for life, and `catalogue.json` last: whoever reads meanwhile sees the old release or the new one. The
same input gives the same bytes, and nothing is written if nothing changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from typing import TYPE_CHECKING, Literal

import msgspec

from content_cache.coursefolder import CourseFolder, CourseItem, Part, read_folders
from content_cache.deposit import Deposit
from content_cache.durable import is_full, locked, make_folder, write_file
from content_cache.errors import NoSuchCourse, RepositoryError, no_space, unusable
from content_cache.records import (
    FORMAT,
    LIGHT_POSTER,
    PIECE,
    Blob,
    CourseEntry,
    CourseLine,
    File,
    Head,
    ItemLine,
    Numbered,
)
from content_cache.repository import HEAD, NUMBERS, Repository
from content_cache.topics import topic_slug, topic_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OURS = {HEAD, NUMBERS, "m", "o", "incoming"}
EMPTY = Head(format=FORMAT, release=1, next_number=1, courses=())


class Change(msgspec.Struct, frozen=True):
    """What happened to a course (`slug`) or an item (`course/slug`)."""

    what: Literal["added", "changed", "removed"]
    id: str
    title: str


class Published(msgspec.Struct, frozen=True):
    """The release that the repository holds now; `bytes_to_send` is what a hub with the last one has to fetch.

    `notes` are sentences on what was published all the same, and would be better otherwise.
    """

    release: str
    number: int
    courses: int
    items: int
    changes: tuple[Change, ...]
    bytes_to_send: int
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.changes)


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def publish(folder: Path, repository: Path, *, progress: Callable[[int, int], None] = _silent) -> Published:
    """Publish the course folder, or folder of course folders, `folder`; makes `repository` if it is not there.

    Raises CourseError with every problem of every course, and other ContentErrors; the repository then holds the
    release that it held. `progress` is told steps done and steps to do.
    """
    with _disk_errors(repository):
        courses = read_folders(folder, progress)
        with _opened(repository) as publisher:
            for done, course in enumerate(courses):
                progress(done, len(courses))
                publisher.add(course)
            progress(len(courses), len(courses))
            return publisher.release()


def remove_course(slug: str, repository: Path) -> Published:
    """Make a release without the course; its objects stay, and so do its numbers, should it come back."""
    Repository(repository).head()
    with _disk_errors(repository), _opened(repository) as publisher:
        publisher.remove(slug)
        return publisher.release()


@contextlib.contextmanager
def _opened(root: Path) -> Iterator[_Publisher]:
    if root.is_dir() and not (root / HEAD).exists() and {path.name for path in root.iterdir()} - OURS:
        raise RepositoryError(f"{root} holds other things; name an empty folder, or one that is a repository.")
    try:
        make_folder(root)
        with locked(root), Deposit(root, lambda sha256: root / "o" / sha256) as objects:
            yield _Publisher(root, objects)
    finally:
        with contextlib.suppress(OSError):
            (root / "incoming").rmdir()


@contextlib.contextmanager
def _disk_errors(root: Path) -> Iterator[None]:
    """Turn what the system says of a file or disk into a sentence."""
    try:
        yield
    except OSError as error:
        raise (no_space(root, 10**6) if is_full(error) else unusable(error)) from None


class _Publisher:
    """One publication: the release before, and what becomes of it."""

    def __init__(self, root: Path, objects: Deposit) -> None:
        self._root, self._objects = root, objects
        self._repository = Repository(root)
        self._is_new = not (root / HEAD).exists()
        self._old = EMPTY if self._is_new else self._repository.head()[0]
        self._entries = {entry.slug: entry for entry in self._old.courses}
        self._numbers = _numbers(self._repository, self._old, self._is_new)
        self._numbered = len(self._numbers)
        self._next = max([self._old.next_number - 1, *self._numbers.values()]) + 1
        self._changes: list[Change] = []
        self._notes: list[str] = []

    def _number(self, slug: str) -> int:
        """The number of a course or item for life: the one it had, or one that nothing ever had."""
        if slug not in self._numbers:
            self._numbers[slug] = self._next
            self._next += 1
        return self._numbers[slug]

    def add(self, course: CourseFolder) -> None:
        """Write a course's objects and manifest, and note what changed."""
        draft = course.draft
        first = CourseLine(
            course=draft.course,
            number=self._number(draft.course),
            title=draft.title.strip(),
            summary=draft.summary.strip(),
            language=draft.language,
            topic=topic_slug(draft.topic),
            topic_title=_said(draft.topic),
            cover=course.cover,
            licence=draft.licence.strip(),
            credits=draft.credits.strip(),
        )
        items = [self._item(draft.course, item) for item in course.items]
        self._note(first, items, self._write_manifest(first, items))

    def _item(self, course: str, item: CourseItem) -> ItemLine:
        files = tuple(self._file(part) for part in item.parts)
        item_id = f"{course}/{item.draft.item}"
        self._notes += [_heavy(item_id, file) for file in files if file.role == "poster" and file.size > LIGHT_POSTER]
        return ItemLine(
            item=item.draft.item,
            number=self._number(item_id),
            kind=item.draft.kind,
            title=item.draft.title.strip(),
            summary=item.draft.summary.strip(),
            seconds=item.seconds,
            files=files,
        )

    def _file(self, part: Part) -> File:
        blob = self._put(part.source)
        return File(
            role=part.role,  # type: ignore[arg-type]
            sha256=blob.sha256,
            size=blob.size,
            mime=part.mime,
            name=part.name,
            language=part.language,
            rendition=part.rendition,
        )

    def _put(self, source: Path | bytes) -> Blob:
        """Bring an object in; read once to hash, and copied only if it is new."""
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb", buffering=0) as file:
            blob = _hash(file)
            there = self._root / "o" / blob.sha256
            if not self._objects.waits(blob.sha256) and not (there.is_file() and there.stat().st_size == blob.size):
                file.seek(0)
                self._objects.put(file, expected=blob.sha256)
        return blob

    def _write_manifest(self, first: CourseLine, items: list[ItemLine]) -> CourseEntry:
        text = b"".join(msgspec.json.encode(line) + b"\n" for line in (first, *items))
        name = hashlib.sha256(text).hexdigest()
        if not (self._root / "m" / name).exists():
            make_folder(self._root / "m")
            self._objects.commit()
            write_file(self._root / "m" / name, text)
        size = sum({file.sha256: file.size for item in items for file in item.files}.values())
        return CourseEntry(
            slug=first.course, number=first.number, manifest=name, items=len(items), bytes=size, size=len(text)
        )

    def _note(self, course: CourseLine, items: list[ItemLine], entry: CourseEntry) -> None:
        before = self._entries.get(entry.slug)
        self._entries[entry.slug] = entry
        if before == entry:
            return
        self._changes.append(Change("changed" if before else "added", entry.slug, course.title))
        old = self._old_items(before) if before else {}
        for item in items:
            if (was := old.pop(item.item, None)) != item:
                self._change("changed" if was else "added", entry.slug, item)
        for item in old.values():
            self._change("removed", entry.slug, item)

    def _change(self, what: Literal["added", "changed", "removed"], course: str, item: ItemLine) -> None:
        self._changes.append(Change(what, f"{course}/{item.item}", item.title))

    def _old_items(self, entry: CourseEntry) -> dict[str, ItemLine]:
        return {item.item: item for item in self._repository.course(entry)[1]}

    def remove(self, slug: str) -> None:
        if slug not in self._entries:
            known = ", ".join(sorted(self._entries)) or "none"
            raise NoSuchCourse(f"{self._root} has no course {slug!r}; name one of those it has: {known}.")
        course, items = self._repository.course(self._entries.pop(slug))
        self._changes.append(Change("removed", slug, course.title))
        for item in items:
            self._change("removed", slug, item)

    def release(self) -> Published:
        """Write the numbers, then the catalogue, if anything changed."""
        self._objects.commit()
        courses = tuple(sorted(self._entries.values(), key=lambda entry: entry.number))
        if courses == self._old.courses and not self._is_new:
            return self._published(self._old, self._repository.head()[1], 0)
        number = 1 if self._is_new else self._old.release + 1
        head = Head(format=FORMAT, release=number, next_number=self._next, courses=courses)
        self._write_numbers()
        text = msgspec.json.encode(head) + b"\n"
        to_send = len(text) + self._new_bytes(courses)
        write_file(self._root / HEAD, text)
        return self._published(head, self._repository.head()[1], to_send)

    def _write_numbers(self) -> None:
        if len(self._numbers) == self._numbered and (self._root / NUMBERS).exists():
            return
        rows = sorted((number, slug) for slug, number in self._numbers.items())
        lines = (msgspec.json.encode(Numbered(slug=slug, number=number)) + b"\n" for number, slug in rows)
        write_file(self._root / NUMBERS, lines)

    def _published(self, head: Head, name: str, to_send: int) -> Published:
        items = sum(entry.items for entry in head.courses)
        return Published(
            name, head.release, len(head.courses), items, tuple(self._changes), to_send, tuple(self._notes)
        )

    def _new_bytes(self, courses: tuple[CourseEntry, ...]) -> int:
        """Bytes of manifests and objects that the last release did not name."""
        new = [entry for entry in courses if entry not in self._old.courses]
        had = {sha256 for entry in self._old.courses for sha256, _ in self._blobs(entry)} if new else set()
        wanted = dict(pair for entry in new for pair in self._blobs(entry))
        manifests = sum((self._root / "m" / entry.manifest).stat().st_size for entry in new)
        return manifests + sum(size for sha256, size in wanted.items() if sha256 not in had)

    def _blobs(self, entry: CourseEntry) -> Iterator[tuple[str, int]]:
        for item in self._repository.course(entry)[1]:
            yield from ((file.sha256, file.size) for file in item.files)


def _heavy(item_id: str, poster: File) -> str:
    return (
        f"{item_id}: pages show no poster of over {LIGHT_POSTER // 1000} kB, and this one has "
        f"{round(poster.size / 1000)} kB; save it as WebP, 480 pixels wide, and publish again."
    )


def _said(words: str) -> str:
    """The topic's words, unless its slug says them all."""
    title = topic_title(words)
    return "" if title == topic_title(topic_slug(words)) else title


def _numbers(repository: Repository, head: Head, is_new: bool) -> dict[str, int]:
    """Every number ever given. Without that record numbers would be given twice, so its loss stops a publication."""
    if is_new and not (repository.root / NUMBERS).exists():
        return {}
    numbers = {row.slug: row.number for row in repository.numbers()}
    if lost := [entry.slug for entry in head.courses if numbers.get(entry.slug) != entry.number]:
        raise RepositoryError(f"{NUMBERS} of {repository.root} lacks {lost[0]}; bring it back from a copy.")
    return numbers


def _hash(file: io.BytesIO | io.FileIO) -> Blob:
    digest, size, buffer = hashlib.sha256(), 0, memoryview(bytearray(PIECE))
    while count := file.readinto(buffer):
        size += count
        digest.update(buffer[:count])
    return Blob(digest.hexdigest(), size)
