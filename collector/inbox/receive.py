"""Takes in a batch: verify everything, keep it in one transaction, then answer, signed.

Nothing is acknowledged that is not on the disk, and whatever arrives twice changes nothing. A record that cannot be
taken in is set aside and named in the answer, and the ones beside it are taken in all the same.

    receive(body, office)       # over the line
    take_batch(body, office)    # from a stick or a phone, any number of times
    take_totals(data, office)   # from a short message; gives a sentence
    take_sealed(data, office)   # the same for a record by itself, such as courses

What a batch says of its hub (that it lives, what it runs) is believed only if the batch is news: an old one that is
sent again, by whomever, brings nothing back.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from collector.db import writing
from collector.inbox.gaps import named_missing
from collector.inbox.judge import Line, is_news, remember
from collector.inbox.keep import Arrived, Settled, is_held, lock, look, plain, settle
from collector.inbox.lineage import held, lacks_boots, standing
from collector.inbox.opening import name_of, secret_of
from collector.sites.enrol import public_key_of
from collector.sites.models import Code, Hub
from collector.state.store import heard, to_tell
from wire.errors import BadRecord
from wire.exchange import Acknowledged, Ahead, Answer, Batch, Held, Refused, open_batch, seal_answer
from wire.messages import VERSION
from wire.short import open_totals
from wire.summary import Level, SiteDay, digest, unseal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from collector.office import Office

    KeyFor = Callable[[bytes], Ed25519PublicKey | None]

WHAT = {Level.FULL: "All counts", Level.COURSES: "The courses", Level.TOTALS: "The totals"}
MOST_ROWS = 16_384  # of a batch's tables: 512 days of 32 items
IN_A_BATCH = "All counts of a day come in a batch, which shows what its hub has told before; upload it."
OTHER_BOX = (
    "More boots of the hub are counted on {} than this message knows, as if its box was put back to an older state; "
    "what is held stays until the hub's line works."
)
FOREIGN = "The record of {0.called} is another hub's; a hub sends its own alone, so it was not taken in."
WITH_PARTS = 2  # the version from which on a hub understands that a part without a date was acknowledged


class Taken(NamedTuple):
    """What the answer to a batch says, once all of it is kept."""

    settled: list[Settled]
    ahead: Ahead | None
    missing: list[tuple[int, dt.date]]
    held: Held | None
    hub: Hub


def receive(body: bytes, office: Office) -> bytes:
    """The signed answer to the batch in `body`, once all it acknowledges is kept. Raises BadRecord."""
    return _answer(body, office, carried=False)


def take_batch(body: bytes, office: Office) -> bytes:
    """The same for a batch that somebody carried: it tells when it was taken in, not that the hub was heard."""
    return _answer(body, office, carried=True)


def take_totals(data: bytes, office: Office) -> str:
    """Take in a day's totals from a short message; gives a sentence that says what became of them. Raises BadRecord."""
    day = open_totals(data, partial(secret_of, office))
    return _take_alone(Arrived(data, name_of(data), day, ""), day, office)


def take_sealed(data: bytes, office: Office) -> str:
    """Take in a record that came without a batch; gives a sentence. Raises BadRecord."""
    day = unseal(data, public_key_of)
    if day.level == Level.FULL:
        raise BadRecord(IN_A_BATCH)
    return _take_alone(Arrived(data, digest(data), day, ""), day, office)


def _take_alone(record: Arrived, day: SiteDay, office: Office) -> str:
    with writing():
        lock({day.hub.hex()})
        if lacks_boots(day):
            return OTHER_BOX.format(day.called)
        settled = settle(day.hub, record, office.now())
        if settled.kept:
            Hub.update(last_heard=office.now()).where(Hub.id == day.hub.hex()).execute()
    if isinstance(settled.word, Refused):
        return settled.word.sentence
    what = WHAT[day.level]
    return f"{what} of {day.called} are kept." if settled.kept else f"{what} of {day.called} were here already."


