"""A migration adds and takes nothing away, so that a hub that is put back to an older version opens its data again."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

import pytest
from peewee import SqliteDatabase
from playhouse.migrations import Runner

from hub.db import MIGRATIONS, PRAGMAS

if TYPE_CHECKING:
    from pathlib import Path

NAMES = sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
# Up to here nobody runs a hub yet: the first package begins with all of these.
FIRST_PACKAGED = "0012_where_head_office_answered"


class Column(NamedTuple):
    """One column as SQLite tells it."""

    kind: str
    needed: bool
    default: str | None
    key: int


def tables(path: Path) -> dict[str, dict[str, Column]]:
    """Every table of the database, and its columns."""
    with sqlite3.connect(path) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: {row[1]: Column(row[2], bool(row[3]), row[4], row[5]) for row in database.execute(f"PRAGMA table_info('{name}')")}
            for name in names
        }  # fmt: skip


def migrate(path: Path, target: str) -> None:
    database = SqliteDatabase(str(path), pragmas=PRAGMAS)
    Runner(database, str(MIGRATIONS)).up(target)
    database.close()


@pytest.mark.parametrize("name", [name for name in NAMES if name > FIRST_PACKAGED])
def test_the_version_before_can_read_and_write_what_a_migration_leaves(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite3"
    migrate(path, NAMES[NAMES.index(name) - 1])
    before = tables(path)
    migrate(path, name)
    after = tables(path)
    for table, columns in before.items():
        assert table in after, f"{name} takes the table {table} away"
        for column, told in columns.items():
            assert after[table].get(column) == told, f"{name} changes {table}.{column}"
        for column in after[table].keys() - columns.keys():
            added = after[table][column]
            assert not added.needed or added.default is not None, f"older hubs cannot fill {table}.{column} of {name}"
