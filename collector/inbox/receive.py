"""Takes in a batch: verify everything, keep it in one transaction, then answer, signed.

Nothing is acknowledged that is not on the disk, and whatever arrives twice changes nothing. A record that cannot be
taken in is set aside and named in the answer, and the ones beside it are taken in all the same.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from collector.db import for_update, rows, writing
from collector.inbox.judge import Verdict, gaps, judge
from collector.inbox.models import TOTALS, ItemUse, Quarantine, Summary
from collector.sites.enrol import public_key_of
from collector.sites.models import Code, Hub
from collector.state.store import heard, to_tell
from wire.errors import BadRecord
from wire.exchange import MOST_RECORDS, Acknowledged, Answer, Batch, Refused, open_batch, seal_answer
from wire.summary import SiteDay, digest, unseal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from collector.office import Office

MOST_SET_ASIDE = 200  # records per hub; of at most 32 KiB each
LONGEST_SENTENCE = 500
CONTRADICTION = (
    "Head office holds revision {0.revision} of {0.day} with other content, so two hubs may share one identity; "
    "set one of them up afresh."
)
log = logging.getLogger("collector")


class Arrived(NamedTuple):
    """A record of a batch: what it is called, what it says, or why it says nothing."""

    sealed: bytes
    digest: bytes
    day: SiteDay | None
    sentence: str


def receive(body: bytes, office: Office) -> bytes:
    """The signed answer to the batch in `body`, once all it acknowledges is kept. Raises BadRecord."""
    key_for = cache(public_key_of)
    batch = open_batch(body, key_for)
    records = [_look(sealed, key_for) for sealed in batch.records]
    with writing():
        _lock({batch.hub, *(record.day.hub for record in records if record.day)})
        results = [_settle(batch.hub, record, office.now()) for record in records]
        _heard(batch, office.now())
        heard(batch, office.now())
        missing, configuration = _missing(batch.hub), Hub.get_by_id(batch.hub.hex()).configuration
    newest = office.content.newest()
    answer = Answer(
        nonce=batch.nonce,
        time=office.now(),
        acknowledged=[result for result in results if isinstance(result, Acknowledged)],
        refused=[result for result in results if isinstance(result, Refused)],
        configuration=configuration,
        missing=missing,
        content=newest.number if newest else None,
        **to_tell(batch, office),
    )
    return seal_answer(answer, office.key, office.key_id)


def _look(sealed: bytes, key_for: Callable[[bytes], Ed25519PublicKey | None]) -> Arrived:
    """Unseal before any lock is held: signatures take their time."""
    try:
        return Arrived(sealed, digest(sealed), unseal(sealed, key_for), "")
    except BadRecord as error:
        return Arrived(sealed, digest(sealed), None, str(error)[:LONGEST_SENTENCE])


def _lock(hubs: set[bytes]) -> None:
    """Hold these hubs until the transaction ends, in one order everywhere, so that nobody waits in a circle."""
    names = sorted(hub.hex() for hub in hubs)
    list(for_update(Hub.select(Hub.id).where(Hub.id.in_(names)).order_by(Hub.id)))


def _settle(sender: bytes, record: Arrived, now: int) -> Acknowledged | Refused:
    day = record.day
    if day is None:
        return _set_aside(sender, record, record.sentence, now, alarm=False)
    held = Summary.get_or_none(Summary.hub == day.hub.hex(), Summary.epoch == day.epoch, Summary.day == day.day)
    known = (held.revision, bytes.fromhex(held.digest)) if held else None
    verdict = judge(known, (day.revision, record.digest))
    if verdict is Verdict.ALARM:
        return _set_aside(sender, record, CONTRADICTION.format(day), now, alarm=True)
    if verdict is Verdict.KEEP:
        _keep(held, record, day, now)
    return Acknowledged(day.epoch, day.day, day.revision, record.digest)


def _keep(held: Summary | None, record: Arrived, day: SiteDay, now: int) -> None:
    """Put the day in the place of the revision that is held."""
    row = held or Summary(hub=day.hub.hex(), epoch=day.epoch, day=day.day)
    for name in ("revision", "sequence", "release", "open", *TOTALS):
        setattr(row, name, getattr(day, name))
    row.digest, row.sealed, row.arrived = record.digest.hex(), record.sealed, now
    row.save()
    ItemUse.delete().where(ItemUse.summary == row.id).execute()
    columns = [ItemUse.summary, ItemUse.number, ItemUse.plays, ItemUse.visitors, ItemUse.minutes]
    rows = [(row.id, item.number, item.plays, item.visitors, item.minutes) for item in day.items]
    for start in range(0, len(rows), 1000):
        ItemUse.insert_many(rows[start : start + 1000], fields=columns).execute()


def _set_aside(sender: bytes, record: Arrived, sentence: str, now: int, *, alarm: bool) -> Refused:
    """Keep a record that is not taken in, once, for people to look at; a hub fills its own share only."""
    hub, name = sender.hex(), record.digest.hex()
    log.warning("hub %s: record %s set aside: %s", hub, name, sentence)
    again = Quarantine.update(times=Quarantine.times + 1).where(Quarantine.hub == hub, Quarantine.digest == name)
    if not again.execute() and Quarantine.select().where(Quarantine.hub == hub).count() < MOST_SET_ASIDE:
        Quarantine.create(hub=hub, digest=name, alarm=alarm, sentence=sentence, sealed=record.sealed, arrived=now)
    return Refused(record.digest, sentence)


def _heard(batch: Batch, now: int) -> None:
    """Note what the hub says of itself; its one-time code has served, now that it knows our key."""
    Hub.update(
        last_heard=now,
        software=batch.software,
        content_release=batch.content_release,
        oldest_unacknowledged=batch.oldest_unacknowledged,
    ).where(Hub.id == batch.hub.hex()).execute()
    Code.delete().where(Code.used_by == batch.hub.hex()).execute()


def _missing(hub: bytes) -> list[tuple[int, dt.date]]:
    """Days between a hub's first and last of an epoch that never came, as (epoch, day)."""
    by_epoch: dict[int, list[dt.date]] = {}
    held = Summary.select(Summary.epoch, Summary.day).where(Summary.hub == hub.hex())
    for epoch, day in rows(held.tuples()):
        by_epoch.setdefault(epoch, []).append(day)
    found = [(epoch, day) for epoch in sorted(by_epoch) for day in gaps(by_epoch[epoch], MOST_RECORDS)]
    return found[-MOST_RECORDS:]
