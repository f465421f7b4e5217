"""Turns what the features counted into sealed site-days in the outbox.

Each feature is asked which days its writes touched and for its summary of a day; none knows that the outbox exists.
A day is sealed when it is over at the site, or while it is open if the settings say so (and before a snapshot, so that
what is restored from it can still be delivered). Sealed bytes never change: a day that changed is sealed anew, under
the next revision, in place of the older one. An empty day is a record too, so that head office can tell it from a lost
one.

    roll_up(settings, clock, library)       # the places sealed: days, oldest first, then parts of boots without a date

A boot can be dated only while it runs. So the parts of one that ended without a date are sealed as such, once the time
is certain again and it is known before which day they lie. `undated=True`, for whoever is about to carry the outbox
away, seals all there is also while the time is unsure: parts of the running boot as well, and days that nobody can say
are over. If the boot is dated after all, the days it turns out to be name the parts that they empty, and those leave
the outbox (docs/decisions/0014-epochs-and-lineage.md).

The bytes, the revision, the sequence, and how far each feature has been read, are one transaction.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from hub.backup import epoch_began
from hub.clock import Boot, from_unix
from hub.db import writing
from hub.locks import held
from hub.site import signing_key, this_site
from hub.uplink.models import Ledger, Outbox, Rolled, Sealing, at_place, sql
from hub.uplink.press import FEATURES, TAKEN_BACK, Feature, Now, Place, Press, uplink_bytes
from hub.usage.parts import BootPart, parts_between
from hub.usage.summary import days_beyond, newest_day
from hub.whereabouts import step, write_steps
from wire.exchange import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.site import Site
    from wire.summary import Part

__all__ = ["FEATURES", "Feature", "due", "first_day", "roll_up", "uplink_bytes"]

MOST_EMPTY = 400  # days; a box that slept for longer does not report each day of it
AT_ONCE = 30  # records sealed in one transaction, which keeps it short
LOG_KEPT = 10_000  # sealings of an epoch that are remembered
PARTS = " parts"  # behind a feature's name: how far its rows of boots without a date have been read


class Changes(NamedTuple):
    """Places that writes touched, how far each feature has been read, and the ledger's rows with their bytes."""

    places: set[Place]
    batches: dict[str, int]
    exchanges: list[tuple[int, int]]


def roll_up(
    settings: Settings,
    clock: Clock,
    library: Library,
    *,
    open_days: bool | None = None,
    undated: bool = False,
    features: Iterable[Feature] = FEATURES,
) -> list[Place]:
    """Seal all that is due; `open_days` overrules the setting. Waits for another program that is at it."""
    now = clock.now()
    if now is None and not undated:
        return []
    site, moment, features = this_site(), clock.moment(), tuple(features)
    today = None if now is None else now.astimezone(site.zone).date()
    with held(settings.data / "sealing.lock"):
        state = Now(moment.boot, moment.seconds, today, library.number())
        press = Press(site, state, signing_key(settings.keys), features)
        wanted = settings.seal_open_days if open_days is None else open_days
        last = dt.date.max if today is None else today if wanted else today - dt.timedelta(days=1)
        done = _seal_days(press, features, last) + _seal_parts(press, features)
        if done:
            write_steps(settings.data)
        return done


def _seal_days(press: Press, features: tuple[Feature, ...], last: dt.date) -> list[Place]:
    """Up to `last`; while the time is unsure those that are known, any of which may be open still."""
    site, today = press.site, press.now.today
    changes = _changes(site.zone, features)
    rows = Outbox.select(Outbox.day, Outbox.open, Outbox.again).where(Outbox.epoch == site.epoch)
    sealed = {row.day: row.open or row.again for row in rows if row.day is not None}
    touched = {place for place in changes.places if isinstance(place, dt.date)}
    newest = today or newest_day(site.zone) or max(touched, default=None)
    days = due(min(last, newest), newest, first_day(site), touched, sealed) if newest else []
    if today:  # a clock ran ahead once: its days are told as it dated them, or they would wait for years
        ahead = days_beyond(today, site.zone)
        days += sorted(day for day in ahead if day in touched or sealed.get(day, True))
    return _seal(press, days, changes, {day for day in touched if day > last})


def _seal_parts(press: Press, features: tuple[Feature, ...]) -> list[Place]:
    """Those of boots that ended; while the time is unsure, also of the one that runs."""
    changes = _part_changes(press.site.epoch, press.now.running, features)
    unfinished = sql(
        "SELECT boot, part FROM outbox JOIN boot ON boot.id = outbox.boot AND boot.began IS NULL"
        " WHERE epoch = ? AND (open OR again)",
        (press.site.epoch,),
    ).fetchall()
    places = {place for place in changes.places if isinstance(place, BootPart)} | {BootPart(*row) for row in unfinished}
    return _seal(press, sorted(places), changes, set())


