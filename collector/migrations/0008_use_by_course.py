"""Use by course, of days of which nothing fuller came yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import AutoField, BigIntegerField, ForeignKeyField, Model

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Create the table."""

    class Summary(Model):
        id = AutoField()

    class CourseUse(Model):
        summary = ForeignKeyField(Summary, on_delete="CASCADE")
        number = BigIntegerField()
        plays = BigIntegerField()
        minutes = BigIntegerField()

        class Meta:
            legacy_table_names = False

    with db.bind_ctx([Summary, CourseUse]):
        db.create_tables([CourseUse])
