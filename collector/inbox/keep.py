"""Keeps a record, or sets it aside: within a transaction that holds the hub (see receive.py and decide.py).

settle(sender, look(sealed, key_for), now)      # Settled(kept=True, word=Acknowledged(...))

A day and the parts without a date that it empties change together: what was counted without a date stands under days
from then on, and nowhere else, also if the part comes later.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from collector.db import for_update
from collector.inbox.judge import Held, Sealed, Verdict, contradicts, judge, part_name, place_of
from collector.inbox.models import TOTALS, CourseUse, Emptied, ItemUse, Quarantine, Sealing, Summary
from collector.sites.models import Hub
from wire.errors import BadRecord
from wire.exchange import Acknowledged, Refused
from wire.summary import Level, SiteDay, digest, unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MOST_SET_ASIDE = 200  # records per hub that wait for a decision; of at most 32 KiB each
LONGEST_SENTENCE = 500
CONTRADICTION = (
    "Head office holds revision {0.revision} of {0.called} with other content, so two hubs may share one identity; "
    "set one of them up afresh."
)
OTHER_NUMBER = (
    "Head office holds another record as number {0.sequence} than that of {0.called}, so two hubs may share one "
    "identity; set one of them up afresh."
)
log = logging.getLogger("collector")


class Arrived(NamedTuple):
    """A record: what it is called, what it says, or why it says nothing."""

    sealed: bytes
    digest: bytes
    day: SiteDay | None
    sentence: str


class Settled(NamedTuple):
    """What the answer says of a record, and whether it changed anything here."""

    word: Acknowledged | Refused
    kept: bool


def look(sealed: bytes, key_for: Callable[[bytes], Ed25519PublicKey | None]) -> Arrived:
    """Unseal before any lock is held: signatures take their time."""
    try:
        return Arrived(sealed, digest(sealed), unseal(sealed, key_for), "")
    except BadRecord as error:
        return Arrived(sealed, digest(sealed), None, plain(str(error))[:LONGEST_SENTENCE])


def plain(text: str) -> str:
    """`text` without what no database and no page takes."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def lock(hubs: Iterable[str]) -> None:
    """Hold these hubs until the transaction ends, in one order everywhere, so that nobody waits in a circle."""
    names = sorted(set(hubs))
    list(for_update(Hub.select(Hub.id).where(Hub.id.in_(names)).order_by(Hub.id)))


def settle(sender: bytes, record: Arrived, now: int) -> Settled:
    """Keep the record or set it aside, and say so."""
    day = record.day
    if day is None:
        return Settled(set_aside(sender, record, record.sentence, now, alarm=False), kept=False)
    against = contradictions(record, day)
    if against:
        sentence = CONTRADICTION if against[0].place == place_of(day) else OTHER_NUMBER
        return Settled(set_aside(sender, record, sentence.format(day), now, alarm=True), kept=False)
    kept = keep(record, day, now)
    return Settled(Acknowledged(day.epoch, day.day, day.revision, record.digest), kept)


def contradictions(record: Arrived, day: SiteDay) -> list[Sealing]:
    """The sealings that were taken in and cannot be true beside `record`."""
    arrived = _sealed(record, day)
    known = Sealing.select().where(
        Sealing.hub == day.hub.hex(),
        Sealing.epoch == day.epoch,
        Sealing.level == int(day.level),
        (Sealing.sequence == arrived.sequence)
        | ((Sealing.place == arrived.place) & (Sealing.revision == arrived.revision)),
    )
    return [row for row in known if contradicts(_known(row), arrived)]


def _sealed(record: Arrived, day: SiteDay) -> Sealed:
    return Sealed(day.sequence, place_of(day), day.revision, int(day.level), record.digest)


def _known(row: Sealing) -> Sealed:
    return Sealed(row.sequence, row.place, row.revision, row.level, bytes.fromhex(row.digest))


def is_held(hub: bytes, epoch: int, name: bytes) -> bool:
    """Whether the record of that digest was taken in, though a later one may stand in its place."""
    known = Sealing.select().where(Sealing.hub == hub.hex(), Sealing.epoch == epoch, Sealing.digest == name.hex())
    return bool(known.exists())


