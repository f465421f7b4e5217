"""Tables of the inbox: one row per (hub, epoch, place) at its highest revision, and what was set aside and decided.

A place is a day, or a part of a boot that has no date. Counts stand in one place only: a row of `Summary` is counted
unless it is `emptied`, under the day it is `shown`, or under none.
"""

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
    """What is held of a place. `sealed` is what the hub signed; the totals beside it are only there to be added up.

    `level` is that of `sealed`. Items are those of the highest full revision, `columns_revision`, whose bytes are
    `columns_sealed` if they are not `sealed`. `placed` is head office's own label on a part without a date. `shown` is
    the day it is counted under: its own, or the label, or none.
    """

    id = AutoField()
    hub = ForeignKeyField(Hub, backref="summaries")
    epoch = BigIntegerField()
    place = TextField()
    day = DateField(null=True, index=True)
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
    level = IntegerField(default=0)
    columns_revision = BigIntegerField(null=True)
    columns_sealed = BlobField(null=True)
    boots = BlobField(null=True)
    boot = TextField(default="")
    part = BigIntegerField(default=0)
    after = DateField(null=True)
    before = DateField(null=True)
    placed = DateField(null=True)
    emptied = BooleanField(default=False)
    shown = DateField(null=True, index=True)

    class Meta:
        indexes = ((("hub", "epoch", "day"), True), (("hub", "epoch", "place"), True))


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


class CourseUse(Table):
    """Use of one course on a site-day that told its courses alone; gone once its items are known."""

    summary = ForeignKeyField(Summary, backref="courses", on_delete="CASCADE")
    number = BigIntegerField()
    plays = BigIntegerField()
    minutes = BigIntegerField()


class Sealing(Table):
    """Every sealing that was taken in, also those that later revisions replaced: what a hub said once, it said."""

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


class Emptied(Table):
    """A part without a date whose count stands under days now, for good, whether it ever came or not."""

    hub = ForeignKeyField(Hub)
    epoch = BigIntegerField()
    place = TextField()

    class Meta:
        indexes = ((("hub", "epoch", "place"), True),)


class Quarantine(Table):
    """A record that was not taken in, and why; an alarm is one that contradicts what is held.

    `decided` is when head office came to a `decision`; until then it waits.
    """

    id = AutoField()
    hub = ForeignKeyField(Hub, backref="quarantine")
    digest = TextField()
    alarm = BooleanField()
    sentence = TextField()
    sealed = BlobField()
    arrived = BigIntegerField()
    last_arrived = BigIntegerField(default=0)
    times = IntegerField(default=1)
    decided = BigIntegerField(null=True)
    decision = TextField(default="")

    class Meta:
        indexes = ((("hub", "digest"), True),)


class Lost(Table):
    """Days of a hub that head office no longer waits for, from `first` to `last`."""

    id = AutoField()
    hub = ForeignKeyField(Hub)
    first = DateField()
    last = DateField()
    note = TextField()
    by = TextField()
    at = BigIntegerField()


class Decision(Table):
    """Who decided what about which record or days, and when; kept for good."""

    id = AutoField()
    hub = ForeignKeyField(Hub)
    at = BigIntegerField(index=True)
    by = TextField()
    about = TextField()
    word = TextField()
    note = TextField()
