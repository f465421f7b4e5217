"""The tables of content delivery.

- Content: the one row that survives restarts: where content comes from, which group of sites this is, how the last
  check fared and when the next may begin. The first key that is trusted lies with the library, not here.
- Wish: what the technician decided about a course or an item: pinned (first, never evicted) or removed (not wanted).
- Ask: an item that is not here and that villagers asked for, how often; who asked is not known.
- Stick: a repository on a file system that is plugged in now; gone from the table when it is pulled out.
- Copy: a file system that is plugged in, to which the library was to be copied; gone from the table with it.
- Scrub: how far the slow check of stored bytes has come.

A subject is the slug of a course, or the id of an item, `course/item`.
"""

from __future__ import annotations

from peewee import BooleanField, FloatField, IntegerField, TextField

from hub.clock import Moment
from hub.db import Table, writing
from hub.site import this_site
from hub.uplink.backoff import retry_at

EVERYTHING = "all"  # the group that holds the whole library
PINNED, REMOVED = "pinned", "removed"


class Content(Table):
    """The one row. `url` is an address or a folder; `wanted`: somebody asked for a check now; `unfinished`: the budget
    stopped the last sync, or the end of the program did.

    No check before the retry moment; after another boot, as hub/uplink/backoff.py says. `error` is None once a check
    went through; `why` is a word for it, one of STATES in sticks.py or `offline`.
    """

    id = IntegerField(primary_key=True, default=1)
    url = TextField(null=True)
    group = TextField(column_name="site_group", default=EVERYTHING)
    wanted = BooleanField(default=False)
    unfinished = BooleanField(default=False)
    failures = IntegerField(default=0)
    retry_boot = IntegerField(null=True)
    retry_seconds = FloatField(null=True)
    checked_boot = IntegerField(null=True)
    checked_seconds = FloatField(null=True)
    error = TextField(null=True)
    why = TextField(null=True)
    error_boot = IntegerField(null=True)
    error_seconds = FloatField(null=True)

    @property
    def checked(self) -> Moment | None:
        """When a check for news went through last, whether it found some or not."""
        return moment_of(self.checked_boot, self.checked_seconds)

    @property
    def failed(self) -> Moment | None:
        """When `error` was met."""
        return moment_of(self.error_boot, self.error_seconds)


class Wish(Table):
    """`kind` is PINNED or REMOVED; a subject without a row is neither."""

    subject = TextField(primary_key=True)
    kind = TextField()


class Ask(Table):
    """How many `times` an item was asked for, the last time at the moment."""

    item = TextField(primary_key=True)
    times = IntegerField()
    boot = IntegerField()
    seconds = FloatField()


class Stick(Table):
    """A repository at the folder `place`, on a stick called `name`. `state` is a word of STATES in sticks.py.

    `sentence` says in English what is in the way; `release` is what it holds, once that is known; `stamp` tells one
    state of it from another without reading it. The moment is that of the last look.
    """

    place = TextField(primary_key=True)
    name = TextField()
    state = TextField()
    sentence = TextField(null=True)
    release = IntegerField(null=True)
    stamp = TextField(default="")
    boot = IntegerField()
    seconds = FloatField()


class Copy(Table):
    """A copy of the library to the file system at `place`: `done` of `total` bytes; `state` is a word of copies.py."""

    place = TextField(primary_key=True)
    state = TextField()
    done = IntegerField()
    total = IntegerField()
    sentence = TextField(null=True)
    boot = IntegerField()
    seconds = FloatField()


class Scrub(Table):
    """The one row: `place` is the last blob of this pass that was read, `bytes` and `damaged` what the pass found yet.

    `ended` is the moment at which the last whole pass ended; `wanted`: somebody asked for a pass at full speed now.
    """

    id = IntegerField(primary_key=True, default=1)
    place = TextField(default="")
    bytes = IntegerField(default=0)
    damaged = IntegerField(default=0)
    wanted = BooleanField(default=False)
    ended_boot = IntegerField(null=True)
    ended_seconds = FloatField(null=True)

    @property
    def ended(self) -> Moment | None:
        return moment_of(self.ended_boot, self.ended_seconds)


def moment_of(boot: int | None, seconds: float | None) -> Moment | None:
    """A moment out of two columns that are empty together."""
    return None if boot is None or seconds is None else Moment(boot, seconds)


def state() -> Content:
    """The row, or one with the defaults that is not in the database yet."""
    return Content.get_or_none(Content.id == 1) or Content()


def note(**fields: object) -> None:
    """Set `fields` of the one row, within the caller's transaction."""
    Content.insert(id=1).on_conflict_ignore().execute()
    Content.update(**fields).where(Content.id == 1).execute()


def scrub() -> Scrub:
    """The row of the slow check, or one with the defaults."""
    return Scrub.get_or_none(Scrub.id == 1) or Scrub()


def note_scrub(**fields: object) -> None:
    """Set `fields` of the row of the slow check, in a transaction of its own."""
    with writing():
        Scrub.insert(id=1).on_conflict_ignore().execute()
        Scrub.update(**fields).where(Scrub.id == 1).execute()


def wished(kind: str) -> set[str]:
    """The subjects that are PINNED, or REMOVED."""
    return {row.subject for row in Wish.select().where(Wish.kind == kind)}


def asked() -> dict[str, int]:
    """Items that were asked for, and how often."""
    return {row.item: row.times for row in Ask.select()}


def not_before(known: Content, boot: int) -> float:
    """The seconds since this `boot` from which on the repository may be asked."""
    return retry_at(known.failures, moment_of(known.retry_boot, known.retry_seconds), boot, bytes(this_site().hub))