def _answer(body: bytes, office: Office, *, carried: bool) -> bytes:
    key_for = cache(public_key_of)
    batch = _legible(open_batch(body, key_for))
    taken = _take(batch, _looked_at(batch, key_for), office.now(), carried=carried)
    words = [settled.word for settled in taken.settled]
    newest = office.content.newest()
    answer = Answer(
        nonce=batch.nonce,
        time=office.now(),
        acknowledged=[word for word in words if isinstance(word, Acknowledged) and _is_understood(word, batch)],
        refused=[word for word in words if isinstance(word, Refused)],
        configuration=taken.hub.configuration,
        missing=taken.missing,
        content=newest.number if newest else None,
        speaks=VERSION,
        ahead=taken.ahead,
        held=taken.held,
        **to_tell(batch, office),
    )
    return seal_answer(answer, office.key, office.key_id)


def _looked_at(batch: Batch, key_for: KeyFor) -> list[Arrived]:
    """The records, as far as taking them in stays short: nobody waits minutes for one hub's transaction.

    A true hub's rows fit. Records behind those that do are not named, and so are sent again.
    """
    found: list[Arrived] = []
    rows = 0
    for sealed in batch.records:
        found.append(_of(batch.hub, look(sealed, key_for)))
        day = found[-1].day
        rows += day.rows if day else 0
        if rows > MOST_ROWS:
            return found
    return found


def _of(hub: bytes, record: Arrived) -> Arrived:
    """A batch shows the lineage of its own hub alone, so nobody else's record can be judged in it."""
    if record.day is None or record.day.hub == hub:
        return record
    return record._replace(day=None, sentence=FOREIGN.format(record.day))


def _legible(batch: Batch) -> Batch:
    """What a hub says of itself is shown, and no database takes every letter."""
    return msgspec.structs.replace(batch, software=plain(batch.software), trouble=plain(batch.trouble))


def _is_understood(word: Acknowledged, batch: Batch) -> bool:
    return word.day is not None or batch.speaks >= WITH_PARTS


def _take(batch: Batch, records: list[Arrived], now: int, *, carried: bool) -> Taken:
    """All that the batch changes here, in one transaction."""
    with writing():
        lock({batch.hub.hex()})
        line, ahead = standing(batch)
        settled = [settle(batch.hub, record, now) for record in records if not _is_left_alone(record, ahead)]
        _hear(batch, line, now, kept=any(one.kept for one in settled), carried=carried)
        return Taken(settled, ahead, named_missing(batch.hub.hex(), now), held(batch), Hub.get_by_id(batch.hub.hex()))


def _is_left_alone(record: Arrived, ahead: Ahead | None) -> bool:
    """A box that is not the one head office knows says nothing of that epoch: what it adds comes in a new one."""
    day = record.day
    if ahead is None or day is None or day.epoch != ahead.epoch:
        return False
    return not is_held(day.hub, day.epoch, record.digest)


def _hear(batch: Batch, line: Line, now: int, *, kept: bool, carried: bool) -> None:
    """Note what the hub says of itself, if this is news; its one-time code has served, now that it knows our key."""
    hub = Hub.get_by_id(batch.hub.hex())
    known, nonces = remember(bytes(hub.nonces or b""), batch.nonce)
    went_back = batch.lineage is None and _is_before(batch.oldest_unacknowledged, hub.oldest_unacknowledged)
    if is_news(known_nonce=known, line=line, kept=kept, went_back=went_back):
        when = {"last_carried": now} if carried else {"last_heard": now}
        Hub.update(
            nonces=nonces,
            software=batch.software,
            content_release=batch.content_release,
            oldest_unacknowledged=batch.oldest_unacknowledged,
            **when,
        ).where(Hub.id == hub.id).execute()
        heard(batch, now)
    Code.delete().where(Code.used_by == hub.id).execute()


def _is_before(number: int | None, known: int | None) -> bool:
    return number is not None and known is not None and number < known
