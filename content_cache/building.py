"""Writes the catalogue of a release (content_cache/catalogue.py reads it), one row after the other.

Nothing here waits in memory: SQLite keeps 2 MB of pages and puts the rest in the file, however large a library is.
The file has no journal, since it counts for nothing until it is whole, flushed and renamed.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Literal, NoReturn

import msgspec

from content_cache import searching
from content_cache.catalogue import HIGHEST, LAYOUT, LISTED, NOTHING_NEW, SCHEMA
from content_cache.durable import sync_file
from content_cache.errors import MissingPart, RepositoryError, no_space
from content_cache.records import Blob
from content_cache.searching import TEXTS, Index
from content_cache.topics import topic_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from content_cache.records import CourseLine, ItemLine, Quiz, TreeLine, TreeRef

TABLES = {"reading": "readings", "quiz": "quizzes"}
# What a course says of its items: how many are listed, how many of those are here, bytes to come, seconds.
SUMS = f"""SELECT count(*), count(*) FILTER (WHERE coming = 0), coalesce(sum(coming), 0), coalesce(sum(seconds), 0)
          FROM items WHERE course = ? AND {LISTED}"""  # noqa: S608 - no value in it


def _all_here(item: ItemLine) -> int:  # noqa: ARG001 (a rule that never asks)
    return 0


def _none_removed(item: ItemLine) -> bool:  # noqa: ARG001 (a rule that never asks)
    return False


def _no_tree(ref: TreeRef) -> NoReturn:
    raise RepositoryError(f"The tree {ref.sha256} is not here; sync again.")


class Building:
    """A catalogue in the making at `path`; use `building()`, which removes what was not finished."""

    def __init__(self, path: Path, release: str, catalogue: str = "", made_of: str = "") -> None:
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._make_tables()
        number = int(release.partition("-")[0])
        self._run("INSERT INTO meta VALUES (?, ?, ?, ?, ?)", release, number, NOTHING_NEW, catalogue, made_of)

    def _make_tables(self) -> None:
        try:
            self._connection.executescript(f"BEGIN; {SCHEMA} {searching.SCHEMA} PRAGMA user_version = {LAYOUT};")
        except sqlite3.OperationalError as error:
            self.drop()
            if "no such module" not in str(error):
                raise
            raise MissingPart(
                "Search needs an SQLite with FTS5; install one for this Python, then start again."
            ) from None

    def _run(self, query: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(query, values)

    def add(
        self,
        course: CourseLine,
        items: Iterable[ItemLine],
        tree_of: Callable[[TreeRef], Iterable[TreeLine]] = _no_tree,
        coming: Callable[[ItemLine], int] = _all_here,
        removed: Callable[[ItemLine], bool] = _none_removed,
    ) -> int:
        """Add a course; returns how many items it has. Raises RepositoryError for an id or number given twice.

        `tree_of` reads a package's tree; `coming` says how many bytes of an item are not here yet, and
        `removed` whether it is not wanted here.
        """
        count = 0
        try:
            for item in items:
                tree = None if item.tree is None else self._tree(item.tree, tree_of)
                self._add_item(course.course, count, item, tree, (coming(item), removed(item)))
                count += 1
            self._add_course(course)
        except sqlite3.IntegrityError:
            raise RepositoryError(f"{course.course} has a slug or number that is taken; publish it again.") from None
        return count

    def _add_course(self, course: CourseLine) -> None:
        texts = (course.title, course.summary, course.language, course.topic, self._topic_title(course))
        sums = self._run(SUMS, course.course).fetchone()
        row = (course.number, course.course, *texts, course.licence, course.credits, *sums, course.cover or None)
        self._run("INSERT INTO courses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)

    def _topic_title(self, course: CourseLine) -> str:
        """Courses of one topic show one title, that of the first."""
        first = self._run("SELECT topic_title FROM courses WHERE topic = ? LIMIT 1", course.topic).fetchone()
        return str(first[0]) if first else topic_title(course.topic_title.strip() or course.topic)

    def _tree(self, ref: TreeRef, tree_of: Callable[[TreeRef], Iterable[TreeLine]]) -> int:
        """The tree's place in the file, where it is written once however many items open it."""
        key = bytes.fromhex(ref.sha256)
        if found := self._run("SELECT tree FROM trees WHERE sha256 = ?", key).fetchone():
            return int(found[0])
        row = (key, ref.size, ref.packed, ref.files, ref.bytes, ref.start)
        number = self._run("INSERT INTO trees VALUES (NULL, ?, ?, ?, ?, ?, ?)", *row).lastrowid or 0
        self._connection.executemany(
            "INSERT INTO tree_files VALUES (?, ?, ?, ?, ?)",
            ((number, line.path, bytes.fromhex(line.sha256), line.size, line.packed) for line in tree_of(ref)),
        )
        return number

    def _add_item(self, course: str, position: int, item: ItemLine, tree: int | None, state: tuple[int, bool]) -> None:
        place = (item.number, f"{course}/{item.item}", course, position)
        row = (*place, item.kind, item.title, item.summary, item.seconds, tree, *state)
        self._run("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
        for index, file in enumerate(item.files):
            key = bytes.fromhex(file.sha256)
            what = (file.role, file.language, file.rendition, key, file.size, file.mime, file.name, file.packed)
            self._run("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", item.number, index, *what)

    def blobs(self) -> Iterator[Blob]:
        """Every blob that the release needs, here or coming, once each, in the order of their hashes."""
        query = "SELECT sha256, size, packed FROM {}"
        for sha256, size, packed in self._run(f"{query} UNION {query} ORDER BY 1".format("files", "tree_files")):
            yield Blob(sha256.hex(), size, packed)

    def mains(self, kind: Literal["reading", "quiz"]) -> Iterator[Blob]:
        """What the readings, or the quizzes, are in the repository: Markdown, JSON; each once if it is kept at once.

        Those of items that are coming are left out.
        """
        query = """SELECT sha256, size FROM files JOIN items ON item = number
                   WHERE kind = ? AND role = 'main' AND coming = 0"""
        for sha256, size in self._run(query, kind):
            if not self._run(f"SELECT 1 FROM {TABLES[kind]} WHERE sha256 = ?", sha256).fetchone():  # noqa: S608
                yield Blob(sha256.hex(), size)

    def add_reading(self, sha256: str, html: str) -> None:
        self._run("INSERT INTO readings VALUES (?, ?)", bytes.fromhex(sha256), html)

    def add_quiz(self, sha256: str, quiz: Quiz) -> None:
        self._run("INSERT INTO quizzes VALUES (?, ?)", bytes.fromhex(sha256), msgspec.json.encode(quiz))

    def text_bytes(self) -> int:
        """Bytes of the files that have words, from which the room for pages and index is guessed."""
        query = f"SELECT coalesce(sum(size), 0) FROM files WHERE mime IN ({', '.join('?' * len(TEXTS))})"  # noqa: S608
        return int(self._run(query, *TEXTS).fetchone()[0])

    def index(self, lines_of: Callable[[str], Iterable[bytes]]) -> None:
        """Fill the index that search asks; `lines_of` gives the lines of a blob."""
        index = Index(self._connection)
        query = "SELECT number, slug, title, summary, topic_title FROM courses ORDER BY number"
        for number, slug, title, summary, topic in self._run(query):
            index.add((number, None), title, f"{summary} {topic}", ())
            items = f"SELECT number, title, summary FROM items WHERE course = ? AND {LISTED} ORDER BY position"  # noqa: S608
            for item, item_title, item_summary in self._run(items, slug):
                index.add((None, item), item_title, item_summary, self._texts(item, lines_of))
        index.finish()

    def _texts(self, item: int, lines_of: Callable[[str], Iterable[bytes]]) -> Iterator[str]:
        query = """SELECT sha256, mime FROM files JOIN items ON number = item
                   WHERE item = ? AND coming = 0 ORDER BY files.position"""
        for sha256, mime in self._run(query, item):
            if text_of := TEXTS.get(mime):
                yield from text_of(lines_of(sha256.hex()))

    def highest(self) -> int:
        """The highest number of a course or item; 0 if there is none."""
        return int(self._run(HIGHEST).fetchone()[0])

    def set_new_from(self, number: int) -> None:
        """From which number on things are new to this hub; without this call nothing is."""
        self._run("UPDATE meta SET new_from = ?", number)

    def finish(self) -> None:
        """Close the file and make its bytes durable; its name is the caller's to give."""
        self._run("COMMIT")
        self._connection.close()
        sync_file(self._path)

    def drop(self) -> None:
        self._connection.close()
        self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def building(path: Path, release: str, catalogue: str = "", made_of: str = "") -> Iterator[Building]:
    """A new catalogue at `path`, over whatever an interrupted import left there; removed again on an error.

    `release` is its name, `catalogue` the SHA-256 of the repository's catalogue that it comes from, and `made_of` what
    says whether it would become another if it were built again.
    """
    path.unlink(missing_ok=True)
    made = Building(path, release, catalogue, made_of)
    try:
        yield made
    except sqlite3.OperationalError as error:
        made.drop()
        if error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
            raise no_space(path.parent, 10**6) from None
        raise
    except BaseException:
        made.drop()
        raise