def _seal(press: Press, places: Iterable[Place], changes: Changes, later: set[dt.date]) -> list[Place]:
    """Seal `places` a few at a time; how far the features were read is written with the last of them."""
    done: list[Place] = []
    left, lost = list(places), False
    while True:
        some, left = left[:AT_ONCE], left[AT_ONCE:]
        rows, failed = press.rows(some)
        lost = lost or any(isinstance(place, BootPart) for place in failed)
        with writing():
            if this_site().epoch != press.site.epoch:
                return done  # an epoch that ended is never sealed again
            _keep(press, rows, set(some), failed)
            if rows:
                step()
            done += [_place(row) for row in rows]
            if not left:
                # A part that cannot be sealed, and never was, is found again by reading on from the same batch.
                _keep_progress(press.site.epoch, changes._replace(batches={}) if lost else changes, later)
                return done


def _place(row: Mapping[str, Any]) -> Place:
    return BootPart(row["boot"], row["part"]) if row["day"] is None else row["day"]


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


def _changes(zone: ZoneInfo, features: Iterable[Feature]) -> Changes:
    places: set[Place] = set()
    batches: dict[str, int] = {}
    for feature in features:
        touched, batches[feature.name] = feature.changed_since(_read_up_to(feature.name), zone)
        places |= touched
    rows = sql(
        "SELECT ledger.id, up + down, boot.began + ledger.seconds FROM ledger JOIN boot ON boot.id = ledger.boot"
        " WHERE counted = 0 AND boot.began IS NOT NULL"
    ).fetchall()
    places |= {from_unix(when).astimezone(zone).date() for *_, when in rows}
    return Changes(places, batches, [(number, size) for number, size, _ in rows])


def _part_changes(epoch: int, running: int, features: Iterable[Feature]) -> Changes:
    """The same of boots without a date. What crossed in a boot that may still be dated is looked at again."""
    places: set[Place] = set()
    batches: dict[str, int] = {}
    for feature in features:
        touched, batches[feature.name + PARTS] = feature.parts_since(_read_up_to(feature.name + PARTS))
        places |= touched
    rows = sql(
        "SELECT ledger.id, up + down, ledger.boot, ledger.seconds FROM ledger JOIN boot ON boot.id = ledger.boot"
        " WHERE counted = 0 AND boot.began IS NULL AND ledger.epoch = ?",
        (epoch,),
    ).fetchall()
    places |= {place for *_, boot, seconds in rows for place in parts_between(boot, seconds, seconds)}
    return Changes(places, batches, [(number, size) for number, size, boot, _ in rows if boot != running])


def _read_up_to(feature: str) -> int:
    known = Rolled.get_or_none(Rolled.feature == feature)
    return known.batch if known else 0


def _keep(press: Press, rows: list[dict[str, Any]], looked_at: set[Place], failed: set[Place]) -> None:
    """Put `rows` in the place of older revisions, whether those were sent or not."""
    epoch = press.site.epoch
    for row in rows:
        _empty(epoch, row.pop(TAKEN_BACK))
        changed = row | {"acknowledged": False, "refused": None}
        Sealing.create(epoch=epoch, sequence=row["sequence"], mark=row["digest"][:MARK])
        names = [Outbox.epoch, Outbox.day] if row["boot"] is None else [Outbox.epoch, Outbox.boot, Outbox.part]
        Outbox.insert(**changed, again=False).on_conflict(conflict_target=names, update=changed).execute()
        Sealing.delete().where((Sealing.epoch == epoch) & (Sealing.sequence <= row["sequence"] - LOG_KEPT)).execute()
    for place in looked_at:
        # While the time is unsure nobody knows before which day a part lies; that is told once it is known.
        again = place in failed or (isinstance(place, BootPart) and press.now.today is None)
        Outbox.update(again=again).where((Outbox.epoch == epoch) & at_place(place)).execute()


def _empty(epoch: int, taken_back: Sequence[Part]) -> None:
    """Parts that a sealed day takes back leave the outbox; not before, or a copy made meanwhile would have neither."""
    sealed = Outbox.select(Outbox.boot).where((Outbox.epoch == epoch) & Outbox.boot.is_null(False))
    boots = {row.tag: row.id for row in Boot.select().where(Boot.id.in_(sealed))} if taken_back else {}
    for part in taken_back:
        here = (Outbox.epoch == epoch) & (Outbox.boot == boots[part.boot]) & (Outbox.part == part.part)
        Outbox.update(emptied=True).where(here).execute()


def _keep_progress(epoch: int, changes: Changes, later: set[dt.date]) -> None:
    """Note what has been read; days touched that are not to be sealed yet are remembered if they are sealed already."""
    Outbox.update(again=True).where((Outbox.epoch == epoch) & Outbox.day.in_(later)).execute()
    for feature, batch in changes.batches.items():
        Rolled.insert(feature=feature, batch=batch).on_conflict(
            conflict_target=[Rolled.feature], update={"batch": batch}
        ).execute()
    for number, size in changes.exchanges:  # one that has grown meanwhile is looked at again
        Ledger.update(counted=True).where((Ledger.id == number) & (Ledger.up + Ledger.down == size)).execute()
