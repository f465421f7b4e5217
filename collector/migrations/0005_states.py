"""What head office tells each hub, the key it is sealed for, and which state the hub says it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import BigIntegerField, BlobField, Model, TextField
from playhouse.migrate import migrate

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Add the columns of hubs and create the table."""
    migrate(
        migrator.add_column("hub", "sealing_key", BlobField(null=True)),
        migrator.add_column("hub", "running", BigIntegerField(default=0)),
        migrator.add_column("hub", "running_since", BigIntegerField(null=True)),
        migrator.add_column("hub", "trouble", TextField(default="")),
    )

    class State(Model):
        hub = TextField(primary_key=True, column_name="hub_id")
        told = TextField()
        saved = BigIntegerField()

    with db.bind_ctx([State]):
        db.create_tables([State])
