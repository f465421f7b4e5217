"""Builds the catalogue that serves again, if an older version of this program made it.

    renew(library, reserve=200_000_000)     # True if it was built again

An update of the program must not leave a village without courses until somebody comes with a repository. All that a
catalogue is made from is here: the records of its release, and readings, captions and quizzes in the store. Before
there were records, a catalogue's rows were what a manifest says: then those are taken, and what they do not say yet is
left out, as for a repository of an older format.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from content_cache.building import building
from content_cache.catalogue import LAYOUT
from content_cache.durable import PREFIX
from content_cache.errors import RepositoryError
from content_cache.records import CourseLine, ItemLine
from content_cache.room import alone, disk_errors, refuse_full
from content_cache.serving import finish, serve
from content_cache.sync.survey import survey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from content_cache.library import Library


def renew(library: Library, *, reserve: int = 0) -> bool:
    """Build the catalogue that serves again if it is of an older layout; returns whether it was.

    The same release serves afterwards, what is not here as coming. Raises a ContentError with all as it was.
    """
    name = library.release()
    if name is None or not _is_older(library.path(name)):
        return False
    needed = 3 * library.path(name).stat().st_size
    with disk_errors(library.root, lambda: needed + reserve), alone(library):
        if library.release() == name and _is_older(library.path(name)):
            refuse_full(library.root, needed, reserve)
            if not _renew_by_records(library, name, reserve):
                _renew(library, name, reserve)
    return True


def _renew_by_records(library: Library, name: str, reserve: int) -> bool:
    """Build it of the records of its release, if it says which that is and all of them are here and right."""
    reader = library.records.reader()
    try:
        with closing(_open(library.path(name))) as old:
            sha256 = str(old.execute("SELECT catalogue FROM meta").fetchone()[0])
        release = reader.release(sha256)
        missing = survey(release, reader, library).missing
    except (sqlite3.DatabaseError, TypeError, ValueError, RepositoryError):
        return False
    serve(library, release, reader, missing, reserve=reserve)
    return True


def _renew(library: Library, name: str, reserve: int) -> None:
    path = library.path(name)
    with closing(_open(path)) as old, building(library.catalogues / f"{PREFIX}catalogue", name) as made:
        try:
            for row in old.execute("SELECT slug AS course, * FROM courses ORDER BY number"):
                made.add(_record(dict(row), CourseLine), _items(old, row["course"]))
        except (sqlite3.DatabaseError, msgspec.ValidationError):
            raise RepositoryError(f"The catalogue {path} is damaged; sync again.") from None
        finish(made, library, name, reserve)


def _items(old: sqlite3.Connection, course: str) -> Iterator[ItemLine]:
    query = "SELECT substr(id, 1 + instr(id, '/')) AS item, * FROM items WHERE course = ? ORDER BY position"
    for row in old.execute(query, (course,)):
        files = old.execute("SELECT * FROM files WHERE item = ? ORDER BY position", (row["number"],))
        yield _record({**row, "files": [{**file, "sha256": file["sha256"].hex()} for file in files]}, ItemLine)


def _record(row: dict[str, Any], kind: type[Any]) -> Any:
    """The row as a line of a manifest, without the columns that are empty or that a manifest does not have."""
    return msgspec.convert({name: value for name, value in row.items() if value is not None}, kind)


def _is_older(path: Path) -> bool:
    """Whether the file there is a catalogue of a layout before ours."""
    try:
        with closing(_open(path)) as old:
            return 0 < int(old.execute("PRAGMA user_version").fetchone()[0]) < LAYOUT
    except sqlite3.DatabaseError:
        return False


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.row_factory = sqlite3.Row
    return connection
