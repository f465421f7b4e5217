"""The tables of usage. No row holds a wall time, an address, a phone's make or a name: times are seconds since a boot
(see hub/clock.py), and a visitor is a hash whose key is destroyed each month (see visitors.py).

- Batch: one flush of the recorder; the bytes and downloads since the flush before, and proof that the hub was up.
- Visit: a visitor's activity within one boot with no gap over 30 minutes. Visits on both sides of a power cut are
  joined when they are rolled up, once both boots are dated.
- Play: what one page reported of one item within one visit. Two tabs make two rows; rolling up joins them.

A row belongs to the epoch in which it was written. Recording and rolling up speak SQL to these tables, since a Pi
spends ten times as long in the object layer; `python -m benchmarks.roll_up` shows the effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import AutoField, BlobField, FloatField, IntegerField, TextField

from hub.db import Table, database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VISIT_GAP = 30 * 60  # seconds without activity that end a visit


class Batch(Table):
    """Seconds of `boot` from `began` to `ended`, and what left the hub meanwhile."""

    number = AutoField()
    epoch = IntegerField()
    boot = IntegerField()
    began = FloatField()
    ended = FloatField()
    bytes = IntegerField()
    downloads = IntegerField()


class VisitorKey(Table):
    """A key in use: file `visitors-<number>.key`. `month` is as in 2026-03; empty while the time is not certain."""

    number = IntegerField(primary_key=True)
    month = TextField(null=True)


class Visitor(Table):
    """A phone's browser within a month. `next_hash` is what the key of a month that may have begun makes of it."""

    id = AutoField()
    hash = BlobField(unique=True)
    next_hash = BlobField(null=True, unique=True)


class Visit(Table):
    """From the `first` to the `last` sign of life, in seconds of `boot`; `batch` wrote it last."""

    id = AutoField()
    visitor = IntegerField()
    epoch = IntegerField()
    boot = IntegerField()
    first = FloatField()
    last = FloatField()
    language = TextField(null=True)
    batch = IntegerField()


class Play(Table):
    """`id` is the page's, `began` in seconds of the visit's boot, `intervals` packed (see intervals.py)."""

    number = AutoField()
    id = BlobField()
    item = IntegerField()
    visit = IntegerField()
    began = FloatField()
    intervals = BlobField()
    heads = IntegerField()


class DatedBoot(Table):
    """A boot whose rows have been announced as dated, in batch `batch`."""

    boot = IntegerField(primary_key=True)
    batch = IntegerField()


class Forgotten(Table):
    """The one row: usage of site-days before `until` (ISO date) has been deleted."""

    id = IntegerField(primary_key=True, default=1)
    until = TextField()


def sql(statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> Any:
    """The cursor (PEP 249) of a statement on this process's database."""
    execute: Any = database.execute_sql
    return execute(statement, values)
