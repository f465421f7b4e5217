"""Takes a repository in a folder into a library, for a caller who vouches for where it comes from.

    imported = import_repository(Path("/media/stick/repository"), library, reserve=200_000_000)

What has to be signed goes through `Anchor` and `sync` instead (content_cache/trust, content_cache/sync). Here the
newest catalogue of the folder is believed; all it names is checked against its hashes, and comes whole or not at all.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import msgspec

from content_cache.errors import OlderRelease
from content_cache.repository import Repository
from content_cache.room import alone, disk_errors
from content_cache.sync.engine import sync
from content_cache.sync.source import FolderSource
from content_cache.trust.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from content_cache.library import Library
    from content_cache.manifests import Release


class Imported(msgspec.Struct, frozen=True):
    """What an import did: the release that serves now, and the blobs that were brought for it."""

    release: str
    number: int
    courses: int
    items: int
    blobs: int
    bytes: int
    changed: bool


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def import_repository(
    source: Path,
    library: Library,
    *,
    reserve: int = 0,
    progress: Callable[[int, int], None] = _silent,
) -> Imported:
    """Take in the release of the repository in the folder `source`, leaving `reserve` bytes of the disk free.

    `progress` is told bytes brought and bytes to bring. Raises a ContentError (RepositoryError, OlderRelease,
    DamagedBlob, NoSpace, Busy, SourceError) with the library serving what it served before. The release that is here
    already is only checked for blobs that are missing.
    """
    text, found = Repository(source).newest()
    _refuse_sideways(library, found)
    _keep_catalogue(library, text, found)
    target = Target(sha256=found.sha256, size=found.size, release=found.head.release)
    done = sync(library, FolderSource(source), target, reserve=reserve, whole=True, progress=progress)
    return Imported(done.release, done.number, done.courses, done.items, done.blobs, done.bytes, done.changed)


def _refuse_sideways(library: Library, found: Release) -> None:
    """A library only moves forward: an old stick must not bring back what was corrected or withdrawn since."""
    here, number, serving = library.number(), found.head.release, (library.release() or "").partition(".")[0]
    if number < here:
        raise OlderRelease(f"Release {number} is older than release {here} here; look for a newer repository.")
    if number == here and found.name != serving:
        raise OlderRelease(
            f"This repository holds another release {here} than the one here; import from the repository "
            f"that this library came from, or publish there."
        )


def _keep_catalogue(library: Library, text: bytes, found: Release) -> None:
    """Put the catalogue among the records: before format 3 it lies nowhere under its hash."""
    with disk_errors(library.root, lambda: len(text)), alone(library), library.records.batch() as batch:
        if not library.records.is_whole(found.sha256):
            batch.put(io.BytesIO(text), expected=found.sha256)


__all__ = ["Imported", "alone", "import_repository"]
