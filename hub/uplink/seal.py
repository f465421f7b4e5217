"""Turns what the features counted into sealed site-days in the outbox.

Each feature is asked which days its writes touched and for its summary of a day; none knows that the outbox exists.
A day is sealed when it is over at the site, or while it is open if the settings say so (and before a snapshot, so that
what is restored from it can still be delivered). Sealed bytes never change: a day that changed is sealed anew, under
the next revision, in place of the older one. An empty day is a record too, so that head office can tell it from a lost
one.

    roll_up(settings, clock, library)       # the days sealed, oldest first; none while the time is unsure

The bytes, the revision, the sequence, and how far each feature has been read, are one transaction.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from peewee import fn

from hub.backup import epoch_began
from hub.clock import Boot, from_unix
from hub.db import writing
from hub.errors import HubError
from hub.locks import held
from hub.site import signing_key, this_site
from hub.uplink.models import Ledger, Outbox, Rolled, Sealing, sql
from hub.usage import summary as usage
from wire.errors import BadRecord
from wire.exchange import MARK
from wire.summary import SiteDay, digest, seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.site import Site

MOST_EMPTY = 400  # days; a box that slept for longer does not report each day of it
AT_ONCE = 30  # days sealed in one transaction, which keeps it short
log = logging.getLogger("hub.uplink")


class Feature(NamedTuple):
    """What is asked of a feature: its days touched since a batch, and its share of a day as fields of SiteDay."""

    name: str
    changed_since: Callable[[int, ZoneInfo], tuple[set[dt.date], int]]
    summary: Callable[[dt.date, ZoneInfo], Any]


FEATURES = (Feature("usage", usage.changed_since, usage.summary),)


class Changes(NamedTuple):
    """Days that writes touched, how far each feature has been read, and the ledger's rows that were looked at."""

    days: set[dt.date]
    batches: dict[str, int]
    exchanges: list[int]


def roll_up(
    settings: Settings,
    clock: Clock,
    library: Library,
    *,
    open_days: bool | None = None,
    features: Iterable[Feature] = FEATURES,
) -> list[dt.date]:
    """Seal every day that is due; `open_days` overrules the setting. Waits for another program that is at it."""
    now = clock.now()
    if now is None:
        return []
    site = this_site()
    today = now.astimezone(site.zone).date()
    wanted = settings.seal_open_days if open_days is None else open_days
    last = today if wanted else today - dt.timedelta(days=1)
    with held(settings.data / "sealing.lock"):
        changes = _changes(site.zone, features)
        rows = Outbox.select(Outbox.day, Outbox.open, Outbox.again).where(Outbox.epoch == site.epoch)
        sealed = {row.day: row.open or row.again for row in rows if row.day is not None}
        days = due(last, today, first_day(site), changes.days, sealed)
        press = Press(site, today, library.number(), signing_key(settings.keys), features)
        return _seal(press, days, changes, last)


def _seal(press: Press, days: list[dt.date], changes: Changes, last: dt.date) -> list[dt.date]:
    """Seal `days` a few at a time; how far the features were read is written with the last of them."""
    done: list[dt.date] = []
    while True:
        some, days = days[:AT_ONCE], days[AT_ONCE:]
        rows, failed = press.rows(some)
        done += [row["day"] for row in rows]
        with writing():
            _keep(press.site.epoch, rows, set(some) - failed, failed)
            if not days:
                _keep_progress(press.site.epoch, changes, last)
                return done


def due(
    last: dt.date, today: dt.date, first: dt.date | None, changed: set[dt.date], sealed: Mapping[dt.date, bool]
) -> list[dt.date]:
    """The days to seal up to `last`: touched, never sealed, or sealed before complete (`sealed[day]` is true)."""
    earliest = min([*changed, *([first] if first else [])], default=today)
    earliest = max(earliest, today - dt.timedelta(days=MOST_EMPTY))
    every = {earliest + dt.timedelta(days=n) for n in range((last - earliest).days + 1)}
    incomplete = {day for day, again in sealed.items() if again}
    return sorted(day for day in changed | (every - sealed.keys()) | incomplete if day <= last)


def first_day(site: Site) -> dt.date | None:
    """The site-day on which this epoch of the hub began, or its first dated boot; None before any is dated."""
    began = epoch_began(site.epoch)
    if began is None:
        boot = Boot.select().where(Boot.began.is_null(False)).order_by(Boot.began).first()
        began = None if boot is None else from_unix(boot.began)
    return None if began is None else began.astimezone(site.zone).date()


def uplink_bytes(day: dt.date, zone: ZoneInfo) -> int:
    """Bytes both ways that crossed the uplink on a site-day, by the time they did."""
    start, end = (dt.datetime.combine(day + dt.timedelta(days=n), dt.time(), tzinfo=zone).timestamp() for n in (0, 1))
    row = sql(
        "SELECT coalesce(sum(up + down), 0) FROM ledger JOIN boot ON boot.id = ledger.boot"
        " WHERE boot.began + ledger.seconds >= ? AND boot.began + ledger.seconds < ?",
        (start, end),
    ).fetchone()
    return int(row[0])


