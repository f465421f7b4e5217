"""Tables of the sites: a site is a place, a hub a box that reports for it, a code lets one hub in once."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, ForeignKeyField, TextField

from collector.db import Table

CODE_LIVES = 30 * 86_400_000  # milliseconds


class Site(Table):
    """A place. `id` stands in addresses of pages and never changes."""

    id = TextField(primary_key=True)
    name = TextField()
    time_zone = TextField()
    made = BigIntegerField()


class Hub(Table):
    """A box; `id` is its 8 bytes in hexadecimal. Times are Unix milliseconds of head office's own clock.

    `configuration` is the number of its state here (see collector/state/), `running` that of the one it says it runs,
    `running_since` when it said so first, `trouble` what of it it could not do. What is sealed for it, `sealing_key`
    opens. `last_heard` is over the line, `last_carried` by a person; `nonces` begin the last batches that were news.
    """

    id = TextField(primary_key=True)
    site = ForeignKeyField(Site, backref="hubs")
    public_key = BlobField()
    enrolled = BigIntegerField()
    last_heard = BigIntegerField(null=True)
    software = TextField(default="")
    content_release = BigIntegerField(default=0)
    oldest_unacknowledged = BigIntegerField(null=True)
    configuration = BigIntegerField(default=0)
    sealing_key = BlobField(null=True)
    running = BigIntegerField(default=0)
    running_since = BigIntegerField(null=True)
    trouble = TextField(default="")
    last_carried = BigIntegerField(null=True)
    nonces = BlobField(null=True)


class Code(Table):
    """A one-time code; `id` is its first group. It goes once the hub that used it has uploaded.

    `good_for` are the milliseconds after it was `made` in which a hub may use it.
    """

    id = TextField(primary_key=True)
    code = TextField()
    site = ForeignKeyField(Site, backref="codes")
    made = BigIntegerField()
    used_by = TextField(null=True)
    good_for = BigIntegerField(default=CODE_LIVES)
