"""What courses and items are called, and from which signed content that was taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import BigIntegerField, BooleanField, IntegerField, Model, TextField

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Create the three tables."""

    class Course(Model):
        number = BigIntegerField(primary_key=True)
        slug = TextField()
        titles = TextField()
        published = BooleanField()

    class Item(Model):
        number = BigIntegerField(primary_key=True)
        course = BigIntegerField(null=True, index=True)
        slug = TextField()
        kind = TextField(null=True)
        titles = TextField()
        published = BooleanField()

    class Taken(Model):
        id = IntegerField(primary_key=True)
        root = TextField()
        number = BigIntegerField()
        sha256 = TextField()
        at = BigIntegerField()

        class Meta:
            table_name = "names_taken"

    tables = [Course, Item, Taken]
    with db.bind_ctx(tables):
        db.create_tables(tables)
