"""Reads a whole repository again, so that it is known good before it is carried.

Of each group's newest release: the catalogue, every manifest, tree, object and bundle; the numbers, and whether the
deltas are whole. What older releases need is not read: a hub that asks for it finds the newest.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from content_cache.delta.checking import bundle_is_whole, damaged_deltas
from content_cache.errors import ContentError
from content_cache.manifests import AGAIN, release_name, unreadable
from content_cache.ordering import blobs_of_item
from content_cache.publisher.groups import GROUPS, read_groups
from content_cache.publisher.names import read_names
from content_cache.quizzes import BadQuiz, decode_quiz
from content_cache.records import MAX_QUIZ, PIECE, Blob, CourseEntry, Head
from content_cache.repository import HEAD, NUMBERS, Repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A tree with more wrong than this is wrong as a whole.
MAX_PROBLEMS = 1000
MEND = "remove it, then publish again, or copy the repository again."


class Verified(msgspec.Struct, frozen=True):
    """What was read, and what is wrong with it, a sentence each; `signed` is the number of what is signed there."""

    release: str
    courses: int
    items: int
    objects: int
    bytes: int
    problems: tuple[str, ...]
    signed: int | None = None


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def verify_repository(root: Path, *, progress: Callable[[int, int], None] = _silent) -> Verified:
    """Check the repository in the folder `root`; raises RepositoryError only if it has no readable catalogue.

    `progress` is told bytes read and bytes to read.
    """
    repository = Repository(root)
    head, name = repository.head()
    check = _Check(repository, progress)
    check.numbers(head)
    for entry in check.entries(head, name):
        check.course(entry)
    check.objects()
    check.deltas()
    check.names()
    items = sum(entry.items for entry in head.courses)
    return Verified(name, len(head.courses), items, len(check.blobs), check.done, tuple(check.problems))


class _Check:
    """Collects what is wrong."""

    def __init__(self, repository: Repository, progress: Callable[[int, int], None]) -> None:
        self._repository, self._progress = repository, progress
        self._numbers: dict[str, int] = {}
        self._quizzes: set[str] = set()
        self.blobs: dict[str, Blob] = {}
        self.problems: list[str] = []
        self.done = 0

    def numbers(self, head: Head) -> None:
        """Every slug has one number, no number two slugs, and none reaches `next_number` or will be given again."""
        try:
            for row in self._repository.numbers():
                if row.slug in self._numbers:
                    self._add(f"{NUMBERS} has {row.slug} twice; bring it back from a copy.")
                self._numbers[row.slug] = row.number
        except ContentError as error:
            self._add(str(error))
        if len(set(self._numbers.values())) < len(self._numbers):
            self._add(f"{NUMBERS} gives one number twice; bring it back from a copy.")
        self._expect({entry.slug: entry.number for entry in head.courses})

    def _expect(self, numbers: dict[str, int]) -> None:
        for slug, number in numbers.items():
            if self._numbers.get(slug) != number:
                self._add(f"{NUMBERS} does not give {slug} the number {number}; bring it back from a copy.")

    def entries(self, head: Head, name: str) -> list[CourseEntry]:
        """The courses that any group gets now, each once."""
        found = {entry.manifest: entry for entry in head.courses}
        try:
            groups = read_groups(self._repository.root)
            newest = [one.newest for one in groups.groups if one.newest]
            for one in newest:
                release = self._repository.release(one.sha256, one.size, one.packed)
                found |= {entry.manifest: entry for entry in release.head.courses}
        except ContentError as error:
            self._add(str(error))
            return list(found.values())
        if newest and release_name(newest[0].release, newest[0].sha256) != name:
            self._add(f"{self._repository.root}/{HEAD} is not the newest release in {GROUPS}; publish again.")
        return list(found.values())

    def course(self, entry: CourseEntry) -> None:
        try:
            for item in self._repository.course(entry)[1]:
                self._expect({f"{entry.slug}/{item.item}": item.number})
                self.blobs.update({blob.sha256: blob for blob in blobs_of_item(self._repository, item)})
                if item.kind == "quiz":
                    self._quizzes |= {file.sha256 for file in item.files if file.role == "main"}
            if entry.bundle is not None and not bundle_is_whole(self._repository, entry):
                self._add(f"{self._repository.root}/b/{entry.manifest} is damaged; remove it, and publish again.")
        except ContentError as error:
            self._add(str(error))

    def deltas(self) -> None:
        for name in damaged_deltas(self._repository.root):
            self._add(f"{self._repository.root}/{name} is damaged; remove it, and hubs fetch the files themselves.")

    def names(self) -> None:
        """What head office calls the numbers agrees with them."""
        try:
            blob = read_groups(self._repository.root).names
            found = read_names(self._repository, blob) if blob else {}
        except ContentError as error:
            self._add(str(error))
            return
        self._expect({name.slug: name.number for name in found.values()})

    def objects(self) -> None:
        total = sum(blob.size for blob in self.blobs.values())
        self._progress(0, total)
        for _, blob in sorted(self.blobs.items()):
            try:
                self._object(blob, total)
            except ContentError as error:
                self._add(str(error))

    def _object(self, blob: Blob, total: int) -> None:
        digest, buffer = hashlib.sha256(), memoryview(bytearray(PIECE))
        with self._repository.open_object(blob) as file:
            try:
                while count := file.readinto(buffer):  # type: ignore[attr-defined]
                    digest.update(buffer[:count])
                    self.done += count
                    self._progress(self.done, total)
            except OSError as error:
                raise unreadable(error) from None
        if digest.hexdigest() != blob.sha256:
            self._add(f"{self._repository.root}/o/{blob.sha256} is damaged: its bytes have another hash; {MEND}")

        elif blob.sha256 in self._quizzes:
            self._quiz(blob)

    def _quiz(self, blob: Blob) -> None:
        with self._repository.open_object(blob) as file:
            try:
                decode_quiz(file.read(MAX_QUIZ + 1))
            except BadQuiz as error:
                self._add(f"{self._repository.root}/o/{blob.sha256} {error}; {AGAIN}")

    def _add(self, problem: str) -> None:
        if len(self.problems) < MAX_PROBLEMS and problem not in self.problems:
            self.problems.append(problem)
