"""What every course and item that ever had a number is called: a file for head office, which no hub fetches.

    text = names_now(repository, groups, numbers, before, after)    # the courses of the last release, and of this one

Site-days count under integers, and head office shows what they mean, also years after a course was removed: so the file
is carried forward from release to release, whole. Its format is docs/formats/names.md. It says nothing of the release
it was made with, so that it changes only when a name does.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from content_cache.errors import RepositoryError
from content_cache.manifests import BAD
from content_cache.records import EVERYTHING, CourseEntry, Kind, Language, Number, SlugOrId, Title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from content_cache.publisher.groups import Groups
    from content_cache.records import Blob
    from content_cache.repository import Repository

FORMAT = 1
MOST = 1_000_000  # names that head office takes


class Name(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the file; `titles` by language, `kind` and `course`, the course's integer, of items alone."""

    number: Number
    slug: SlugOrId
    titles: dict[Language, Title] = {}
    kind: Kind | None = None
    course: Number | None = None
    published: bool = True


def names_now(
    repository: Repository,
    groups: Groups,
    numbers: Mapping[str, int],
    before: Sequence[CourseEntry],
    after: Sequence[CourseEntry],
) -> bytes:
    """The file for a release of the courses `after`; the newest of `groups` had those `before`.

    Without a file to carry forward, names come from the releases that are still here. Raises RepositoryError if a
    manifest of `after` cannot be read.
    """
    names, was = _carried(repository, groups, numbers, before) or _gathered(repository, groups, numbers)
    for number in {entry.number for entry in was} - {entry.number for entry in after}:
        names.gone(number)
    for entry in after:
        if entry not in was:
            names.course(entry)
    return names.text()


def _carried(
    repository: Repository, groups: Groups, numbers: Mapping[str, int], before: Sequence[CourseEntry]
) -> tuple[Names, Sequence[CourseEntry]] | None:
    """The names of the newest release, and its courses; None if it has no such file, or one that is damaged."""
    with contextlib.suppress(RepositoryError):
        return (Names(repository, numbers, read_names(repository, groups.names)), before) if groups.names else None
    return None


def _gathered(
    repository: Repository, groups: Groups, numbers: Mapping[str, int]
) -> tuple[Names, Sequence[CourseEntry]]:
    """The names that the releases still here tell, the newest last, and each course as it was last."""
    names, was = Names(repository, numbers, {}), dict[int, CourseEntry]()
    for one in groups.group(EVERYTHING).releases:
        with contextlib.suppress(RepositoryError):  # an old one may have lost a file, and nothing else needs it
            for entry in repository.release(one.sha256, one.size, one.packed).head.courses:
                if was.get(entry.number) != entry:
                    names.course(entry)
                was[entry.number] = entry
    return names, tuple(was.values())


class Names:
    """The names of all `numbers` ever given, by slug; `known` are those of the release before."""

    def __init__(self, repository: Repository, numbers: Mapping[str, int], known: Mapping[int, Name]) -> None:
        self._repository, self._numbers, self._names = repository, numbers, dict(known)
        self._of: dict[int, set[int]] = {}
        for number, name in known.items():
            self._of.setdefault(name.course or number, set()).add(number)

    def course(self, entry: CourseEntry) -> None:
        """Call the course and its items as its manifest does. Raises RepositoryError if that cannot be read."""
        line, items = self._repository.course(entry)
        read = list(items)
        self.gone(entry.number)
        self._set(entry.number, Name(number=entry.number, slug=entry.slug, titles={line.language: line.title}))
        for item in read:
            slug, titles = f"{entry.slug}/{item.item}", {line.language: item.title}
            name = Name(number=item.number, slug=slug, titles=titles, kind=item.kind, course=entry.number)
            self._set(entry.number, name)

    def _set(self, course: int, name: Name) -> None:
        self._names[name.number] = name
        self._of.setdefault(course, set()).add(name.number)

    def gone(self, course: int) -> None:
        """Say that the course of that number is published no more, and so none of its items."""
        for number in self._of.get(course, ()):
            self._names[number] = msgspec.structs.replace(self._names[number], published=False)

    def text(self) -> bytes:
        """The file; what lost its title before there was such a file has its slug alone."""
        names = {number: self._names.get(number) or self._nameless(slug) for slug, number in self._numbers.items()}
        lines = [msgspec.json.encode({"format": FORMAT}), *(msgspec.json.encode(names[one]) for one in sorted(names))]
        return b"\n".join(lines) + b"\n"

    def _nameless(self, slug: str) -> Name:
        course = self._numbers.get(slug.partition("/")[0]) if "/" in slug else None
        return Name(number=self._numbers[slug], slug=slug, course=course, published=False)


def read_names(repository: Repository, blob: Blob) -> dict[int, Name]:
    """The names in the record `blob`, by number. Raises RepositoryError."""
    lines = repository.lines(blob.sha256, blob.size, blob.packed, MOST)
    next(lines, None)
    names = (_name(repository, blob, number, text) for number, text in lines)
    return {name.number: name for name in names}


def _name(repository: Repository, blob: Blob, number: int, text: bytes) -> Name:
    try:
        return msgspec.json.decode(text, type=Name)
    except BAD as error:
        repository.refuse(f"m/{blob.sha256}, line {number},", f"cannot be read ({error})")
