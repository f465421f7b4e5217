"""What became of what this hub sent, and what holds no more.

    follow(state.answers, clock)        # within the caller's transaction
    answered(subject)                   # ToldAnswer, or None
    is_revoked(subject)

The subject of a record is its digest. A record that head office had set aside is sent once more at the word AGAIN. At
the others it waits no more, by a person's decision there: TAKEN in, or another one HELD in its place, or DISMISSED,
which stays in the outbox as its refusal, so that it is not sent for the gap that it leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.downlink.models import Revoked, ToldAnswer
from hub.uplink.models import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hub.clock import Clock
    from wire.state import Answered

AGAIN, HELD, TAKEN, DISMISSED = "again", "held", "taken", "dismissed"


def follow(told: Sequence[Answered], clock: Clock) -> None:
    """Do what answers say that are new or changed, and keep them all in the place of those before."""
    before = {bytes(row.subject): (row.word, row.sentence) for row in ToldAnswer.select()}
    for row in told:
        if before.get(row.subject) != (row.word, row.sentence):
            _do(row, clock)
    ToldAnswer.delete().execute()
    for row in told:
        ToldAnswer.replace(subject=row.subject, word=row.word, sentence=row.sentence).execute()


def revoke(told: Iterable[bytes]) -> None:
    """Let these hold no more, and no others."""
    Revoked.delete().execute()
    for subject in set(told):
        Revoked.create(subject=subject)


def answered(subject: bytes) -> ToldAnswer | None:
    """What head office last said of `subject`, if anything."""
    return ToldAnswer.get_or_none(ToldAnswer.subject == subject)


def is_revoked(subject: bytes) -> bool:
    """Whether head office took it back."""
    return bool(Revoked.select().where(Revoked.subject == subject).exists())


def _do(row: Answered, clock: Clock) -> None:
    waits = (Outbox.digest == row.subject) & (Outbox.acknowledged == False)  # noqa: E712
    if row.word == AGAIN:
        Outbox.update(refused=None).where(waits).execute()
    elif row.word in {HELD, TAKEN, DISMISSED}:
        now, refused = clock.moment(), (row.sentence or DISMISSED) if row.word == DISMISSED else None
        done = {"acknowledged": True, "refused": refused, "at_boot": now.boot, "at_seconds": now.seconds}
        Outbox.update(done).where(waits).execute()
