"""Makes sealed records: asks the features what a place comes to, and seals it if that is news.

    press = Press(site, running, today, library.number(), key, floor, features)
    rows, failed = press.rows([date(2026, 3, 2), BootPart(3, 0)])     # fields of Outbox, and TAKEN_BACK

A place is a site-day or a part of a boot without a date. It writes nothing; one program at a time may use it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from peewee import fn

from hub.clock import Boot
from hub.db import database
from hub.errors import HubError
from hub.portal import summary as portal
from hub.uplink.bounds import bounds
from hub.uplink.models import Outbox, Sealing, at_place, sql
from hub.usage import parts as usage_parts
from hub.usage import summary as usage
from hub.usage.parts import BootPart
from hub.usage.rollups import PART, Span, UsageDay, add_up
from wire.errors import BadRecord
from wire.summary import MOST_BOOTS, Part, SiteDay, Undated, digest, seal, unseal, version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from hub.site import Site

Place = dt.date | BootPart
# The parts that were ever sealed of a boot that has a date now, if they reach into the day; to the last of its batches.
EMPTIED = """
SELECT b.boot_id, o.part FROM outbox o JOIN boot b ON b.id = o.boot
WHERE o.epoch = :epoch AND o.boot > 0 AND b.began + o.part * :part < :end
AND b.began + MIN((o.part + 1) * :part, COALESCE(
    (SELECT MAX(ended) FROM batch t WHERE t.boot = b.id), (o.part + 1) * :part)) >= :start
