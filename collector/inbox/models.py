"""Tables of the inbox: one row per (hub, epoch, day) at its highest revision, and what was set aside."""

from __future__ import annotations

from peewee import (
    AutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    DateField,
    ForeignKeyField,
    IntegerField,
    TextField,
)

from collector.db import Table
from collector.sites.models import Hub


class Summary(Table):
    """A site-day. `sealed` is what the hub signed; the totals beside it are only there to be added up."""

    id = AutoField()
    hub = ForeignKeyField(Hub, backref="summaries")
    epoch = BigIntegerField()
    day = DateField(index=True)
    revision = BigIntegerField()
    sequence = BigIntegerField()
    release = BigIntegerField()
    open = BooleanField()
    digest = TextField()
    sealed = BlobField()
    arrived = BigIntegerField()
    visitors = BigIntegerField()
    visitors_new_week = BigIntegerField()
    visitors_new_month = BigIntegerField()
    visits = BigIntegerField()
    minutes_up = BigIntegerField()
    most_phones = BigIntegerField()
    plays = BigIntegerField()
    seconds_played = BigIntegerField()
    person_seconds = BigIntegerField()
    local_bytes = BigIntegerField()
    uplink_bytes = BigIntegerField()
    downloads = BigIntegerField()
    group_plays = BigIntegerField()

    class Meta:
        indexes = ((("hub", "epoch", "day"), True),)


TOTALS = (
    "visitors", "visitors_new_week", "visitors_new_month", "visits", "minutes_up", "most_phones", "plays",
    "seconds_played", "person_seconds", "local_bytes", "uplink_bytes", "downloads", "group_plays",
)  # fmt: skip


class ItemUse(Table):
    """Use of one item on one site-day, under its integer in the catalogue."""

    summary = ForeignKeyField(Summary, backref="items", on_delete="CASCADE")
    number = BigIntegerField()
    plays = BigIntegerField()
    visitors = BigIntegerField()
    minutes = BigIntegerField()


class Quarantine(Table):
    """A record that was not taken in, and why; an alarm is one that contradicts what is held."""

    hub = ForeignKeyField(Hub, backref="quarantine")
    digest = TextField()
    alarm = BooleanField()
    sentence = TextField()
    sealed = BlobField()
    arrived = BigIntegerField()
    times = IntegerField(default=1)

    class Meta:
        indexes = ((("hub", "digest"), True),)
