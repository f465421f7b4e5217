"""All blobs of a release in one order that everybody finds by themselves, so that a number can stand for a hash.

    for blob in blobs_in_order(repository, head): ...

Courses as the catalogue has them, items as their manifest has them; of an item its files, then the lines of its tree.
A blob counts where it first occurs. Whoever has the records of a release has its list, and a delta names files by their
places in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from content_cache.errors import RepositoryError
from content_cache.records import MAX_BLOBS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from content_cache.records import Blob, CourseEntry, CourseLine, Head, ItemLine, TreeLine, TreeRef


class Reader(Protocol):
    """Whatever has the manifests and trees of a release: a `Repository`, or the records that a library keeps."""

    def course(self, entry: CourseEntry) -> tuple[CourseLine, Iterator[ItemLine]]: ...

    def tree(self, ref: TreeRef) -> Iterator[TreeLine]: ...


def blobs_of_item(reader: Reader, item: ItemLine) -> Iterator[Blob]:
    """Its files, then those of its package; one that is named twice comes twice."""
    yield from (file.blob for file in item.files)
    if item.tree is not None:
        yield from (line.blob for line in reader.tree(item.tree))


def blobs_of_course(reader: Reader, entry: CourseEntry) -> Iterator[Blob]:
    """Those of its items, in order."""
    for item in reader.course(entry)[1]:
        yield from blobs_of_item(reader, item)


def blobs_in_order(reader: Reader, head: Head) -> Iterator[Blob]:
    """Every blob of the release once, where it first occurs; raises RepositoryError for a release beyond all limits."""
    seen: set[bytes] = set()
    for entry in head.courses:
        for blob in blobs_of_course(reader, entry):
            key = bytes.fromhex(blob.sha256)
            if key not in seen:
                seen.add(key)
                yield blob
        if len(seen) > MAX_BLOBS:
            raise RepositoryError(f"A release names more than {MAX_BLOBS} files; publish fewer.")


def trees_of_course(reader: Reader, entry: CourseEntry) -> Iterator[TreeRef]:
    """Those of its packages, in order; one that is named twice comes twice."""
    return (item.tree for item in reader.course(entry)[1] if item.tree is not None)


def trees_in_order(reader: Reader, head: Head) -> Iterator[TreeRef]:
    """Every tree of the release once, where it first occurs."""
    seen: set[str] = set()
    for entry in head.courses:
        for tree in trees_of_course(reader, entry):
            if tree.sha256 not in seen:
                seen.add(tree.sha256)
                yield tree
