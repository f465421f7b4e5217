"""Files for hubs that wait to be taken back, and codes that are good for longer than those that people type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import BigIntegerField, BlobField, ForeignKeyField, Model, TextField
from playhouse.migrate import migrate

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Add the column and create the table."""
    migrate(migrator.add_column("code", "good_for", BigIntegerField(default=30 * 86_400_000)))

    class Hub(Model):
        id = TextField(primary_key=True)

    class Reply(Model):
        token = TextField(primary_key=True)
        hub = ForeignKeyField(Hub)
        data = BlobField()
        made = BigIntegerField(index=True)

    with db.bind_ctx([Hub, Reply]):
        db.create_tables([Reply])
