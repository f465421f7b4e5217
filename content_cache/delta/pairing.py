"""Which old file a new file is a version of.

    for task in pair(old, new): ...     # Task(place=7, base=(7,), group="precio-justo"), …

First by what it is for: the same role in the same item, the same path in the same package. What was renamed is found
by its bare name among the files of its course that are gone. A new text that replaces nothing leans on its neighbour:
pages of one package share their frame. Whatever is named here only makes a delta smaller; nothing depends on its being
right.
"""

from __future__ import annotations

from bisect import bisect_left
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from content_cache.manifests import Records
    from content_cache.records import Blob, CourseEntry, Head, ItemLine

TEXTS = {".htm", ".html", ".xhtml", ".js", ".mjs", ".css", ".xml", ".json", ".jsonl", ".md", ".svg", ".txt", ".vtt"}
TEXTS |= {".xsd", ".dtd", ".csv", ".yaml", ".lmsx", ".php", ".srt"}


class Named(NamedTuple):
    """A blob with what it is for; `group` is its course."""

    blob: Blob
    group: str
    key: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.key).name

    @property
    def kind(self) -> str:
        return PurePosixPath(self.key).suffix.lower()


class Task(NamedTuple):
    """A new file to be made: its place, and the place of the old file that it is a version of, or None.

    `neighbour` is an old file that is only like it, `kind` the ending of its name: alike ones pack better together.
    `must` is said of records, which are never left out.
    """

    place: int
    base: int | None
    group: str
    neighbour: int | None = None
    kind: str = ""
    must: bool = False


def named_files(records: Records, head: Head) -> Iterator[Named]:
    """Every blob of a release in its order (content_cache/ordering.py), each where it first occurs."""
    return _once(one for entry in head.courses for one in _of_course(records, entry))


def named_files_of(records: Records, entry: CourseEntry) -> Iterator[Named]:
    """Every blob of one course in its order, once: the list that its bundle counts in."""
    return _once(_of_course(records, entry))


def _once(files: Iterable[Named]) -> Iterator[Named]:
    seen: set[bytes] = set()
    for one in files:
        key = bytes.fromhex(one.blob.sha256)
        if key not in seen:
            seen.add(key)
            yield one


def _of_course(records: Records, entry: CourseEntry) -> Iterator[Named]:
    for item in records.course(entry)[1]:
        yield from _of_item(records, entry.slug, item)


def _of_item(records: Records, slug: str, item: ItemLine) -> Iterator[Named]:
    for file in item.files:
        role = f"{item.item}/:{file.role}:{file.language or ''}:{file.rendition or ''}"
        yield Named(file.blob, slug, f"{role}/{file.name}")
    if item.tree is not None:
        for line in records.tree(item.tree):
            yield Named(line.blob, slug, f"{item.item}/{line.path}")


def pair(old: Sequence[Named], new: Sequence[Named]) -> Iterator[Task]:
    """A task for every new file that is not among the old ones."""
    places = {one.blob.sha256: place for place, one in enumerate(old)}
    by_key = {(one.group, one.key): place for place, one in enumerate(old)}
    still = {one.blob.sha256 for one in new}
    gone = {(one.group, one.name): place for place, one in enumerate(old) if one.blob.sha256 not in still}
    neighbours = _Neighbours(old)
    for place, one in enumerate(new):
        if one.blob.sha256 not in places:
            base = by_key.get((one.group, one.key), gone.get((one.group, one.name)))
            neighbour = neighbours.beside(one) if base is None else None
            yield Task(place, base, one.group, neighbour, one.kind)


class _Neighbours:
    """Old texts by course and ending, in the order of their keys."""

    def __init__(self, old: Iterable[Named]) -> None:
        self._rows: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for place, one in enumerate(old):
            if one.kind in TEXTS:
                self._rows.setdefault((one.group, one.kind), []).append((one.key, place))
        for row in self._rows.values():
            row.sort()

    def beside(self, one: Named) -> int | None:
        """The place of the text that stands where this one would."""
        row = self._rows.get((one.group, one.kind))
        return row[min(bisect_left(row, (one.key, 0)), len(row) - 1)][1] if row else None
