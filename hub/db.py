"""The hub's one database file, shared by web and worker.

SQLite in WAL mode with `synchronous=FULL`: a committed transaction survives `kill -9` and a power cut
(https://sqlite.org/pragma.html#pragma_synchronous). Each process writes through one door:

    with writing():                     # BEGIN IMMEDIATE, one writer of this process at a time
        Visit.create(...)

Keep what stands inside under 50 ms and never reach for the network there: the other process waits meanwhile.
Reads need no door; each thread has a connection of its own.
"""

from __future__ import annotations

import fcntl
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from peewee import Model, SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "secure_delete": 1,
    "temp_store": "memory",
    "cache_size": -1024,
    "journal_size_limit": 4_000_000,
}
MIGRATIONS = Path(__file__).parent / "migrations"

database = SqliteDatabase(None)
_writer = threading.RLock()


class Table(Model):
    """Base of every table that lives in the hub's database."""

    class Meta:
        database = database
        legacy_table_names = False


def open_database(path: Path) -> None:
    """Point this process at the database in `path`, made or migrated as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not database.is_closed():
        database.close()
    database.init(str(path), pragmas=PRAGMAS)
    with _alone(path.with_name("migrating.lock")):
        _migrate()


@contextmanager
def writing() -> Iterator[None]:
    """One transaction that writes: all of it is kept or none, and kept means on the disk."""
    with _writer, database.atomic("IMMEDIATE"):
        yield


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, so that web and worker never migrate at once."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate() -> None:
    from playhouse.migrations import Runner

    Runner(database, str(MIGRATIONS)).up()
