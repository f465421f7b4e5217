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
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.clock import OFFICE, from_unix
from hub.db import writing
from hub.locks import held
from hub.site import this_site
from hub.uplink.backoff import retry_at, wait_after
from hub.uplink.batches import MOST_BYTES, make_batch, pending
from hub.uplink.introduce import introduce, known
from hub.uplink.line import Line, NoAnswer
from hub.uplink.models import Outbox, note, state, unsettled, waiting
from hub.uplink.settle import Delivered, settle
from wire.errors import BadRecord
from wire.exchange import Answer, open_answer
from wire.messages import OLDEST

if TYPE_CHECKING:
    import threading

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.uplink.models import Uplink

CONNECTION = 6000  # bytes of a connection over TLS, its headers and the answer
SENDING = "Another upload of this hub is under way; wait for it to end."
UNNAMED = "Head office named none of the records sent; it is tried again later."
_random = secrets.SystemRandom()


def deliver(
    settings: Settings, clock: Clock, library: Library, stop: threading.Event | None = None, *, urgent: bool = False
) -> Delivered:
    """Send what waits, if an attempt is due and the hour allows; `urgent` asks neither.

    An urgent attempt reaches for head office though nothing waits, so that a technician learns whether it can be
    reached. Raises NoAnswer or InUse.
    """
    if not this_site().has_line or not (urgent or _is_due(clock)):
        return Delivered()
    with held(settings.data / "sending.lock", SENDING), Line(clock, stop) as line:
        introduce(settings, clock)
        total = Delivered()
        if clock.now() is None or _must_ask() or (urgent and not _waits(settings)):
            _exchange(settings, clock, library, line, [])
        sent: set[bytes] = set()
        while most := _bytes_allowed(clock, line, urgent=urgent):
            # What head office acknowledges and yet misses waits for the next run, or it would go round and round.
            waits = pending(this_site().epoch, open_days=settings.seal_open_days, most=most)
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
    """Whether there is anything to call head office for: something waits, or there is something to learn first."""
    return clock.now() is None or _must_ask() or _waits(settings)


def _waits(settings: Settings) -> bool:
    return bool(Outbox.select().where(waiting(this_site().epoch, open_days=settings.seal_open_days)).exists())


def _must_ask() -> bool:
    """Whether what waits is of a newer version than every head office reads, and this one has not said what it reads.

    Else such a record waits until the version is told, and that comes with any answer.
    """
    return state().speaks is None and bool(Outbox.select().where(unsettled() & (Outbox.version > OLDEST)).exists())


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
        done = settle(clock, answer, live=True)
        known()
        named = {row.digest for row in answer.acknowledged} | {row.digest for row in answer.refused}
        # Who is ahead names nothing of the epoch that it has just ended.
        _require(not records or answer.ahead is not None or any(row.digest in named for row in records), UNNAMED)
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
    url = address(site.collector_url, state())
    reply = line.post(f"{url}/v1/summaries", make_batch(settings, library, records, nonce))
    try:
        answer = open_answer(reply.body, office, nonce)
    except BadRecord as error:
        raise NoAnswer(f"The answer was not head office's word, so nothing in it counts. {error}") from None
    # The answer was signed at some time between asking and having it.
    clock.learn(from_unix(answer.time / 1000) + dt.timedelta(seconds=reply.seconds / 2), OFFICE)
    if state().answered != url:
        with writing():
            note(answered=url)
    return answer


def address(url: str | None, known: Uplink) -> str | None:
    """Where to ask: at `url`; each second time where head office answered last, as long as it never did at `url`.

    So an address that is mistyped there, and told to a hub that nobody visits for months, does not lose the hub.
    """
    return known.answered or url if known.failures % 2 else url


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
