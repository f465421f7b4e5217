"""The tables of what is carried.

- Carrying: the one row: head office's key that files were sealed with last, when one was given, and when one came back.
- Carrier: a stick that is plugged in and carries files; gone from the table when it is pulled out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import BlobField, FloatField, IntegerField, TextField

from hub.clock import Moment
from hub.db import Table, writing

if TYPE_CHECKING:
    from hub.clock import Clock


class Carrying(Table):
    """`reader` is the sealing key of the head office whose key is `office`. `given` and `back` count files."""

    id = IntegerField(primary_key=True, default=1)
    office = BlobField(null=True)
    reader = BlobField(null=True)
    given_boot = IntegerField(null=True)
    given_seconds = FloatField(null=True)
    given = IntegerField(default=0)
    back_boot = IntegerField(null=True)
    back_seconds = FloatField(null=True)
    back = IntegerField(default=0)

    @property
    def gave(self) -> Moment | None:
        """When a file was given to a carrier last."""
        return _moment(self.given_boot, self.given_seconds)

    @property
    def came_back(self) -> Moment | None:
        """When a reply of head office was taken in last."""
        return _moment(self.back_boot, self.back_seconds)


class Carrier(Table):
    """How the stick at `place` fares: `state` is a word of STATES in sticks.py, `written` names the file on it.

    `days` are the days in that file, `taken` the records that replies on it acknowledged.
    """

    place = TextField(primary_key=True)
    name = TextField()
    state = TextField()
    sentence = TextField(null=True)
    stamp = TextField()
    written = TextField(default="")
    days = IntegerField(default=0)
    taken = IntegerField(default=0)
    boot = IntegerField()
    seconds = FloatField()


def carrying() -> Carrying:
    """The row, or one with the defaults that is not in the database yet."""
    return Carrying.get_or_none(Carrying.id == 1) or Carrying()


def note(**fields: object) -> None:
    """Set `fields` of the one row, in a transaction of its own."""
    with writing():
        Carrying.insert(id=1).on_conflict_ignore().execute()
        Carrying.update(**fields).where(Carrying.id == 1).execute()


def note_given(clock: Clock) -> None:
    """A file was given to a carrier."""
    now = clock.moment()
    note(given_boot=now.boot, given_seconds=now.seconds, given=Carrying.given + 1)


def note_back(clock: Clock) -> None:
    """A reply of head office came."""
    now = clock.moment()
    note(back_boot=now.boot, back_seconds=now.seconds, back=Carrying.back + 1)


def _moment(boot: int | None, seconds: float | None) -> Moment | None:
    return None if boot is None or seconds is None else Moment(boot, seconds)
