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

import msgspec

from content_cache.errors import OlderLayout, RepositoryError
from content_cache.quizzes import decode_quiz
from content_cache.records import (
    NOT_LISTED,
    Blob,
    Brief,
    Course,
    CourseLine,
    File,
    Found,
    Held,
    Item,
    ItemLine,
    Topic,
    Totals,
    TreeLine,
    TreeRef,
)
from content_cache.searching import search

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Raised whenever the tables below change: a file of another layout is built again (content_cache/renewing.py).
LAYOUT = 3
MOST_FOUND = 1000
NOTHING_NEW = 2**31  # above every number
SCHEMA = """
CREATE TABLE meta (
    release TEXT NOT NULL, number INTEGER NOT NULL, new_from INTEGER NOT NULL, catalogue TEXT NOT NULL,
    made_of TEXT NOT NULL
);
CREATE TABLE courses (
    number INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, title TEXT NOT NULL, summary TEXT NOT NULL,
    language TEXT NOT NULL, topic TEXT NOT NULL, topic_title TEXT NOT NULL, licence TEXT NOT NULL,
    credits TEXT NOT NULL, items INTEGER NOT NULL, here INTEGER NOT NULL, coming INTEGER NOT NULL,
    seconds INTEGER NOT NULL, cover TEXT
);
CREATE INDEX courses_by_topic ON courses (topic, number);
CREATE TABLE items (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, course TEXT NOT NULL, position INTEGER NOT NULL,
    kind TEXT NOT NULL, title TEXT NOT NULL, summary TEXT NOT NULL, seconds INTEGER, tree INTEGER,
    coming INTEGER NOT NULL, removed INTEGER NOT NULL
);
CREATE UNIQUE INDEX items_in_order ON items (course, position);
CREATE TABLE files (
    item INTEGER NOT NULL, position INTEGER NOT NULL, role TEXT NOT NULL, language TEXT, rendition TEXT,
    sha256 BLOB NOT NULL, size INTEGER NOT NULL, mime TEXT NOT NULL, name TEXT NOT NULL, packed INTEGER,
    PRIMARY KEY (item, position)
) WITHOUT ROWID;
CREATE INDEX files_by_hash ON files (sha256, size);
CREATE TABLE trees (
    tree INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, packed INTEGER,
    files INTEGER NOT NULL, bytes INTEGER NOT NULL, start TEXT NOT NULL
);
CREATE TABLE tree_files (
    tree INTEGER NOT NULL, path TEXT NOT NULL, sha256 BLOB NOT NULL, size INTEGER NOT NULL, packed INTEGER,
    PRIMARY KEY (tree, path)
) WITHOUT ROWID;
CREATE INDEX tree_files_by_hash ON tree_files (sha256, size);
CREATE INDEX items_by_tree ON items (tree) WHERE tree IS NOT NULL;
CREATE TABLE readings (sha256 BLOB PRIMARY KEY, html TEXT NOT NULL);
CREATE TABLE quizzes (sha256 BLOB PRIMARY KEY, json BLOB NOT NULL);
"""
HIGHEST = """SELECT max(coalesce((SELECT max(number) FROM courses), 0),
                    coalesce((SELECT max(number) FROM items), 0))"""
COURSE = (
    "slug, number, title, summary, language, topic, topic_title, licence, credits, items, here, coming, seconds, cover"
)
ITEM = "id, course, number, kind, title, summary, seconds, coming, removed"
# What pages list: a package cannot be played yet, and what a technician removed from this hub will not come.
LISTED = f"kind <> '{NOT_LISTED}' AND NOT removed"
NEWS = f"""WITH new (course, slug) AS (SELECT number, slug FROM courses WHERE number >= ?)
          SELECT course, NULL AS item FROM new JOIN courses ON number = course WHERE here
          UNION ALL SELECT NULL, number FROM items
              WHERE number >= ? AND course NOT IN (SELECT slug FROM new) AND coming = 0 AND {LISTED}
          ORDER BY course DESC NULLS LAST, item DESC LIMIT ?"""  # noqa: S608 - no value in it
FILE = "role, language, rendition, sha256, size, mime, name, packed"
TREE = "sha256, size, packed, files, bytes, start"
WEIGHT = """(SELECT coalesce(sum(size), 0) FROM files WHERE item = i.number)
            + coalesce((SELECT bytes FROM trees WHERE trees.tree = i.tree), 0)"""