def _changes(zone: ZoneInfo, features: Iterable[Feature]) -> Changes:
    days: set[dt.date] = set()
    batches: dict[str, int] = {}
    for feature in features:
        known = Rolled.get_or_none(Rolled.feature == feature.name)
        touched, batches[feature.name] = feature.changed_since(known.batch if known else 0, zone)
        days |= touched
    rows = sql(
        "SELECT ledger.id, boot.began + ledger.seconds FROM ledger JOIN boot ON boot.id = ledger.boot"
        " WHERE counted = 0 AND boot.began IS NOT NULL"
    ).fetchall()
    days |= {from_unix(when).astimezone(zone).date() for _, when in rows}
    return Changes(days, batches, [number for number, _ in rows])


class Press:
    """Makes the rows of the outbox for one site and one epoch; writes nothing. One program at a time may use it."""

    def __init__(
        self, site: Site, today: dt.date, release: int, key: Ed25519PrivateKey, features: Iterable[Feature]
    ) -> None:
        self.site, self._today, self._release, self._key, self._features = site, today, release, key, features
        self._sequence = Sealing.select(fn.MAX(Sealing.sequence)).where(Sealing.epoch == site.epoch).scalar() or 0

    def rows(self, days: Iterable[dt.date]) -> tuple[list[dict[str, Any]], set[dt.date]]:
        """Rows for those of `days` that changed since they were sealed last, and the days that cannot be sealed."""
        rows, failed = [], set()
        for day in days:
            try:
                row = self._row(day)
            except HubError:  # its details are deleted: what was sealed stands
                continue
            except (BadRecord, msgspec.ValidationError) as error:
                log.error("the site-day %s cannot be sealed and waits: %s", day, error)  # noqa: TRY400 (a sentence)
                failed.add(day)
                continue
            rows += [row] if row else []
        return rows, failed

    def _row(self, day: dt.date) -> dict[str, Any] | None:
        known = Outbox.get_or_none((Outbox.epoch == self.site.epoch) & (Outbox.day == day))
        counted = self._count(day, known.revision + 1 if known else 1)
        content = content_of(counted)
        if known and bytes(known.content) == content:
            return None
        sealed = seal(counted, self._key, kid=counted.hub)
        self._sequence += 1
        row = {name: getattr(counted, name) for name in ("epoch", "day", "revision", "sequence", "open")}
        return row | {"sealed": sealed, "digest": digest(sealed), "content": content}

    def _count(self, day: dt.date, revision: int) -> SiteDay:
        fields: dict[str, Any] = {}
        for feature in self._features:
            fields |= _fields(feature.summary(day, self.site.zone))
        fields |= {"hub": bytes(self.site.hub), "epoch": self.site.epoch, "day": day, "open": day >= self._today}
        fields |= {"revision": revision, "sequence": self._sequence + 1, "release": self._release}
        fields["uplink_bytes"] = uplink_bytes(day, self.site.zone)
        return msgspec.convert(fields, SiteDay, from_attributes=True)


def content_of(day: SiteDay) -> bytes:
    """A digest of what `day` tells, without what says nothing of the day itself.

    While the day is open that is also its uplink bytes: else each upload would make the next one necessary.
    """
    same = msgspec.structs.replace(
        day, revision=1, sequence=0, release=0, uplink_bytes=0 if day.open else day.uplink_bytes
    )
    return hashlib.sha256(msgspec.json.encode(same, order="sorted")).digest()


def _fields(summary: Any) -> dict[str, Any]:
    """The fields of a feature's summary, which is a dataclass or a msgspec Struct."""
    names = [row.name for row in dataclasses.fields(summary)] if dataclasses.is_dataclass(summary) else None
    return {name: getattr(summary, name) for name in names or summary.__struct_fields__}


def _keep(epoch: int, rows: list[dict[str, Any]], looked_at: set[dt.date], failed: set[dt.date]) -> None:
    """Put `rows` in the place of older revisions, whether those were sent or not."""
    for row in rows:
        changed = row | {"acknowledged": False, "refused": None}
        Sealing.create(epoch=epoch, sequence=row["sequence"], mark=row["digest"][:MARK])
        Outbox.insert(**changed, again=False).on_conflict(
            conflict_target=[Outbox.epoch, Outbox.day], update=changed
        ).execute()
    for again, days in ((False, looked_at), (True, failed)):
        Outbox.update(again=again).where((Outbox.epoch == epoch) & Outbox.day.in_(days)).execute()


def _keep_progress(epoch: int, changes: Changes, last: dt.date) -> None:
    """Note what has been read; days touched that are not to be sealed yet are remembered if they are sealed already."""
    later = {day for day in changes.days if day > last}
    Outbox.update(again=True).where((Outbox.epoch == epoch) & Outbox.day.in_(later)).execute()
    for feature, batch in changes.batches.items():
        Rolled.insert(feature=feature, batch=batch).on_conflict(
            conflict_target=[Rolled.feature], update={"batch": batch}
        ).execute()
    for start in range(0, len(changes.exchanges), 500):
        Ledger.update(counted=True).where(Ledger.id.in_(changes.exchanges[start : start + 500])).execute()
