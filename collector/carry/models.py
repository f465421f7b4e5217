"""The table of what is carried: files for hubs that wait to be taken back, under a name nobody can guess."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, ForeignKeyField, TextField

from collector.db import Table
from collector.sites.models import Hub


class Reply(Table):
    """A file for `hub`, sealed for it alone; `made` in Unix milliseconds."""

    token = TextField(primary_key=True)
    hub = ForeignKeyField(Hub, backref="replies")
    data = BlobField()
    made = BigIntegerField()
