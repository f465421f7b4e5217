"""The table of what hubs are told: one row per hub, whose number is `Hub.configuration`."""

from __future__ import annotations

from peewee import BigIntegerField, ForeignKeyField, TextField

from collector.db import Table
from collector.sites.models import Hub


class State(Table):
    """`told` is a Draft in JSON (see draft.py), `saved` when it became this, in Unix milliseconds."""

    hub = ForeignKeyField(Hub, backref="states", primary_key=True)
    told = TextField()
    saved = BigIntegerField()