"""
TAKEN_BACK = "taken back"  # beside the fields of a row: the parts that the record empties
log = logging.getLogger("hub.uplink")


def _no_boots(_day: dt.date, _zone: ZoneInfo) -> set[int]:
    return set()


def _no_parts(batch: int) -> tuple[set[BootPart], int]:
    return set(), batch


def _nothing(_place: BootPart) -> UsageDay:
    return add_up(Span.of_part(0), usage_parts.UTC, visits=(), plays=(), batches=(), before={})


class Feature(NamedTuple):
    """What is asked of a feature: what its writes touched since a batch, and its share of it as fields of SiteDay.

    `boots` are those of which a day counts anything. Parts are those of boots without a date.
    """

    name: str
    changed_since: Callable[[int, ZoneInfo], tuple[set[dt.date], int]]
    summary: Callable[[dt.date, ZoneInfo], Any]
    boots: Callable[[dt.date, ZoneInfo], set[int]] = _no_boots
    parts_since: Callable[[int], tuple[set[BootPart], int]] = _no_parts
    summary_of_part: Callable[[BootPart], Any] = _nothing


USAGE = Feature(
    "usage",
    usage.changed_since,
    usage.summary,
    usage.boots_of,
    usage_parts.parts_since,
    usage_parts.summary_of_part,
)
PORTAL = Feature(
    "portal",
    portal.changed_since,
    portal.summary,
    portal.boots_of,
    portal.parts_since,
    portal.summary_of_part,
)
FEATURES = (USAGE, PORTAL)


class Now(NamedTuple):
    """What holds for all that is sealed in one go: `today` at the site, None while that is not certain."""

    running: int
    seconds: float
    today: dt.date | None
    release: int


class Press:
    """For one site and one epoch."""

    def __init__(self, site: Site, now: Now, key: Ed25519PrivateKey, features: Iterable[Feature]) -> None:
        self.site, self.now, self._key, self._features = site, now, key, tuple(features)
        self._sequence = Sealing.select(fn.MAX(Sealing.sequence)).where(Sealing.epoch == site.epoch).scalar() or 0

    def rows(self, places: Iterable[Place]) -> tuple[list[dict[str, Any]], set[Place]]:
        """Rows for those of `places` that changed since they were sealed last, and those that cannot be sealed."""
        rows, failed = [], set()
        for place in places:
            try:
                row = self._row(place)
            except HubError:  # its details are deleted: what was sealed stands
                continue
            except (BadRecord, msgspec.ValidationError) as error:
                log.error("%s cannot be sealed and waits: %s", _called(place), error)  # noqa: TRY400 (a sentence)
                failed.add(place)
                continue
            rows += [row] if row else []
        return rows, failed

    def _row(self, place: Place) -> dict[str, Any] | None:
        known = Outbox.get_or_none((Outbox.epoch == self.site.epoch) & at_place(place))
        with database.atomic():  # one state of the database for all that is counted
            counted = self._count(place, known)
        content = content_of(counted)
        if bytes(known.content) == content if known else self._is_nobodys(counted):
            return None
        sealed = seal(counted, self._key, kid=counted.hub)
        self._sequence += 1
        row = {name: getattr(counted, name) for name in ("epoch", "day", "revision", "sequence", "open")}
        row |= place._asdict() if isinstance(place, BootPart) else {"boot": None, "part": None}
        row |= {"version": version_of(counted), "boots": b"".join(counted.boots)}
        return row | {"sealed": sealed, "digest": digest(sealed), "content": content, TAKEN_BACK: counted.emptied}

    def _count(self, place: Place, known: Outbox | None) -> SiteDay:
        fields: dict[str, Any] = {"hub": bytes(self.site.hub), "epoch": self.site.epoch}
        fields |= {"revision": known.revision + 1 if known else 1, "sequence": self._sequence + 1}
        fields |= {"release": self.now.release}
        fields |= self._part(place, known) if isinstance(place, BootPart) else self._day(place)
        return msgspec.convert(fields, SiteDay, from_attributes=True)

    def _day(self, day: dt.date) -> dict[str, Any]:
        zone = self.site.zone
        fields: dict[str, Any] = {}
        boots = ledger_boots(day, zone, self.site.epoch)
        for feature in self._features:
            fields |= _fields(feature.summary(day, zone))
            boots |= feature.boots(day, zone)
        fields |= {"day": day, "open": self.now.today in {None, day}}
        fields |= {"boots": _tags(boots), "emptied": emptied(day, zone, self.site.epoch)}
        return fields | {"uplink_bytes": uplink_bytes(day, zone, self.site.epoch)}

    def _part(self, place: BootPart, known: Outbox | None) -> dict[str, Any]:
        boot = Boot.get_by_id(place.boot)
        fields: dict[str, Any] = {}
        for feature in self._features:
            fields |= _fields(feature.summary_of_part(place))
        before = self._opened(known).undated if known else None
        after, until = bounds(boot, place.part, self.site.zone, running=self.now.running)
        if before and before.after:  # what was known of its time once
            after = max(after, before.after)
        fields |= {"undated": Undated(boot.tag, place.part, after, until), "boots": (boot.tag,)}
        is_over = place.boot != self.now.running or (place.part + 1) * PART <= self.now.seconds
        return fields | {"open": not is_over, "uplink_bytes": uplink_bytes_of_part(place, self.site.epoch)}

    def _is_nobodys(self, day: SiteDay) -> bool:
        """Whether it is not worth a record: a part without use, or a day without while nobody can say it is over."""
        counts = (day.visitors, day.minutes_up, day.plays, day.local_bytes, day.downloads, day.uplink_bytes)
        return not any((*counts, day.sign_ins)) and (day.undated is not None or self.now.today is None)

    def _opened(self, row: Outbox) -> SiteDay:
        return unseal(bytes(row.sealed), lambda _: self._key.public_key())


def content_of(day: SiteDay) -> bytes:
    """A digest of what `day` tells, without what says nothing of the day itself.

    While the day is open those are also its uplink bytes, and who moved them: else each upload would make the next one
    necessary.
    """
    same = msgspec.structs.replace(day, revision=1, sequence=0, release=0)
    if day.open:
        same = msgspec.structs.replace(same, uplink_bytes=0, boots=())
    return hashlib.sha256(msgspec.json.encode(same, order="sorted")).digest()


def emptied(day: dt.date, zone: ZoneInfo, epoch: int) -> tuple[Part, ...]:
    """The parts that were sealed without a date, and that `day` tells a piece of now that their boot has one."""
    start, end = _between(day, zone)
    values = {"epoch": epoch, "part": PART, "start": start, "end": end}
    return tuple(Part(Boot(boot_id=name).tag, part) for name, part in sql(EMPTIED, values).fetchall())[:MOST_BOOTS]


def uplink_bytes(day: dt.date, zone: ZoneInfo, epoch: int | None = None) -> int:
    """Bytes both ways that crossed the uplink on a site-day, by the time they did; of all epochs or of that one."""
    start, end = _between(day, zone)
    row = sql(
        "SELECT coalesce(sum(up + down), 0) FROM ledger JOIN boot ON boot.id = ledger.boot"
        " WHERE boot.began + ledger.seconds >= :start AND boot.began + ledger.seconds < :end"
        " AND (:epoch IS NULL OR ledger.epoch = :epoch)",
        {"start": start, "end": end, "epoch": epoch},
    ).fetchone()
    return int(row[0])


def uplink_bytes_of_part(place: BootPart, epoch: int) -> int:
    """The same of a part of a boot without a date."""
    row = sql(
        "SELECT coalesce(sum(up + down), 0) FROM ledger WHERE boot = ? AND seconds >= ? AND seconds < ? AND epoch = ?",
        (place.boot, place.part * PART, (place.part + 1) * PART, epoch),
    ).fetchone()
    return int(row[0])


def ledger_boots(day: dt.date, zone: ZoneInfo, epoch: int) -> set[int]:
    """The boots in which bytes crossed the uplink on `day`."""
    rows = sql(
        "SELECT DISTINCT boot.id FROM ledger JOIN boot ON boot.id = ledger.boot"
        " WHERE boot.began + ledger.seconds >= ? AND boot.began + ledger.seconds < ? AND ledger.epoch = ?",
        (*_between(day, zone), epoch),
    ).fetchall()
    return {boot for (boot,) in rows}


def _between(day: dt.date, zone: ZoneInfo) -> tuple[float, float]:
    start, end = (dt.datetime.combine(day + dt.timedelta(days=n), dt.time(), tzinfo=zone).timestamp() for n in (0, 1))
    return start, end


def _tags(boots: set[int]) -> tuple[bytes, ...]:
    """Of more boots than a record may name, the latest."""
    latest = sorted(boots)[-MOST_BOOTS:]
    return tuple(sorted(row.tag for row in Boot.select().where(Boot.id.in_(latest))))


def _fields(summary: Any) -> dict[str, Any]:
    """The fields of a feature's summary, which is a dataclass or a msgspec Struct."""
    names = [row.name for row in dataclasses.fields(summary)] if dataclasses.is_dataclass(summary) else None
    return {name: getattr(summary, name) for name in names or summary.__struct_fields__}


def _called(place: Place) -> str:
    return f"part {place.part} of boot {place.boot}" if isinstance(place, BootPart) else f"the site-day {place}"
