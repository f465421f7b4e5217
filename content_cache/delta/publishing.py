"""What a publication makes beside its release: bundles of its courses, and deltas from the releases before.

    entry, note = bundled(repository, entry, before)            # when the manifest lies there
    notes = write_deltas(repository, group.releases)    # when the catalogue does

They save bytes and are needed by nobody: one that cannot be made is noted, and the publication goes on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import zstandard

from content_cache.delta.frames import Packer
from content_cache.delta.release import write_bundle, write_delta
from content_cache.delta.route import MAX_EDGES, SHORT, Edge, encode_edges
from content_cache.durable import write_file
from content_cache.errors import ContentError
from content_cache.packing import ENDING
from content_cache.records import Blob
from content_cache.store import HASH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from content_cache.publisher.groups import GroupRelease
    from content_cache.records import CourseEntry
    from content_cache.repository import Repository

BACK = 6  # deltas are made from so many releases before; who is further behind takes several
INDEX = "d/index.json"
NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})")
MISHAPS = (ContentError, OSError, IndexError, zstandard.ZstdError)


def bundled(repository: Repository, entry: CourseEntry, before: CourseEntry | None) -> tuple[CourseEntry, list[str]]:
    """The course with the size of its bundle, which is made if it is not there; and what to say if it cannot be."""
    try:
        return msgspec.structs.replace(entry, bundle=write_bundle(repository, entry, before)), []
    except MISHAPS as error:
        return entry, [f"{entry.slug}: its small files could not be bundled ({error}); hubs fetch them one by one."]


def write_deltas(repository: Repository, releases: Sequence[GroupRelease], packer: Packer | None = None) -> list[str]:
    """Make the deltas to the last of a group's releases from those before, and list them; sentences on any mishap.

    `packer` remembers the frames of other groups' deltas.
    """
    packer = packer or Packer()
    *olds, new = releases[-BACK - 1 :]
    notes = []
    for old in olds:
        try:
            write_delta(repository, _blob(old), _blob(new), packer)
        except MISHAPS as error:
            notes.append(f"No delta from release {old.release} could be made ({error}); hubs that have it fetch more.")
    try:
        write_index(repository.root)
    except OSError as error:
        notes.append(f"The list of deltas could not be written ({error.strerror}); hubs further behind fetch more.")
    return notes


def _blob(release: GroupRelease) -> Blob:
    return Blob(release.sha256, release.size, release.packed)


def write_index(root: Path) -> None:
    """List the deltas that lie in `d/`, if there are any."""
    text = encode_edges(edges_in(root), catalogues_in(root))
    path = root / INDEX
    if path.parent.is_dir() and not (path.is_file() and path.read_bytes() == text):
        write_file(path, text)


def catalogues_in(root: Path) -> dict[str, Blob]:
    """The catalogues that lie in the repository's `c/`, by the first 16 digits of their hashes."""
    found = {}
    for path in (root / "c").iterdir() if (root / "c").is_dir() else ():
        sha256 = path.name.removesuffix(ENDING)
        if HASH.fullmatch(sha256):
            found[sha256[:SHORT]] = Blob(sha256, path.stat().st_size if sha256 == path.name else _size_within(path))
    return found


def _size_within(path: Path) -> int:
    """The bytes that a packed file says it holds."""
    with path.open("rb") as file:
        return int(zstandard.frame_content_size(file.read(18)))  # RFC 8878: no header of a frame is longer


def edges_in(root: Path) -> list[Edge]:
    """The deltas that lie in the repository's `d/`, by name; no more than its list may have."""
    return sorted(_edges(root / "d"))[:MAX_EDGES]


def _edges(folder: Path) -> Iterator[Edge]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if found := NAME.fullmatch(path.name):
            yield Edge(found[1], found[2], path.stat().st_size)
