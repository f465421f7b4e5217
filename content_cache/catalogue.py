"""One release of the library, in a SQLite file of its own that nothing ever writes again.

    catalogue = Catalogue(Path("catalogues/12-0f3a9c0d1e2b.sqlite"))
    for course in catalogue.courses(): ...
    catalogue.item("precio-justo/cuanto-te-cuesta").html

Since the file cannot change, SQLite is told so (immutable=1: no locks, no look at the disk for a journal,
https://sqlite.org/uri.html). One connection behind a lock serves all threads: a look-up takes some 20 microseconds,
and one page cache costs a small box less than one for each thread. content_cache/building.py writes the file.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from content_cache.errors import RepositoryError
from content_cache.records import Blob, Course, File, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Raised whenever the tables below change: a file of another layout is built again from its repository.
LAYOUT = 1
SCHEMA = """
CREATE TABLE meta (release TEXT NOT NULL, number INTEGER NOT NULL);
CREATE TABLE courses (
    number INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, title TEXT NOT NULL, summary TEXT NOT NULL,
    language TEXT NOT NULL, topic TEXT NOT NULL, licence TEXT NOT NULL, credits TEXT NOT NULL,
    items INTEGER NOT NULL, seconds INTEGER NOT NULL
);
CREATE TABLE items (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, course TEXT NOT NULL, position INTEGER NOT NULL,
    kind TEXT NOT NULL, title TEXT NOT NULL, summary TEXT NOT NULL, seconds INTEGER
);
CREATE UNIQUE INDEX items_in_order ON items (course, position);
CREATE TABLE files (
    item INTEGER NOT NULL, position INTEGER NOT NULL, role TEXT NOT NULL, language TEXT,
    sha256 BLOB NOT NULL, size INTEGER NOT NULL, mime TEXT NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (item, position)
) WITHOUT ROWID;
CREATE INDEX files_by_hash ON files (sha256, size);
CREATE TABLE readings (sha256 BLOB PRIMARY KEY, html TEXT NOT NULL);
"""
COURSE = "slug, number, title, summary, language, topic, licence, credits, items, seconds"
ITEM = "id, course, number, kind, title, summary, seconds"


class Catalogue:
    """A release: `release` is its name, `number` its place in the sequence. Safe for many threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            self._refuse_other_layout(path)
            self.release, self.number = self._rows("SELECT release, number FROM meta")[0]
        except (sqlite3.Error, IndexError):
            raise RepositoryError(f"The catalogue {path} is damaged; import the repository again.") from None

    def _refuse_other_layout(self, path: Path) -> None:
        if self._rows("PRAGMA user_version") != [(LAYOUT,)]:
            self.close()
            raise RepositoryError(f"The catalogue {path} was made by another version; import the repository again.")

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def courses(self) -> list[Course]:
        """All courses, in the order in which they were first published."""
        return [_course(row) for row in self._rows(f"SELECT {COURSE} FROM courses ORDER BY number")]  # noqa: S608

    def course(self, slug: str) -> Course | None:
        rows = self._rows(f"SELECT {COURSE} FROM courses WHERE slug = ?", slug)  # noqa: S608
        return _course(rows[0]) if rows else None

    def items(self, slug: str) -> list[Item]:
        """The items of a course in its order; without the `html` of readings, which `item` gives."""
        rows = self._rows(f"SELECT {ITEM} FROM items WHERE course = ? ORDER BY position", slug)  # noqa: S608
        files = self._files_of("item IN (SELECT number FROM items WHERE course = ?)", slug)
        return [_item(row, files.get(row[2], ()), None) for row in rows]

    def item(self, item_id: str) -> Item | None:
        """One item, a reading with its `html`."""
        rows = self._rows(f"SELECT {ITEM} FROM items WHERE id = ?", item_id)  # noqa: S608
        if not rows:
            return None
        files = self._files_of("item = ?", rows[0][2]).get(rows[0][2], ())
        return _item(rows[0], files, self._html(rows[0], files))

    def _html(self, row: tuple[Any, ...], files: tuple[File, ...]) -> str | None:
        if row[3] != "reading":
            return None
        main = next(file for file in files if file.role == "main")
        return str(self._rows("SELECT html FROM readings WHERE sha256 = ?", bytes.fromhex(main.sha256))[0][0])

    def _files_of(self, condition: str, value: object) -> dict[int, tuple[File, ...]]:
        query = f"SELECT item, role, language, sha256, size, mime, name FROM files WHERE {condition} ORDER BY item, position"  # noqa: S608, E501
        found: dict[int, tuple[File, ...]] = {}
        for item, role, language, sha256, size, mime, name in self._rows(query, value):
            file = File(role=role, language=language, sha256=sha256.hex(), size=size, mime=mime, name=name)
            found[item] = (*found.get(item, ()), file)
        return found

    def item_number(self, item_id: str) -> int | None:
        """The item's small integer for life."""
        rows = self._rows("SELECT number FROM items WHERE id = ?", item_id)
        return int(rows[0][0]) if rows else None

    def item_titles(self, numbers: Iterable[int]) -> dict[int, str]:
        """Titles by number, of those items that this release holds."""
        wanted = sorted(set(numbers))
        return dict(
            row for number in wanted for row in self._rows("SELECT number, title FROM items WHERE number = ?", number)
        )

    def names_blob(self, sha256: str) -> bool:
        """Whether this release needs the blob."""
        try:
            key = bytes.fromhex(sha256)
        except ValueError:
            return False
        return bool(self._rows("SELECT 1 FROM files WHERE sha256 = ? LIMIT 1", key))

    def items_with(self, sha256: str) -> list[str]:
        """The ids of the items that need the blob, in order."""
        query = "SELECT DISTINCT id FROM items JOIN files ON item = number WHERE sha256 = ? ORDER BY id"
        return [row[0] for row in self._rows(query, bytes.fromhex(sha256))]

    def blobs(self) -> Iterator[Blob]:
        """Every blob that this release needs, once each, in the order of their hashes; streamed."""
        last = b""
        query = "SELECT DISTINCT sha256, size FROM files WHERE sha256 > ? ORDER BY sha256 LIMIT 1000"
        while rows := self._rows(query, last):
            yield from (Blob(sha256.hex(), size) for sha256, size in rows)
            last = rows[-1][0]

    def close(self) -> None:
        """Let go of the file; the catalogue answers nothing more."""
        self._connection.close()


def _course(row: tuple[Any, ...]) -> Course:
    return Course(**dict(zip(COURSE.split(", "), row, strict=True)))


def _item(row: tuple[Any, ...], files: tuple[File, ...], html: str | None) -> Item:
    values = dict(zip(ITEM.split(", "), row, strict=True))
    return Item(**values, slug=values["id"].partition("/")[2], files=files, html=html)