ONLY = "(:only IS NULL OR {} IN (SELECT value FROM json_each(:only)))"
HELD_COURSES = f"""SELECT slug, 'course', title, language, number,
                       (SELECT count(*) FROM items WHERE course = slug),
                       (SELECT coalesce(sum({WEIGHT}), 0) FROM items AS i WHERE course = slug AND NOT removed),
                       (SELECT coalesce(sum(coming), 0) FROM items WHERE course = slug AND NOT removed)
                   FROM courses WHERE {ONLY.format("slug")} ORDER BY number LIMIT :limit OFFSET :offset"""  # noqa: S608
HELD_ITEMS = f"""SELECT i.id, kind, i.title, language, i.number, 1, {WEIGHT}, i.coming
                 FROM items AS i JOIN courses ON slug = course WHERE """  # noqa: S608
ITEMS_OF = f"{HELD_ITEMS} course = :course ORDER BY position LIMIT :limit OFFSET :offset"
ITEMS_COMING = (
    f"{HELD_ITEMS} i.coming > 0 AND NOT removed AND {ONLY.format('i.id')} ORDER BY i.coming, i.number LIMIT :limit"
)
TOTALS = f"""SELECT (SELECT count(*) FROM courses), count(*), coalesce(sum({WEIGHT}), 0),
                 count(*) FILTER (WHERE i.coming > 0), coalesce(sum(i.coming), 0)
             FROM items AS i WHERE NOT removed"""  # noqa: S608
# What is not here yet is no damage: only blobs of items that are whole are to be verified.
HERE = """SELECT files.sha256, files.size, files.packed FROM files JOIN items ON number = item
              WHERE coming = 0 AND files.sha256 > :last
          UNION SELECT f.sha256, f.size, f.packed FROM tree_files AS f JOIN items USING (tree)
              WHERE coming = 0 AND f.sha256 > :last
          ORDER BY 1 LIMIT 1000"""


