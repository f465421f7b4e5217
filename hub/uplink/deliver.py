"""Carries what waits in the outbox to head office, and believes nothing but its signature.

All that waits goes up in few batches over one connection. A record leaves the outbox only by an answer that head office
signed, that carries the nonce of this very request, and that names the record by epoch, day, revision and digest; any
other answer, whatever its status, leaves everything as it was and is remembered as a sentence. Since each record is the
whole state of its day, sending it twice does no harm, so a process that dies in mid-upload has nothing to clean up.

    deliver(settings, clock, library, stop)     # Delivered(...); raises NoAnswer

A signed answer tells the time as well. While the time is unsure an empty batch (some hundred bytes) is sent first, to
learn it, whatever the hour: the allowed hours cannot be told without the time, and nothing can be dated. Everything
else waits for the hours and the bytes that the budget allows (see budget.py).
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.clock import from_unix
from hub.db import writing
from hub.locks import held
from hub.site import signing_key, this_site
from hub.uplink.backoff import retry_at, wait_after
from hub.uplink.line import Line, NoAnswer
from hub.uplink.models import Outbox, note, state, waiting
from hub.uplink.told import learn, to_tell
from hub.version import SOFTWARE
from wire.errors import BadRecord
from wire.exchange import Answer, Batch, open_answer, seal_batch

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.site import Site

MOST_RECORDS, MOST_BYTES = 60, 200_000
CONNECTION = 6000  # bytes of a connection over TLS, its headers and the answer
SENDING = "Another upload of this hub is under way; wait for it to end."
UNNAMED = "Head office named none of the records sent; it is tried again later."
_random = secrets.SystemRandom()


class Delivered(NamedTuple):
    """How many records were acknowledged, and how many refused."""

    acknowledged: int = 0
    refused: int = 0


def deliver(
    settings: Settings, clock: Clock, library: Library, stop: threading.Event | None = None, *, urgent: bool = False
) -> Delivered:
    """Send what waits, if an attempt is due and the hour allows; `urgent` asks neither.

    An urgent attempt reaches for head office though nothing waits, so that a technician learns whether it can be
    reached. Raises NoAnswer or InUse.
    """
    site = this_site()
    if not site.enrolled or not (urgent or _is_due(clock)):
        return Delivered()
    with held(settings.data / "sending.lock", SENDING), Line(clock, stop) as line:
        total = Delivered()
        if clock.now() is None or (urgent and not pending(site, open_days=settings.seal_open_days)):
            _exchange(settings, clock, library, line, [])
        sent: set[bytes] = set()
        while most := _bytes_allowed(clock, line, urgent=urgent):
            # What head office acknowledges and yet misses waits for the next run, or it would go round and round.
            waits = pending(site, open_days=settings.seal_open_days, most=most)
            records = [row for row in waits if row.digest not in sent]
            if not records:
                break
            sent |= {row.digest for row in records}
            done = _exchange(settings, clock, library, line, records)
            total = Delivered(total.acknowledged + done.acknowledged, total.refused + done.refused)
            if stop is not None and stop.is_set():
                break
    return total


def wanted(settings: Settings, clock: Clock) -> bool:
    """Whether there is anything to call head office for: something waits, or the time is unsure."""
    waits = Outbox.select().where(waiting(this_site().epoch, open_days=settings.seal_open_days))
    return clock.now() is None or waits.exists()


def pending(site: Site, *, open_days: bool, most: int = MOST_BYTES) -> list[Outbox]:
    """What goes into the next batch: the oldest that waits, up to MOST_RECORDS and `most` bytes."""
    rows = Outbox.select().where(waiting(site.epoch, open_days=open_days))
    return fitting(list(rows.order_by(Outbox.epoch != site.epoch, Outbox.sequence).limit(MOST_RECORDS)), most)


def fitting(rows: Sequence[Outbox], most: int = MOST_BYTES) -> list[Outbox]:
    """The first of `rows` that together stay under `most` bytes; at least one, or it would wait for ever."""
    size = 0
    for number, row in enumerate(rows):
        size += len(row.sealed)
        if size > most and number:
            return list(rows[:number])
    return list(rows)


def _bytes_allowed(clock: Clock, line: Line, *, urgent: bool) -> int:
    """How large the next batch may be; 0 if nothing may be sent now."""
    if urgent:
        return MOST_BYTES
    left = line.room(least=CONNECTION).left if clock.now() else 0
    return MOST_BYTES if left is None else max(min(MOST_BYTES, left - CONNECTION), 0)


def _is_due(clock: Clock) -> bool:
    known, now = state(), clock.moment()
    return retry_at(known.failures, known.retry, now.boot, bytes(this_site().hub)) <= now.seconds


def _exchange(settings: Settings, clock: Clock, library: Library, line: Line, records: list[Outbox]) -> Delivered:
    """One batch up and one answer down; what went wrong is written down before it is raised."""
    try:
        answer = _ask(settings, clock, library, line, records)
        done = _settle(clock, answer)
        named = {row.digest for row in answer.acknowledged} | {row.digest for row in answer.refused}
        _require(not records or any(row.digest in named for row in records), UNNAMED)
    except NoAnswer as error:
        _failed(clock, str(error))
        raise
    return done


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise NoAnswer(sentence)


def _ask(settings: Settings, clock: Clock, library: Library, line: Line, records: list[Outbox]) -> Answer:
    site, nonce = this_site(), secrets.token_bytes(16)
    office = Ed25519PublicKey.from_public_bytes(bytes(site.collector_key or b""))
    batch = Batch(
        hub=bytes(site.hub),
        nonce=nonce,
        records=[bytes(row.sealed) for row in records],
        oldest_unacknowledged=_oldest(site.epoch),
        content_release=library.number(),
        software=SOFTWARE,
        **to_tell(settings),
    )
    body = seal_batch(batch, signing_key(settings.keys), kid=batch.hub)
    reply = line.post(f"{site.collector_url}/v1/summaries", body)
    try:
        answer = open_answer(reply.body, office, nonce)
    except BadRecord as error:
        raise NoAnswer(f"The answer was not head office's word, so nothing in it counts. {error}") from None
    # The answer was signed at some time between asking and having it.
    clock.learn(from_unix(answer.time / 1000) + dt.timedelta(seconds=reply.seconds / 2), "head office")
    return answer


def _oldest(epoch: int) -> int | None:
    """The lowest sequence of the running epoch that is not acknowledged."""
    row = (
        Outbox.select(Outbox.sequence)
        .where((Outbox.epoch == epoch) & (Outbox.acknowledged == False))  # noqa: E712
        .order_by(Outbox.sequence)
        .first()
    )
    return None if row is None else int(row.sequence)


def _settle(clock: Clock, answer: Answer) -> Delivered:
    """Do what a believed answer says, in one transaction; a row that was sealed anew meanwhile is left alone."""
    now = clock.moment()
    with writing():
        acknowledged = sum(
            Outbox.update(acknowledged=True, at_boot=now.boot, at_seconds=now.seconds, refused=None)
            .where((Outbox.epoch == row.epoch) & (Outbox.day == row.day))
            .where((Outbox.revision == row.revision) & (Outbox.digest == row.digest))
            .execute()
            for row in answer.acknowledged
        )
        refused = sum(
            Outbox.update(refused=row.sentence)
            .where((Outbox.digest == row.digest) & (Outbox.acknowledged == False))  # noqa: E712
            .execute()
            for row in answer.refused
        )
        # Head office names days it never had. What it acknowledged and then lost, it gets again, as it was sealed.
        for epoch, day in answer.missing:
            Outbox.update(acknowledged=False).where((Outbox.epoch == epoch) & (Outbox.day == day)).execute()
        learn(answer)
        note(
            failures=0,
            retry_boot=None,
            retry_seconds=None,
            reached_boot=now.boot,
            reached_seconds=now.seconds,
            error=None,
            configuration=answer.configuration,
            content=answer.content,
        )
    return Delivered(acknowledged, refused)


def _failed(clock: Clock, sentence: str) -> None:
    """Remember why, and when to try again, so that a restart does not knock at once."""
    now, failures = clock.moment(), state().failures + 1
    wait = wait_after(failures, _random.random())
    with writing():
        note(
            failures=failures,
            retry_boot=now.boot,
            retry_seconds=now.seconds + wait,
            error=sentence,
            error_boot=now.boot,
            error_seconds=now.seconds,
        )
