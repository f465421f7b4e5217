"""Groups of sites: which courses each gets, and the catalogues that it got, release by release.

    groups = read_groups(root)                  # of the repository in the folder `root`
    groups.group("norte").newest                # its newest catalogue in c/, whoever signs or sends it

`groups.json` is the publisher's own record. Writing it is the moment at which a publication counts: what it names lies
durably in its place by then, and `catalogue.json`, which only repeats the newest catalogue of all courses, follows.
A group whose courses did not change keeps the catalogue that it has, so that its sites fetch nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from content_cache.durable import write_file
from content_cache.errors import RepositoryError
from content_cache.manifests import BAD
from content_cache.records import EVERYTHING, MAX_ITEMS, Blob, Number, Sha256, Size, Slug

if TYPE_CHECKING:
    from pathlib import Path

GROUPS = "groups.json"
MAX_GROUPS = 10_000
Courses = Annotated[tuple[Slug, ...], Meta(max_length=MAX_ITEMS)]


class GroupRelease(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A catalogue in `c/`: its release, hash, bytes and bytes packed.

    `courses` are those that the group got then, None for all; `names` is the record in `m/` of what all numbers given
    by then are called, in releases of `all` alone (content_cache/publisher/names.py).
    """

    release: Number
    sha256: Sha256
    size: Size
    packed: Size | None = None
    courses: Courses | None = None
    names: Blob | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group's catalogues, the oldest first; one that was never published has none."""

    group: Slug
    releases: tuple[GroupRelease, ...] = ()

    @property
    def newest(self) -> GroupRelease | None:
        return self.releases[-1] if self.releases else None

    def had(self, release: int) -> bool:
        """Whether there is a catalogue of that release for it."""
        return any(one.release == release for one in self.releases)


class Groups(msgspec.Struct, frozen=True):
    """All groups, `all` first, then by name."""

    groups: Annotated[tuple[Group, ...], Meta(max_length=MAX_GROUPS)] = ()

    def group(self, name: str) -> Group:
        """The group of that name, with nothing published if it is not there."""
        return next((one for one in self.groups if one.group == name), Group(group=name))

    @property
    def names(self) -> Blob | None:
        """The newest record of names; None in a repository that an older version published last."""
        newest = self.group(EVERYTHING).newest
        return newest.names if newest else None

    @property
    def release(self) -> int:
        """The number of the newest release of any group; 0 before the first."""
        return max((one.newest.release for one in self.groups if one.newest), default=0)

    def with_group(self, group: Group) -> Groups:
        """With that group in place of the one of its name."""
        others = [one for one in self.groups if one.group != group.group]
        return Groups(tuple(sorted([*others, group], key=lambda one: (one.group != EVERYTHING, one.group))))


def read_groups(root: Path) -> Groups:
    """The groups of the repository in `root`; none if it has no such file. Raises RepositoryError if it is damaged."""
    try:
        return msgspec.json.decode((root / GROUPS).read_bytes(), type=Groups)
    except FileNotFoundError:
        return Groups()
    except BAD as error:
        raise RepositoryError(f"{root / GROUPS} cannot be read ({error}); bring it back from a copy.") from None


def write_groups(root: Path, groups: Groups) -> None:
    """Let it count, durably."""
    write_file(root / GROUPS, msgspec.json.format(msgspec.json.encode(groups), indent=1) + b"\n")
