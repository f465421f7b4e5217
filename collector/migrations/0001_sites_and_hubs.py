"""Sites, the hubs that report for them, and the codes that let hubs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import BigIntegerField, BlobField, ForeignKeyField, Model, TextField

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Create the three tables."""

    class Site(Model):
        id = TextField(primary_key=True)
        name = TextField()
        time_zone = TextField()
        made = BigIntegerField()

    class Hub(Model):
        id = TextField(primary_key=True)
        site = ForeignKeyField(Site)
        public_key = BlobField()
        enrolled = BigIntegerField()
        last_heard = BigIntegerField(null=True)
        software = TextField()
        content_release = BigIntegerField()
        oldest_unacknowledged = BigIntegerField(null=True)
        configuration = BigIntegerField()

    class Code(Model):
        id = TextField(primary_key=True)
        code = TextField()
        site = ForeignKeyField(Site)
        made = BigIntegerField()
        used_by = TextField(null=True)

    tables = [Site, Hub, Code]
    with db.bind_ctx(tables):
        db.create_tables(tables)
