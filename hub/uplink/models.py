"""The tables of the uplink.

- Outbox: every site-day and undated part of this hub as it was sealed last, one row per (epoch, day) or (epoch, boot,
  part), also once it is acknowledged: its content tells whether a day changed since, and head office may find a gap and
  ask for the bytes again.
- Sealing: every sealing there was, also those that a newer one replaced: by them hub and head office tell whether
  both speak of the same past (docs/decisions/0014-epochs-and-lineage.md).
- Rolled: up to which batch of a feature the outbox is complete; changes in the same transaction as the outbox.
- Ledger: bytes that crossed the uplink at a Moment, by kind, of at most a quarter of an hour a row.
- Budget: the one row of rules that the technician gave; see budget.py.
- Told: the one row of what head office tells this hub, as it came; see told.py.
- Introduction: what a hub that was set up with a kit owes head office; see introduce.py.
- Uplink: the one row of state that survives restarts: back-off, when head office was last reached, the last error, and
  which content it told of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import AutoField, BlobField, BooleanField, CompositeKey, DateField, FloatField, IntegerField, TextField

from hub.clock import Moment
from hub.db import Table, database
from hub.usage.parts import BootPart
from wire.messages import OLDEST

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from peewee import Expression


class Outbox(Table):
    """A sealed site-day, or the `part` of an undated `boot`. `again`: it must be sealed again once it can be.

    `version` is what its reader must speak, `boots` the tags of the boots of which it counts anything. `emptied`: the
    days that the part turned out to be tell all of it. `refused` is head office's why, `at` the moment of the
    acknowledgement.
    """

    id = AutoField()
    epoch = IntegerField()
    day = DateField(null=True)
    boot = IntegerField(null=True)
    part = IntegerField(null=True)
    version = IntegerField(default=OLDEST)
    boots = BlobField(default=b"")
    emptied = BooleanField(default=False)
    revision = IntegerField()
    sequence = IntegerField()
    open = BooleanField(default=False)
    again = BooleanField(default=False)
    sealed = BlobField()
    digest = BlobField()
    content = BlobField()
    acknowledged = BooleanField(default=False)
    at_boot = IntegerField(null=True)
    at_seconds = FloatField(null=True)
    refused = TextField(null=True)


class Sealing(Table):
    """The mark of a sealing; `acknowledged` once head office is known to have taken it."""

    epoch = IntegerField()
    sequence = IntegerField()
    mark = BlobField()
    acknowledged = BooleanField(default=False)

    class Meta:
        primary_key = CompositeKey("epoch", "sequence")


class Rolled(Table):
    """`batch` is the newest write of `feature` that the outbox takes account of."""

    feature = TextField(primary_key=True)
    batch = IntegerField()


class Ledger(Table):
    """Bytes of one exchange, or a stretch of it; `counted` once the site-day it falls on has been found and sealed.

    `kind` is a word of budget.Kind.
    """

    id = AutoField()
    boot = IntegerField()
    seconds = FloatField()
    up = IntegerField()
    down = IntegerField()
    counted = BooleanField(default=False)
    kind = TextField(default="counts")
    epoch = IntegerField(null=True)


class Budget(Table):
    """The one row: bytes a day and a month, None without a limit; hours as in 06-22."""

    id = IntegerField(primary_key=True, default=1)
    daily = IntegerField(null=True)
    monthly = IntegerField(null=True)
    hours = TextField()
    free = TextField(null=True, column_name="free_hours")


class Told(Table):
    """The one row. `sealed` is the state of the highest `number` that came from the head office of the key `office`.

    `applied` is the number of the one that this hub runs, `applied_of` the head office that told it, and `trouble` what
    of it `software` could not do.
    """

    id = IntegerField(primary_key=True, default=1)
    office = BlobField()
    number = IntegerField(default=0)
    sealed = BlobField(null=True)
    applied = IntegerField(default=0)
    applied_of = BlobField(null=True)
    trouble = TextField(default="")
    software = TextField(default="")


class Introduction(Table):
    """The one row, until the head office of the key `office` answers a hub that was set up with its kit."""

    id = IntegerField(primary_key=True, default=1)
    office = BlobField()
    code = TextField()
    enrolment = BlobField()


class Uplink(Table):
    """The one row. No attempt before the retry moment; what another boot makes of it, backoff.py says.

    `content` is the version of the repository's metadata that head office told of when it was last reached, `speaks`
    the version of messages that it reads, None until it has told. `answered` is the address at which it did last.
    """

    id = IntegerField(primary_key=True, default=1)
    failures = IntegerField(default=0)
    retry_boot = IntegerField(null=True)
    retry_seconds = FloatField(null=True)
    reached_boot = IntegerField(null=True)
    reached_seconds = FloatField(null=True)
    error = TextField(null=True)
    error_boot = IntegerField(null=True)
    error_seconds = FloatField(null=True)
    configuration = IntegerField(default=0)
    content = IntegerField(null=True)
    speaks = IntegerField(null=True)
    answered = TextField(null=True)

    @property
    def reached(self) -> Moment | None:
        """When head office last answered with its signature."""
        if self.reached_boot is None or self.reached_seconds is None:
            return None
        return Moment(self.reached_boot, self.reached_seconds)

    @property
    def retry(self) -> Moment | None:
        """When the next attempt may be, by the failure before."""
        if self.retry_boot is None or self.retry_seconds is None:
            return None
        return Moment(self.retry_boot, self.retry_seconds)


def state() -> Uplink:
    """The row, or one with the defaults that is not in the database yet."""
    return Uplink.get_or_none(Uplink.id == 1) or Uplink()


def note(**fields: object) -> None:
    """Set `fields` of the one row, within the caller's transaction."""
    Uplink.insert(id=1).on_conflict_ignore().execute()
    Uplink.update(**fields).where(Uplink.id == 1).execute()


def waiting(epoch: int, *, open_days: bool) -> Expression:
    """What is to be sent: neither acknowledged nor refused, and of a version that head office reads.

    A day of the running epoch that is not over waits for its end, unless `open_days`: it was sealed for the sake of a
    snapshot. Under an epoch that ended, it is all that will ever be known of that day, so it is sent. An undated part
    leaves once its boot is dated.
    """
    pending = unsettled() & (Outbox.version <= (state().speaks or OLDEST))
    return pending if open_days else pending & ((Outbox.open == False) | (Outbox.epoch != epoch))  # noqa: E712


def at_place(place: dt.date | BootPart) -> Expression:
    """The row of a day, or of a part of a boot without a date."""
    if isinstance(place, BootPart):
        return (Outbox.boot == place.boot) & (Outbox.part == place.part)
    return Outbox.day == place


def unsettled() -> Expression:
    """What head office has not settled, whatever it reads."""
    return (Outbox.acknowledged == False) & Outbox.refused.is_null() & (Outbox.emptied == False)  # noqa: E712


def sql(statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> Any:
    """A cursor over `statement`, where the object layer has no word for it."""
    return database.execute_sql(statement, values)
