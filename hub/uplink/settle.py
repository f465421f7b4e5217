"""Does what head office's answer says, in one transaction, whichever way it came.

    settle(clock, answer, live=True)        # the answer to this very request, over the line
    settle(clock, answer, live=False)       # one that was carried here, perhaps months after it was given

What is acknowledged is true whenever it is read. What an answer says of now (the time, what is missing, how the line
fares) is believed of a live one alone; the time in a carried one has surely come, no more.

The caller has verified that head office signed it (wire.exchange.open_answer), and for a live one its nonce.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hub.clock import CARRIED, from_unix
from hub.db import writing
from hub.uplink.epochs import give_way
from hub.uplink.models import Outbox, Sealing, note, state
from hub.uplink.told import learn
from wire.exchange import MARK
from wire.messages import OLDEST

if TYPE_CHECKING:
    from hub.clock import Clock, Moment
    from wire.exchange import Acknowledged, Answer, Held, Refused


class Delivered(NamedTuple):
    """How many records were acknowledged, and how many refused."""

    acknowledged: int = 0
    refused: int = 0


def settle(clock: Clock, answer: Answer, *, live: bool) -> Delivered:
    """A row that was sealed anew meanwhile is left alone: the digest that is named is no longer its own."""
    now = clock.moment()
    with writing():
        acknowledged = sum(_acknowledge(row, now) for row in answer.acknowledged)
        refused = sum(_refuse(row) for row in answer.refused)
        learn(answer, live=live)
        if answer.ahead is not None:
            give_way(answer.ahead, clock)
        _read_more(answer)
        if live:
            _note(answer, now)
    if not live:
        clock.raise_floor(from_unix(answer.time / 1000), CARRIED)
    return Delivered(acknowledged, refused)


def _acknowledge(row: Acknowledged, now: Moment) -> int:
    """Whether it named a record of the outbox; of one that was replaced meanwhile the log learns that it arrived."""
    mark = (Sealing.epoch == row.epoch) & (Sealing.mark == row.digest[:MARK])
    Sealing.update(acknowledged=True).where(mark).execute()
    done = Outbox.update(acknowledged=True, at_boot=now.boot, at_seconds=now.seconds, refused=None)
    return int(done.where((Outbox.epoch == row.epoch) & (Outbox.digest == row.digest)).execute())


def _refuse(row: Refused) -> int:
    named = (Outbox.digest == row.digest) & (Outbox.acknowledged == False)  # noqa: E712
    return int(Outbox.update(refused=row.sentence).where(named).execute())


def _send_again(held: Held) -> None:
    """Have all that head office may have lost wait once more, as it was sealed.

    It was put back to an older state if it acknowledged a sealing above the highest that it holds. What it lost of
    epochs that have ended nobody can tell, so all of them is sent; what it holds is acknowledged again.
    """
    lost = (Sealing.epoch == held.epoch) & (Sealing.sequence > held.sequence) & Sealing.acknowledged
    if Sealing.update(acknowledged=False).where(lost).execute():
        may_be_lost = (Outbox.epoch != held.epoch) | (Outbox.sequence > held.sequence)
        Outbox.update(acknowledged=False).where(may_be_lost & Outbox.refused.is_null()).execute()


def _read_more(answer: Answer) -> None:
    """What head office could not read before, it may take now; only a live answer says that it reads less again.

    A hub that has no line any more learns it from a file, or parts without a date would wait for ever.
    """
    known = state().speaks or OLDEST
    if answer.speaks > known:
        Outbox.update(refused=None).where(Outbox.version > known).execute()
        note(speaks=answer.speaks)


def _note(answer: Answer, now: Moment) -> None:
    """What holds of this moment only."""
    # Head office names days it never had. What it acknowledged and then lost, it gets again, as it was sealed.
    for epoch, day in answer.missing:
        there = (Outbox.epoch == epoch) & (Outbox.day == day)
        Outbox.update(acknowledged=False).where(there & Outbox.refused.is_null()).execute()  # others it let go of
    if answer.held is not None:
        _send_again(answer.held)
    note(
        failures=0,
        retry_boot=None,
        retry_seconds=None,
        reached_boot=now.boot,
        reached_seconds=now.seconds,
        error=None,
        configuration=answer.configuration,
        content=answer.content,
        speaks=answer.speaks,
    )
