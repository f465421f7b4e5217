"""The table of what was told in short: a row per revision of a day, written before anything leaves the hub.

So a restart, or a power cut in the middle, does not send twice: what may have been sent counts as sent.
"""

from __future__ import annotations

from peewee import BooleanField, CompositeKey, DateField, FloatField, IntegerField, TextField

from hub.clock import Moment
from hub.db import Table


class Message(Table):
    """A day's short record: its `bytes`, the moment it was handed over at, whether the command said that it was.

    `sentence` says what went wrong. A day that does not fit a message has none of its own bytes (0).
    """

    epoch = IntegerField()
    day = DateField()
    revision = IntegerField()
    bytes = IntegerField()
    boot = IntegerField()
    seconds = FloatField()
    handed = BooleanField(default=False)
    sentence = TextField(null=True)

    class Meta:
        primary_key = CompositeKey("epoch", "day", "revision")

    @property
    def at(self) -> Moment:
        """When it was handed over, or was to be."""
        return Moment(self.boot, self.seconds)
