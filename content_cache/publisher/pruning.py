"""Removes from a repository what no recent release names, and what interrupted publications left.

    pruned = prune(Path("repository"), keep=12)

Of each group the last `keep` releases stay, with all that they need: hubs on the way to one of them find it whole, and
there is something to go back to. If one of these cannot be read nothing is removed. No publication runs meanwhile.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import msgspec

from content_cache.delta.publishing import NAME, write_index
from content_cache.durable import PREFIX, sync_folder
from content_cache.ordering import blobs_of_item
from content_cache.publisher.groups import Group, Groups, write_groups
from content_cache.publisher.publish import OWN, opened
from content_cache.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from content_cache.publisher.groups import GroupRelease
    from content_cache.publisher.publication import Publication
    from content_cache.records import Blob, CourseEntry

KEEP = 12
SHORT = 16  # digits of a catalogue's hash that name it in d/
HASH = re.compile(r"([0-9a-f]{64})(?:\.zst)?")


class Pruned(msgspec.Struct, frozen=True):
    """What was removed, and the oldest release that is still here."""

    count: int
    bytes: int
    oldest: int


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def prune(root: Path, keep: int = KEEP, *, progress: Callable[[int, int], None] = _silent) -> Pruned:
    """Keep of the repository in `root` the last `keep` releases of each group, at least one; raises Busy, or
    RepositoryError, with nothing removed. `progress` is told releases read and releases to read.
    """
    Repository(root).head()
    with opened(root) as publication:
        groups = Groups(tuple(_shortened(group, max(keep, 1)) for group in publication.groups.groups))
        needed = _Needed(publication)
        releases = [one for group in groups.groups for one in group.releases]
        for done, one in enumerate(releases):
            progress(done, len(releases))
            needed.add(one)
        progress(len(releases), len(releases))
        if groups != publication.groups:
            write_groups(root, groups)
        gone = [_remove(path) for path in _unneeded(root, needed)]
        _settle(root)
        return Pruned(len(gone), sum(gone), min(one.release for one in releases))


def _shortened(group: Group, keep: int) -> Group:
    return Group(group=group.group, releases=group.releases[-keep:])


class _Needed:
    """The names, as they lie, of all that some releases need."""

    def __init__(self, publication: Publication) -> None:
        self._publication = publication
        self._courses: set[tuple[str, int | None]] = set()
        self.catalogues: set[str] = set()
        self.names: dict[str, set[bytes]] = {folder: set() for folder in "bcmo"}

    def add(self, release: GroupRelease) -> None:
        self.catalogues.add(release.sha256[:SHORT])
        self.names["c"].add(bytes.fromhex(release.sha256))
        if release.names:
            self.names["m"].add(_key(release.names))
        for entry in self._publication.head_of(release).courses:
            if (entry.manifest, entry.packed) not in self._courses:
                self._courses.add((entry.manifest, entry.packed))
                self._course(entry)

    def _course(self, entry: CourseEntry) -> None:
        key = bytes.fromhex(entry.manifest)
        self.names["m"].add(key)
        self.names["b"].add(key)
        for item in self._publication.repository.course(entry)[1]:
            if item.tree is not None:
                self.names["m"].add(bytes.fromhex(item.tree.sha256))
            self.names["o"] |= {_key(blob) for blob in blobs_of_item(self._publication.repository, item)}


def _key(blob: Blob) -> bytes:
    return bytes.fromhex(blob.sha256)


def _unneeded(root: Path, needed: _Needed) -> Iterator[Path]:
    """Files named by a hash that nothing needs, and whatever else lies there; what we do not know by its name stays."""
    for folder, names in needed.names.items():
        for path in _files(root / folder):
            found = HASH.fullmatch(path.name)
            if path.name.startswith(PREFIX) or (found and bytes.fromhex(found[1]) not in names):
                yield path
    for path in _files(root / "d"):
        found = NAME.fullmatch(path.name)
        if path.name.startswith(PREFIX) or (found and not {found[1], found[2]} <= needed.catalogues):
            yield path
    for path in (*_files(root), *_files(root / "incoming"), *_files(root / OWN)):
        if path.name.startswith(PREFIX):
            yield path


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _remove(path: Path) -> int:
    size = path.stat(follow_symlinks=False).st_size
    path.unlink()
    return size


def _settle(root: Path) -> None:
    """List the deltas that are left, and make it all durable."""
    write_index(root)
    for folder in "bcdmo":
        with contextlib.suppress(FileNotFoundError):
            sync_folder(root / folder)
