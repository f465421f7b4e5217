"""The tables of the visit.

- Answer: what a technician answered to a part, as JSON of the records in answers.py; the administrator's is an account.
- TechnicianVisit: the one row. `number` of the last order for the network, its `stage` and moment, and the number that
  was `sent` to root for certain; whether the visit was `finished`; the SHA-256 of the `file` that was taken last.
- OfficeCode: the one row. The code by which head office is to know this hub, until it has served; `state` is WANTED,
  WAITING (no line yet), REFUSED or DONE, `sentence` says in English what went wrong, the moment is the last try's.
"""

from __future__ import annotations

from peewee import BooleanField, FloatField, IntegerField, TextField

from hub.db import Table

WANTED, WAITING, REFUSED, DONE = "wanted", "waiting", "refused", "done"


class Answer(Table):
    """`told` is JSON."""

    part = TextField(primary_key=True)
    told = TextField()


class TechnicianVisit(Table):
    """The one row."""

    id = IntegerField(primary_key=True, default=1)
    number = IntegerField(default=0)
    sent = IntegerField(default=0)
    stage = TextField(default="setup")
    boot = IntegerField(null=True)
    seconds = FloatField(null=True)
    finished = BooleanField(default=False)
    file = TextField(null=True)


class OfficeCode(Table):
    """The one row; `code` is gone once it has served."""

    id = IntegerField(primary_key=True, default=1)
    url = TextField()
    code = TextField(null=True)
    state = TextField(default=WANTED)
    sentence = TextField(null=True)
    failures = IntegerField(default=0)
    boot = IntegerField(null=True)
    seconds = FloatField(null=True)


def visit() -> TechnicianVisit:
    """The row, or one with the defaults that is not in the database yet."""
    return TechnicianVisit.get_or_none(TechnicianVisit.id == 1) or TechnicianVisit()


def note_visit(**fields: object) -> None:
    """Set `fields` of the one row, within the caller's transaction."""
    TechnicianVisit.insert(id=1).on_conflict_ignore().execute()
    TechnicianVisit.update(**fields).where(TechnicianVisit.id == 1).execute()


def office_code() -> OfficeCode | None:
    """The row, if a code was ever given."""
    row: OfficeCode | None = OfficeCode.get_or_none(OfficeCode.id == 1)
    return row
