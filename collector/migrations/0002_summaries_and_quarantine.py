"""Site-days as they were sealed, their totals and items, and what could not be taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import (
    AutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    DateField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator

TOTALS = (
    "visitors", "visitors_new_week", "visitors_new_month", "visits", "minutes_up", "most_phones", "plays",
    "seconds_played", "person_seconds", "local_bytes", "uplink_bytes", "downloads", "group_plays",
)  # fmt: skip


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Create the three tables."""

    class Hub(Model):
        id = TextField(primary_key=True)

    class Summary(Model):
        id = AutoField()
        hub = ForeignKeyField(Hub)
        epoch = BigIntegerField()
        day = DateField(index=True)
        revision = BigIntegerField()
        sequence = BigIntegerField()
        release = BigIntegerField()
        open = BooleanField()
        digest = TextField()
        sealed = BlobField()
        arrived = BigIntegerField()

        class Meta:
            indexes = ((("hub", "epoch", "day"), True),)

    for name in TOTALS:
        Summary._meta.add_field(name, BigIntegerField())  # noqa: SLF001 (peewee's public way to its models)

    class ItemUse(Model):
        summary = ForeignKeyField(Summary, on_delete="CASCADE")
        number = BigIntegerField()
        plays = BigIntegerField()
        visitors = BigIntegerField()
        minutes = BigIntegerField()

        class Meta:
            legacy_table_names = False

    class Quarantine(Model):
        hub = ForeignKeyField(Hub)
        digest = TextField()
        alarm = BooleanField()
        sentence = TextField()
        sealed = BlobField()
        arrived = BigIntegerField()
        times = IntegerField()

        class Meta:
            indexes = ((("hub", "digest"), True),)

    tables = [Hub, Summary, ItemUse, Quarantine]
    with db.bind_ctx(tables):
        db.create_tables(tables[1:])