def keep(record: Arrived, day: SiteDay, now: int) -> bool:
    """Take in what of the record is newer than what is held; whether it was new here at all."""
    _empty(day)
    is_new = not is_held(day.hub, day.epoch, record.digest)
    if is_new:
        told = _sealed(record, day)._asdict() | {"digest": record.digest.hex()}
        Sealing.create(hub=day.hub.hex(), epoch=day.epoch, **told)
    here = (Summary.hub == day.hub.hex()) & (Summary.epoch == day.epoch) & (Summary.place == place_of(day))
    row = Summary.get_or_none(here)
    held = Held(row.revision, row.level, row.columns_revision) if row else None
    verdict = judge(held, day.revision, day.level)
    if any(verdict):
        _write(row or Summary(hub=day.hub.hex(), epoch=day.epoch, place=place_of(day)), verdict, record, day, now)
    return is_new


def _empty(day: SiteDay) -> None:
    """What the parts counted stands under days now."""
    for part in day.emptied:
        there = {"hub": day.hub.hex(), "epoch": day.epoch, "place": part_name(part)}
        Emptied.insert(there).on_conflict_ignore().execute()
        Summary.update(emptied=True, shown=None).where(
            Summary.hub == there["hub"], Summary.epoch == day.epoch, Summary.place == there["place"]
        ).execute()


def _is_emptied(day: SiteDay) -> bool:
    gone = Emptied.select().where(
        Emptied.hub == day.hub.hex(), Emptied.epoch == day.epoch, Emptied.place == place_of(day)
    )
    return day.undated is not None and bool(gone.exists())


def _write(row: Summary, verdict: Verdict, record: Arrived, day: SiteDay, now: int) -> None:
    """Put the record's totals, or columns, or both, in the place of those that are held."""
    if verdict.totals:
        full = bytes(row.sealed) if row.id and row.level == Level.FULL else row.columns_sealed
        row.columns_sealed = None if verdict.columns else full
        for name in ("day", "revision", "sequence", "release", "open", "level", *TOTALS):
            setattr(row, name, getattr(day, name))
        row.digest, row.sealed, row.arrived = record.digest.hex(), record.sealed, now
        row.boots = b"".join(day.boots)
        if day.undated:
            row.boot, row.part = day.undated.boot.hex(), day.undated.part
            row.after, row.before = day.undated.after, day.undated.before
        row.emptied = _is_emptied(day)
        row.shown = None if row.emptied else row.day or row.placed
    else:
        row.columns_sealed = record.sealed
    if verdict.columns:
        row.columns_revision = day.revision
    row.save()
    if verdict.totals or verdict.columns:
        _write_courses(row, day)
    if verdict.columns:
        _write_items(row, day)


def _write_courses(row: Summary, day: SiteDay) -> None:
    """Items tell the courses as well, so these are kept only until items come."""
    CourseUse.delete().where(CourseUse.summary == row.id).execute()
    if row.columns_revision is None and day.courses:
        columns = [CourseUse.summary, CourseUse.number, CourseUse.plays, CourseUse.minutes]
        courses = [(row.id, course.number, course.plays, course.minutes) for course in day.courses]
        CourseUse.insert_many(courses, fields=columns).execute()


def _write_items(row: Summary, day: SiteDay) -> None:
    ItemUse.delete().where(ItemUse.summary == row.id).execute()
    columns = [ItemUse.summary, ItemUse.number, ItemUse.plays, ItemUse.visitors, ItemUse.minutes]
    items = [(row.id, item.number, item.plays, item.visitors, item.minutes) for item in day.items]
    for start in range(0, len(items), 1000):
        ItemUse.insert_many(items[start : start + 1000], fields=columns).execute()


def set_aside(sender: bytes, record: Arrived, sentence: str, now: int, *, alarm: bool) -> Refused:
    """Keep a record that is not taken in, once, for people to look at; a hub fills its own share only."""
    hub, name = sender.hex(), record.digest.hex()
    log.warning("hub %s: record %s set aside: %s", hub, name, sentence)
    again = Quarantine.update(times=Quarantine.times + 1, last_arrived=now).where(
        Quarantine.hub == hub, Quarantine.digest == name
    )
    if not again.execute() and waiting(hub) < MOST_SET_ASIDE:
        Quarantine.create(
            hub=hub, digest=name, alarm=alarm, sentence=sentence, sealed=record.sealed, arrived=now, last_arrived=now
        )
    return Refused(record.digest, sentence)


def waiting(hub: str) -> int:
    """How many records of a hub wait for a decision."""
    return int(Quarantine.select().where(Quarantine.hub == hub, Quarantine.decided.is_null()).count())
