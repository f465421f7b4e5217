"""Head office's database: SQLite to try it, PostgreSQL (psycopg 3) to run it, the same code on both.

open_database(settings.database_url)
with writing():                     # kept as a whole or not at all; on SQLite one writer at a time
    lock_hubs([...])                # on PostgreSQL, uploads that touch one hub wait for each other
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peewee import (
    DatabaseError,
    DatabaseProxy,
    InterfaceError,
    Model,
    OperationalError,
    PostgresqlDatabase,
    SqliteDatabase,
    fn,
)
from playhouse import db_url

from collector.errors import NoDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator

MIGRATIONS = Path(__file__).parent / "migrations"
PRAGMAS = {"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "busy_timeout": 10_000}
UNREACHABLE = (OperationalError, InterfaceError)
MIGRATION_LOCK = 8090_0001  # any number that no other program on this PostgreSQL takes

database = DatabaseProxy()


class Table(Model):
    """Base of every table of head office."""

    class Meta:
        database = database
        legacy_table_names = False


def open_database(url: str) -> None:
    """Point this process at `url`, made or migrated as needed. Raises NoDatabase."""
    if database.obj is not None and not database.is_closed():
        database.close()
    database.initialize(_database(url))
    try:
        with database.connection_context():
            _migrate()
    except (DatabaseError, InterfaceError) as error:
        reason = str(error).splitlines()[0]
        raise NoDatabase(f"The database cannot be opened ({reason}); start it or mend COLLECTOR_DATABASE.") from None


def _database(url: str) -> SqliteDatabase | PostgresqlDatabase:
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteDatabase(str(path), pragmas=PRAGMAS)
    return PostgresqlDatabase(**db_url.parse(url, unquote_password=True, unquote_user=True), prefer_psycopg3=True)


def on_postgresql() -> bool:
    """Whether the open database is PostgreSQL."""
    return isinstance(database.obj, PostgresqlDatabase)


@contextmanager
def writing() -> Iterator[None]:
    """One transaction that writes; when it ends without an error it is on the disk."""
    with database.atomic() if on_postgresql() else database.atomic("IMMEDIATE"):
        yield


def for_update(query: Any) -> Any:
    """`query` with its rows locked until the transaction ends; SQLite has but one writer anyway."""
    return query.for_update() if on_postgresql() else query


def total(column: Any) -> Any:
    """The sum of `column`. SQLite refuses one that 64 bits do not hold, so there it is exact up to 2^53, then about."""
    return fn.SUM(column) if on_postgresql() else fn.TOTAL(column).coerce(False)


def rows(query: Any) -> list[Any]:
    """What `query` finds, where that is tuples or dictionaries and not models."""
    return list(query)


def _migrate() -> None:
    """Bring the tables up to date, one process at a time."""
    from playhouse.migrations import Runner

    if on_postgresql():
        database.execute_sql("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))  # let go when the connection closes
        Runner(database.obj, str(MIGRATIONS)).up()
        return
    database.pragma("foreign_keys", 0)  # a table that is rebuilt takes nothing with it; has no effect within
    with database.atomic("EXCLUSIVE"):
        Runner(database.obj, str(MIGRATIONS)).up()
    database.pragma("foreign_keys", 1)