class Catalogue:
    """A release: `release` is its name, `number` its place in the sequence. Safe for many threads.

    `new_from` is the number from which on courses and items are new to this hub; `sha256` names the repository's
    catalogue that this one was built from, and is empty if an older version of the program built it. `made_of` stands
    for what was coming and what was carried when it was built (content_cache/serving.py).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            self._refuse_other_layout(path)
            ((self.release, self.number, self.new_from, self.sha256, self.made_of),) = self._rows(
                "SELECT release, number, new_from, catalogue, made_of FROM meta"
            )
        except (sqlite3.Error, ValueError):
            raise RepositoryError(f"The catalogue {path} is damaged; sync again.") from None

    def _refuse_other_layout(self, path: Path) -> None:
        ((layout,),) = self._rows("PRAGMA user_version")
        if layout != LAYOUT:
            self.close()
            error = OlderLayout if 0 < layout < LAYOUT else RepositoryError
            raise error(f"The catalogue {path} was made by another version; sync again.")

    def _rows(self, query: str, *values: Any) -> list[Any]:
        named = values[0] if values and isinstance(values[0], dict) else values
        with self._lock:
            return self._connection.execute(query, named).fetchall()

    def topics(self) -> list[Topic]:
        """All topics, in the order of their first courses."""
        query = "SELECT topic, topic_title, count(*) FROM courses GROUP BY topic ORDER BY min(number)"
        return [Topic(*row) for row in self._rows(query)]

    def courses(self, topic: str | None = None, *, limit: int | None = None, offset: int = 0) -> list[Course]:
        """Courses, all or those of a topic (its slug), in the order in which they were first published."""
        which, values = ("WHERE topic = ?", (topic,)) if topic is not None else ("", ())
        query = f"SELECT {COURSE} FROM courses {which} ORDER BY number LIMIT ? OFFSET ?"  # noqa: S608
        return [self._course(row) for row in self._rows(query, *values, -1 if limit is None else limit, offset)]

    def course(self, slug: str) -> Course | None:
        rows = self._rows(f"SELECT {COURSE} FROM courses WHERE slug = ?", slug)  # noqa: S608
        return self._course(rows[0]) if rows else None

    def _course(self, row: tuple[Any, ...]) -> Course:
        values = dict(zip(COURSE.split(", "), row, strict=True))
        return Course(**values, is_new=values["number"] >= self.new_from)

    def items(self, slug: str) -> list[Item]:
        """The items of a course in its order, without what `item` alone gives: `html`, `quiz` and `tree`."""
        rows = self._rows(f"SELECT {ITEM} FROM items WHERE course = ? ORDER BY position", slug)  # noqa: S608
        files = self._files_of("item IN (SELECT number FROM items WHERE course = ?)", slug)
        return [self._item(row, files.get(row[2], ())) for row in rows]

    def news(self, limit: int) -> list[Found]:
        """What is new to this hub and can be used: courses, then items of courses that were here; the newest first."""
        return [self._found(*which) for which in self._rows(NEWS, self.new_from, self.new_from, limit)]

    def item(self, item_id: str) -> Item | None:
        """One item, a reading with its `html`, a quiz with its `quiz`, a package with its `tree`.

        What is coming has none of them yet.
        """
        rows = self._rows(f"SELECT {ITEM} FROM items WHERE id = ?", item_id)  # noqa: S608
        if not rows:
            return None
        files = self._files_of("item = ?", rows[0][2]).get(rows[0][2], ())
        return msgspec.structs.replace(self._item(rows[0], files), **self._inside(rows[0], files))

    def _item(self, row: tuple[Any, ...], files: tuple[File, ...]) -> Item:
        values = dict(zip(ITEM.split(", "), row, strict=True))
        slug, is_new = values["id"].partition("/")[2], values["number"] >= self.new_from
        values["removed"] = bool(values["removed"])
        return Item(**values, slug=slug, files=files, html=None, quiz=None, is_new=is_new)

    def _inside(self, row: tuple[Any, ...], files: tuple[File, ...]) -> dict[str, Any]:
        """What an item shows besides its files, by its kind."""
        kind, coming = row[3], row[7]
        if kind == "package":
            return {"tree": self._tree(row[2])}
        if coming:
            return {}
        if kind == "reading":
            return {"html": str(self._rows("SELECT html FROM readings WHERE sha256 = ?", _main(files))[0][0])}
        if kind == "quiz":
            return {"quiz": decode_quiz(self._rows("SELECT json FROM quizzes WHERE sha256 = ?", _main(files))[0][0])}
        return {}

    def _tree(self, number: int) -> TreeRef:
        query = f"SELECT {TREE} FROM trees JOIN items USING (tree) WHERE number = ?"  # noqa: S608
        values = dict(zip(TREE.split(", "), self._rows(query, number)[0], strict=True))
        return TreeRef(**values | {"sha256": values["sha256"].hex()})

    def tree(self, sha256: str) -> Iterator[TreeLine]:
        """The files of a package, in the order of their paths."""
        query = """SELECT path, f.sha256, f.size, f.packed FROM tree_files AS f JOIN trees USING (tree)
                   WHERE trees.sha256 = ? ORDER BY path"""
        for path, key, size, packed in self._rows(query, bytes.fromhex(sha256)):
            yield TreeLine(path=path, sha256=key.hex(), size=size, packed=packed)

    def line(self, item_id: str) -> ItemLine | None:
        """The item as a manifest has it, if all of it was here when this catalogue was built."""
        item = self.item(item_id)
        if item is None or item.coming:
            return None
        fields = ("number", "kind", "title", "summary", "seconds", "files", "tree")
        return msgspec.convert({"item": item.slug, **{name: getattr(item, name) for name in fields}}, ItemLine)

    def course_line(self, slug: str) -> CourseLine | None:
        """The course as a manifest has it."""
        course = self.course(slug)
        if course is None:
            return None
        fields = ("number", "title", "summary", "language", "topic", "topic_title", "licence", "credits")
        given = {name: getattr(course, name) for name in fields}
        return msgspec.convert({"course": slug, "cover": course.cover or "", **given}, CourseLine)

    def tree_file(self, sha256: str, path: str) -> Blob | None:
        """What lies at that path of the tree, if anything does."""
        query = """SELECT f.sha256, f.size, f.packed FROM tree_files AS f JOIN trees USING (tree)
                   WHERE trees.sha256 = ? AND path = ?"""
        rows = self._rows(query, bytes.fromhex(sha256), path)
        return Blob(rows[0][0].hex(), *rows[0][1:]) if rows else None

    def _files_of(self, condition: str, value: object) -> dict[int, tuple[File, ...]]:
        query = f"SELECT item, {FILE} FROM files WHERE {condition} ORDER BY item, position"  # noqa: S608
        found: dict[int, tuple[File, ...]] = {}
        for item, *row in self._rows(query, value):
            values = dict(zip(FILE.split(", "), row, strict=True))
            found[item] = (*found.get(item, ()), File(**values | {"sha256": values["sha256"].hex()}))
        return found

    def search(self, query: str, *, limit: int, offset: int = 0) -> list[Found]:
        """Courses and items in which all words of `query` stand, the last perhaps begun, however they are spelt.

        First those with all of them in their titles, then in titles and summaries, then in captions, readings and
        questions too; among equals in the order of the library. What lies beyond the first thousand is not found.
        """
        with self._lock:
            found = search(self._connection, query, min(offset + limit, MOST_FOUND))[offset:]
        return [self._found(course, item) for course, item in found]

    def _found(self, course: int | None, item: int | None) -> Found:
        query = """SELECT kind, items.title, items.summary, language, id, courses.title, items.seconds, items.coming
                   FROM items JOIN courses ON slug = course WHERE items.number = ?"""
        if item is None:
            query = """SELECT 'course', title, summary, language, slug, '', nullif(seconds, 0), iif(here, 0, coming)
                       FROM courses WHERE number = ?"""
        return Found(**dict(zip(Found.__struct_fields__, self._rows(query, course or item)[0], strict=True)))

    def highest(self) -> int:
        """The highest number of a course or item; 0 if there is none."""
        return int(self._rows(HIGHEST)[0][0])

    def item_number(self, item_id: str) -> int | None:
        """The item's small integer for life."""
        rows = self._rows("SELECT number FROM items WHERE id = ?", item_id)
        return int(rows[0][0]) if rows else None

    def course_number(self, item: int) -> int | None:
        """The integer of the course that the item of that integer is of, if this release holds it."""
        rows = self._rows("SELECT c.number FROM items i JOIN courses c ON c.slug = i.course WHERE i.number = ?", item)
        return int(rows[0][0]) if rows else None

    def brief(self, number: int) -> Brief | None:
        """What to call the item with that number for life, if this release holds it."""
        query = """SELECT i.id, i.title, i.kind, i.seconds, c.language
            FROM items i JOIN courses c ON c.slug = i.course WHERE i.number = ?"""
        rows = self._rows(query, number)
        return Brief(*rows[0]) if rows else None

    def names_blob(self, sha256: str) -> bool:
        """Whether this release needs the blob, here or coming."""
        try:
            key = bytes.fromhex(sha256)
        except ValueError:
            return False
        query = "SELECT 1 FROM {} WHERE sha256 = ? LIMIT 1"
        return any(self._rows(query.format(table), key) for table in ("files", "tree_files"))

    def items_with(self, sha256: str) -> list[str]:
        """The ids of the items that need the blob, in order."""
        query = """SELECT id FROM items JOIN files ON item = number WHERE sha256 = ?1
                   UNION SELECT id FROM items JOIN tree_files USING (tree) WHERE sha256 = ?1 ORDER BY 1"""
        return [row[0] for row in self._rows(query, bytes.fromhex(sha256))]

    def blobs(self) -> Iterator[Blob]:
        """Every blob of the items that are here, once each, in the order of their hashes; streamed."""
        last = b""
        while rows := self._rows(HERE, {"last": last}):
            yield from (Blob(sha256.hex(), size, packed) for sha256, size, packed in rows)
            last = rows[-1][0]

    def held_courses(self, limit: int, offset: int = 0, *, only: Iterable[str] | None = None) -> list[Held]:
        """What courses take of the disk, in their order; `only` those of these slugs."""
        return self._held(HELD_COURSES, limit=limit, offset=offset, only=_json(only))

    def held_items(self, slug: str, limit: int, offset: int = 0) -> list[Held]:
        """What the items of a course take of the disk, in its order."""
        return self._held(ITEMS_OF, course=slug, limit=limit, offset=offset)

    def coming(self, limit: int, *, only: Iterable[str] | None = None) -> list[Held]:
        """Items that are not here yet, the smallest first; `only` those of these ids."""
        return self._held(ITEMS_COMING, limit=limit, only=_json(only))

    def _held(self, query: str, **values: object) -> list[Held]:
        return [Held(**dict(zip(Held.__struct_fields__, row, strict=True))) for row in self._rows(query, values)]

    def courses_coming(self) -> set[str]:
        """The slugs of the courses of which anything is not here yet."""
        return {slug for (slug,) in self._rows("SELECT DISTINCT course FROM items WHERE coming > 0 AND NOT removed")}

    def totals(self) -> Totals:
        """Sums over the release, but for what was removed; they take a moment, and never change."""
        return Totals(**dict(zip(Totals.__struct_fields__, self._rows(TOTALS)[0], strict=True)))

    def close(self) -> None:
        """Let go of the file; the catalogue answers nothing more."""
        self._connection.close()


def _main(files: tuple[File, ...]) -> bytes:
    return next(bytes.fromhex(file.sha256) for file in files if file.role == "main")


def _json(only: Iterable[str] | None) -> str | None:
    """A list of any length as one value of a query."""
    return None if only is None else msgspec.json.encode(list(only)).decode()
