"""Parts without a date, levels of detail, every sealing that came, and what head office decided about all of it."""

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
from playhouse.migrate import migrate

if TYPE_CHECKING:
    from peewee import Database
    from playhouse.migrate import SchemaMigrator

SUMMARY = {
    "place": TextField(default=""),
    "level": IntegerField(default=0),
    "columns_revision": BigIntegerField(null=True),
    "columns_sealed": BlobField(null=True),
    "boots": BlobField(null=True),
    "boot": TextField(default=""),
    "part": BigIntegerField(default=0),
    "after": DateField(null=True),
    "before": DateField(null=True),
    "placed": DateField(null=True),
    "emptied": BooleanField(default=False),
    "shown": DateField(null=True, index=True),
}
HUB = {"last_carried": BigIntegerField(null=True), "nonces": BlobField(null=True)}
QUARANTINE = {
    "decided": BigIntegerField(null=True),
    "decision": TextField(default=""),
    "last_arrived": BigIntegerField(default=0),
}


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Widen three tables, make four; what is held already stands under its day, as it did."""
    migrate(migrator.drop_not_null("summary", "day"))
    for table, columns in (("summary", SUMMARY), ("hub", HUB), ("quarantine", QUARANTINE)):
        migrate(*(migrator.add_column(table, name, field) for name, field in columns.items()))
    db.execute_sql("UPDATE summary SET place = CAST(day AS TEXT), shown = day, columns_revision = revision")
    db.execute_sql("UPDATE quarantine SET last_arrived = arrived")
    migrate(migrator.add_index("summary", ("hub_id", "epoch", "place"), unique=True))
    _create(db)
    db.execute_sql(
        "INSERT INTO sealing (hub_id, epoch, sequence, level, place, revision, digest)"
        " SELECT hub_id, epoch, MIN(sequence), 0, place, revision, digest FROM summary"
        " GROUP BY hub_id, epoch, sequence, place, revision, digest"
    )


def _create(db: Database) -> None:
    class Base(Model):
        class Meta:
            legacy_table_names = False

    class Hub(Base):
        id = TextField(primary_key=True)

    class Sealing(Base):
        id = AutoField()
        hub = ForeignKeyField(Hub)
        epoch = BigIntegerField()
        sequence = BigIntegerField()
        level = IntegerField()
        place = TextField()
        revision = BigIntegerField()
        digest = TextField()

        class Meta:
            indexes = (
                (("hub", "epoch", "sequence", "level"), False),
                (("hub", "epoch", "place", "revision"), False),
                (("hub", "digest"), False),
            )

    class Emptied(Base):
        hub = ForeignKeyField(Hub)
        epoch = BigIntegerField()
        place = TextField()

        class Meta:
            indexes = ((("hub", "epoch", "place"), True),)

    class Lost(Base):
        id = AutoField()
        hub = ForeignKeyField(Hub)
        first = DateField()
        last = DateField()
        note = TextField()
        by = TextField()
        at = BigIntegerField()

    class Decision(Base):
        id = AutoField()
        hub = ForeignKeyField(Hub)
        at = BigIntegerField(index=True)
        by = TextField()
        about = TextField()
        word = TextField()
        note = TextField()

    tables = [Hub, Sealing, Emptied, Lost, Decision]
    with db.bind_ctx(tables):
        db.create_tables(tables[1:])
