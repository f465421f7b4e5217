"""The tables of the staff side. A token is kept as its SHA-256 alone: who reads the file cannot enter with it.

- Technician: an account; without a password until its owner has chosen one. Head office makes accounts as well.
- EntryLink: the one link by which an account may be entered without a password.
- StaffSession: a browser that is signed in; `by_link` until a password was chosen in it.

Links and sessions belong to the epoch in which they were made: a database that was restored from a snapshot holds old
ones that were used or ended since, and its new epoch makes them worthless.
"""

from __future__ import annotations

from peewee import AutoField, BlobField, BooleanField, FloatField, IntegerField, TextField

from hub.clock import Moment
from hub.db import Table


class Technician(Table):
    """An account. `name` is in lower case; `password` a scrypt hash as werkzeug.security writes it.

    `told` is the hash that head office told last, of an account that it made; None of one that was made here.
    """

    id = AutoField()
    name = TextField(unique=True)
    password = TextField(null=True)
    told = TextField(null=True)


class EntryLink(Table):
    """Made at the moment (`boot`, `seconds`)."""

    technician = IntegerField(primary_key=True)
    token_hash = BlobField(unique=True)
    epoch = IntegerField()
    boot = IntegerField()
    seconds = FloatField()

    @property
    def made(self) -> Moment:
        return Moment(self.boot, self.seconds)


class StaffSession(Table):
    """Signed in at the moment (`boot`, `seconds`)."""

    token_hash = BlobField(primary_key=True)
    technician = IntegerField()
    by_link = BooleanField()
    epoch = IntegerField()
    boot = IntegerField()
    seconds = FloatField()

    @property
    def began(self) -> Moment:
        return Moment(self.boot, self.seconds)
