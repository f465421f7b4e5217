"""What head office sees of the inbox: days that lack, records set aside, parts without a date, and what was decided.

look(office, site_id="dzemul")      # Inbox(gaps=[...], ...); of all sites without one
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from collector.figures.query import iso, minutes, shared_identities
from collector.inbox.decide import yesterday
from collector.inbox.gaps import waited_for
from collector.inbox.keep import MOST_SET_ASIDE, contradictions, waiting
from collector.inbox.models import Decision, Lost, Quarantine, Summary
from collector.inbox.opening import open_record
from collector.sites.models import Hub, Site

if TYPE_CHECKING:
    from collector.office import Office
    from wire.summary import SiteDay

MOST = 100  # of a kind; what is decided makes room


@dataclass(frozen=True)
class Gap:
    """Days of a hub that never came; `waits` if they are its latest, so that they may just be on their way."""

    hub: str
    site: str
    first: dt.date
    last: dt.date
    days: int
    waits: bool


@dataclass(frozen=True)
class Given:
    """Days that head office waits for no longer."""

    id: int
    hub: str
    site: str
    first: dt.date
    last: dt.date
    note: str
    by: str
    at: int


@dataclass(frozen=True)
class Version:
    """One of two records that cannot both be true; a part of a boot has no `day`. None if its totals are not held."""

    place: str
    day: dt.date | None
    revision: int
    number: int
    visitors: int
    visits: int
    plays: int
    minutes: float
    local_bytes: int
    minutes_up: int


@dataclass(frozen=True)
class Aside:
    """A record that was not taken in; of an alarm, what is held and what the record says instead."""

    id: int
    hub: str
    site: str
    digest: str
    alarm: bool
    sentence: str
    arrived: int
    last_arrived: int
    times: int
    held: list[Version]
    other: Version | None


@dataclass(frozen=True)
class Undated:
    """A part without a date: where it lies as far as its hub knows, its totals, and the day it was placed on."""

    id: int
    hub: str
    site: str
    boot: str
    part: int
    after: dt.date | None
    before: dt.date | None
    placed: dt.date | None
    open: bool
    visitors: int
    plays: int
    minutes: float
    minutes_up: int
    arrived: int


@dataclass(frozen=True)
class Decided:
    """A line of the log."""

    hub: str
    site: str
    at: int
    by: str
    about: str
    word: str
    note: str


@dataclass(frozen=True)
class Inbox:
    """All of it; `full` are hubs whose share of what is set aside is used up, `shared` those of two boxes."""

    gaps: list[Gap]
    lost: list[Given]
    set_aside: list[Aside]
    undated: list[Undated]
    log: list[Decided]
    full: list[str]
    shared: list[tuple[str, str]]

    def as_json(self) -> dict[str, Any]:
        """As the API has it: days as dates, times as RFC 3339 has them."""
        return {name: [_json(row) for row in rows] for name, rows in asdict(self).items()}


def look(office: Office, site_id: str | None = None) -> Inbox:
    """What lies there of a site, or of all."""
    hubs = list(Hub.select(Hub, Site).join(Site).order_by(Site.name, Hub.id))
    wanted = [hub for hub in hubs if site_id in (None, hub.site.id)]
    names = [hub.id for hub in wanted]
    return Inbox(
        gaps=sorted((gap for hub in wanted for gap in _gaps(hub, office)), key=lambda gap: gap.last, reverse=True),
        lost=[_given(row) for row in _rows(Lost, names, Lost.id.desc())],
        set_aside=[
            _aside(row, office) for row in _rows(Quarantine, names, Quarantine.id.desc(), Quarantine.decided.is_null())
        ],
        undated=[
            _undated(row) for row in _rows(Summary, names, Summary.id.desc(), (Summary.boot != "") & ~Summary.emptied)
        ],
        log=[_decided(row) for row in _rows(Decision, names, Decision.id.desc())],
        full=[name for name in names if waiting(name) >= MOST_SET_ASIDE],
        shared=[pair for pair in shared_identities(_today(office)) if pair[1] in names],
    )


def _rows(table: Any, hubs: list[str], order: Any, where: Any = True) -> list[Any]:
    found = table.select(table, Hub, Site).join(Hub).join(Site).where(table.hub.in_(hubs), where)
    return list(found.order_by(order).limit(MOST))


def _today(office: Office) -> dt.date:
    return dt.datetime.fromtimestamp(office.clock(), dt.UTC).date()


def _gaps(hub: Hub, office: Office) -> list[Gap]:
    until = yesterday(hub.site.time_zone, office)
    spans = waited_for(hub.id, until)
    return [Gap(hub.id, hub.site.id, span.first, span.last, span.days, span.last == until) for span in spans]


def _given(row: Lost) -> Given:
    return Given(row.id, row.hub.id, row.hub.site.id, row.first, row.last, row.note, row.by, row.at)


def _aside(row: Quarantine, office: Office) -> Aside:
    record = open_record(bytes(row.sealed), office) if row.alarm else None
    day = record.day if record else None
    return Aside(
        id=row.id,
        hub=row.hub.id,
        site=row.hub.site.id,
        digest=row.digest,
        alarm=row.alarm,
        sentence=row.sentence,
        arrived=row.arrived,
        last_arrived=row.last_arrived,
        times=row.times,
        held=[_of_row(found) for found in _against(record, day)] if record and day else [],
        other=_of_day(day) if day else None,
    )


def _against(record: Any, day: SiteDay) -> list[Summary]:
    """What is counted now where a sealing stands that contradicts the record."""
    found = []
    for sealing in contradictions(record, day):
        found += list(
            Summary.select().where(
                Summary.hub == sealing.hub, Summary.epoch == sealing.epoch, Summary.place == sealing.place
            )
        )
    return found


def _of_row(row: Summary) -> Version:
    return _version(row, row.place)


def _of_day(day: SiteDay) -> Version:
    return _version(day, day.called)


def _version(of: Any, place: str) -> Version:
    return Version(place, of.day, of.revision, of.sequence, of.visitors, of.visits, of.plays,
                   minutes(of.seconds_played), of.local_bytes, of.minutes_up)  # fmt: skip


def _undated(row: Summary) -> Undated:
    return Undated(row.id, row.hub.id, row.hub.site.id, row.boot, row.part, row.after, row.before, row.placed,
                   row.open, row.visitors, row.plays, minutes(row.seconds_played), row.minutes_up,
                   row.arrived)  # fmt: skip


def _decided(row: Decision) -> Decided:
    return Decided(row.hub.id, row.hub.site.id, row.at, row.by, row.about, row.word, row.note)


def _json(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _json(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_json(one) for one in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return iso(value) if name in {"at", "arrived", "last_arrived"} else value
