"""Says which courses a group of sites gets, and takes back releases that should not have been.

    staged = stage(Path("repository"), "norte", ["precio-justo", "ahorro"])
    withdrawn = withdraw(Path("repository"))        # the newest release; what was before it holds again

Both make a release, as a publication does, and nothing but a release reaches a hub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from content_cache.errors import NoSuchCourse, NoWayBack
from content_cache.publisher.groups import read_groups
from content_cache.publisher.publication import Content, Publication, in_order
from content_cache.publisher.publish import opened
from content_cache.records import EVERYTHING, Slug
from content_cache.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Staged(msgspec.Struct, frozen=True):
    """What a group gets, None for every course, and the release in which it gets that; `changed` if that is new."""

    group: str
    courses: tuple[str, ...] | None
    number: int
    changed: bool


class Withdrawn(msgspec.Struct, frozen=True):
    """The releases that were taken back, the one whose content holds again, and its number now."""

    withdrawn: tuple[int, ...]
    restored: int
    number: int
    groups: tuple[str, ...]


def stage(repository: Path, group: str, courses: Sequence[str]) -> Staged:
    """Let the group get these courses and no others; makes the group if it is new.

    Raises NoSuchCourse for a name or a course that cannot be, with the repository as it was.
    """
    _refuse_name(group)
    Repository(repository).head()
    with opened(repository) as publication:
        publication.refuse_unknown(courses)
        wanted = tuple(sorted(set(courses)))
        entries = in_order(one for one in publication.entries.values() if one.slug in wanted)
        changed = publication.write({group: Content(wanted, entries)})
        return Staged(group, wanted, publication.groups.group(group).releases[-1].release, bool(changed))


def _refuse_name(group: str) -> None:
    if group == EVERYTHING:
        raise NoSuchCourse("The group `all` gets every course; give the group another name, for instance norte.")
    try:
        msgspec.convert(group, Slug)
    except msgspec.ValidationError:
        raise NoSuchCourse(
            f"{group[:80]!r} is no name of a group; write small letters and hyphens, as in norte."
        ) from None


def staged(repository: Path) -> list[Staged]:
    """What each group gets; raises RepositoryError if there is no repository."""
    Repository(repository).head()
    newest = [(group.group, group.newest) for group in read_groups(repository).groups]
    return [Staged(name, one.courses, one.release, changed=False) for name, one in newest if one]


def withdraw(repository: Path, number: int | None = None) -> Withdrawn:
    """Take back that release, or the newest, and all after it: a new one holds what the one before them held.

    No library goes back to what was withdrawn. Raises NoWayBack if there is nothing to go back to.
    """
    Repository(repository).head()
    with opened(repository) as publication:
        gone, restored = _taken_back(publication, number)
        before = {name: _before(publication, name, gone[0]) for name in publication.old}
        if (everything := before[EVERYTHING]) is None:
            raise _nothing_before(gone[0])
        publication.entries = {entry.slug: entry for entry in everything.entries}
        contents = {
            group.group: before[group.group] or publication.content(group)
            for group in publication.groups.groups
            if any(group.had(one) for one in gone)
        }
        changed = publication.write(contents, withdrawn=gone)
        return Withdrawn(gone, restored, publication.groups.release, changed)


def _taken_back(publication: Publication, number: int | None) -> tuple[tuple[int, ...], int]:
    """The releases from that one, or the newest, on; and the last one before them that is not withdrawn itself."""
    numbers = {one.release for group in publication.groups.groups for one in group.releases}
    first = max(numbers) if number is None else number
    if first not in numbers:
        shown = ", ".join(str(one) for one in sorted(numbers)[-5:])
        raise NoWayBack(f"Release {first} is not here; name one of those that are: {shown}.")
    withdrawn = {one for head in publication.old.values() for one in head.withdrawn}
    before = [one for one in numbers - withdrawn if one < first]
    if not before:
        raise _nothing_before(first)
    return tuple(sorted(one for one in numbers if one >= first)), max(before)


def _before(publication: Publication, name: str, number: int) -> Content | None:
    """What a group got before that release; None if it got nothing."""
    withdrawn = publication.old[name].withdrawn
    releases = publication.groups.group(name).releases
    found = [one for one in releases if one.release < number and one.release not in withdrawn]
    return Content(found[-1].courses, publication.head_of(found[-1]).courses) if found else None


def _nothing_before(number: int) -> NoWayBack:
    return NoWayBack(f"No release before {number} is here to go back to; publish the right courses instead.")
