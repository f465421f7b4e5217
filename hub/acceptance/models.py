"""The tables of the check at the end of a visit.

- Acceptance: each check, by its number: when it began and ended, of which site and program, and what came of it, as
  JSON of the records in results.py. Nothing in it names a person or a phone.
- Errand: the one row of what the worker was asked to do for it, how far it is, and what came of that last.
"""

from __future__ import annotations

from peewee import AutoField, BooleanField, FloatField, IntegerField, TextField

from hub.clock import Moment
from hub.db import Table, writing

ALL, CARD = "all", "card"  # what may be wanted of the worker
CALL, FILES = "call", "files"  # its steps, beside CARD
# What became of the card test: none yet, a result, or why there is none.
NOT_YET, TESTED, STOPPED, INTERRUPTED = "", "tested", "stopped", "interrupted"
FULL, BROKEN, BUSY = "full", "broken", "busy"


class Acceptance(Table):
    """`bytes` had crossed the uplink when it began; `passed` and what follows are empty until it has ended."""

    number = AutoField()
    boot = IntegerField()
    seconds = FloatField()
    bytes = IntegerField()
    ended_boot = IntegerField(null=True)
    ended_seconds = FloatField(null=True)
    passed = BooleanField(null=True)
    code = TextField(null=True)
    site = TextField(null=True)
    time_zone = TextField(null=True)
    software = TextField()
    results = TextField(null=True)

    @property
    def began(self) -> Moment:
        return Moment(self.boot, self.seconds)

    @property
    def ended(self) -> Moment | None:
        return _moment(self.ended_boot, self.ended_seconds)


class Errand(Table):
    """`wanted` is ALL, CARD or empty, `stop` that it is to end, `step` what is done now: `done` of `total` bytes.

    `card` is JSON of the findings in hub/box/card.py, `card_word` one of the words above; `files` of `bytes` were read
    back, of which `damaged` had changed; `call_error` is why head office was not reached. Each has its moment.
    """

    id = IntegerField(primary_key=True, default=1)
    wanted = TextField(default="")
    stop = BooleanField(default=False)
    step = TextField(default="")
    done = IntegerField(default=0)
    total = IntegerField(default=0)
    called_boot = IntegerField(null=True)
    called_seconds = FloatField(null=True)
    call_error = TextField(null=True)
    card_word = TextField(default=NOT_YET)
    card = TextField(null=True)
    card_boot = IntegerField(null=True)
    card_seconds = FloatField(null=True)
    files = IntegerField(default=0)
    bytes = IntegerField(default=0)
    damaged = IntegerField(default=0)
    files_boot = IntegerField(null=True)
    files_seconds = FloatField(null=True)

    @property
    def called(self) -> Moment | None:
        return _moment(self.called_boot, self.called_seconds)

    @property
    def card_tested(self) -> Moment | None:
        return _moment(self.card_boot, self.card_seconds)

    @property
    def files_read(self) -> Moment | None:
        return _moment(self.files_boot, self.files_seconds)

    @property
    def at_work(self) -> bool:
        """Whether the worker is at it, or will be in a moment."""
        return bool(self.wanted or self.step)


def errand() -> Errand:
    """The row, or one with the defaults that is not in the database yet."""
    return Errand.get_or_none(Errand.id == 1) or Errand()


def note(**fields: object) -> None:
    """Set `fields` of the one row, in a transaction of its own."""
    empty = {"wanted": "", "stop": False, "step": "", "done": 0, "total": 0, "card_word": NOT_YET}
    with writing():
        Errand.insert(id=1, files=0, bytes=0, damaged=0, **empty).on_conflict_ignore().execute()
        Errand.update(**fields).where(Errand.id == 1).execute()


def latest() -> Acceptance | None:
    """The check that is under way, or ended last."""
    row: Acceptance | None = Acceptance.select().order_by(Acceptance.number.desc()).first()
    return row


def _moment(boot: int | None, seconds: float | None) -> Moment | None:
    return None if boot is None or seconds is None else Moment(boot, seconds)
