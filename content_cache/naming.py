"""What the releases of a library name, so that a sweep knows what nothing needs.

Blobs of the release that serves are not all in its catalogue: where an old version of an item is carried, the records
alone name the new one. They are held as the first 8 bytes of their hashes, so that a million take 8 MB; what is kept by
mistake for sharing them with another is one blob in a thousand libraries.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from contextlib import suppress
from typing import TYPE_CHECKING

from content_cache.errors import RepositoryError
from content_cache.ordering import blobs_of_course

if TYPE_CHECKING:
    from collections.abc import Iterable

    from content_cache.catalogue import Catalogue
    from content_cache.manifests import Release
    from content_cache.recordstore import KeptRecords


class Named:
    """Everything that the `catalogues`, and the `releases` as far as their records are here, need."""

    def __init__(self, catalogues: list[Catalogue], releases: Iterable[Release], reader: KeptRecords) -> None:
        self._catalogues = catalogues
        self._prefixes = array("Q")
        self._reader = reader
        self.records: set[str] = set()
        for release in releases:
            self._add(release)
        self._prefixes = array("Q", sorted(set(self._prefixes)))

    def _add(self, release: Release) -> None:
        self.records.add(release.sha256)
        for entry in release.head.courses:
            self.records.add(entry.manifest)
            with suppress(RepositoryError):  # not all of what is coming is here yet
                trees = (item.tree for item in self._reader.course(entry)[1])
                self.records.update(tree.sha256 for tree in trees if tree)
            with suppress(RepositoryError):
                self._prefixes.extend(_prefix(blob.sha256) for blob in blobs_of_course(self._reader, entry))

    def has_blob(self, sha256: str) -> bool:
        """Whether any of them needs the blob."""
        prefix = _prefix(sha256)
        at = bisect_left(self._prefixes, prefix)
        if at < len(self._prefixes) and self._prefixes[at] == prefix:
            return True
        return any(catalogue.names_blob(sha256) for catalogue in self._catalogues)

    def has_part(self, name: str, asked: str | None = None) -> bool:
        """Whether what is coming as `name` in incoming/ is still wanted; a delta is if it leads to one of them.

        `asked` is the catalogue that is asked for, and perhaps not here yet.
        """
        stem = name.partition(".")[0].partition("@")[0]
        sha256 = stem.rpartition("-")[2]
        if stem.startswith("d-"):
            return any(one.startswith(sha256) for one in (*self.records, asked or ""))
        return len(sha256) == 64 and (sha256 == asked or sha256 in self.records or self.has_blob(sha256))


def _prefix(sha256: str) -> int:
    return int(sha256[:16], 16)
