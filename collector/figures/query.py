"""Adds up site-days: epochs are summed, uniques over several epochs or hubs of a site read "at most".

Visitors over a time are the sum of those new in their month: a visitor is one device's browser within a month. What has
no date counts in the totals and stands in a row of its own, until its hub or head office gives it one; what its hub
gave a date (`emptied`) stands under days and nowhere else.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from peewee import Case, fn

from collector.db import rows, total
from collector.inbox.judge import is_shared
from collector.inbox.models import TOTALS, Quarantine, Summary
from collector.sites.models import Hub, Site

COUNTED = ~Summary.emptied
ITEMS_OLDER = Summary.columns_revision.is_null() | (Summary.columns_revision < Summary.revision)


@dataclass(frozen=True)
class SiteFigures:
    """A site and its totals; `last_heard` and `last_carried` in Unix milliseconds."""

    id: str
    name: str
    time_zone: str
    last_heard: int | None
    last_carried: int | None
    plays: int
    visitors: int
    visitors_at_most: bool
    minutes: float

    def as_json(self) -> dict[str, Any]:
        """The site as the API has it."""
        return {
            "id": self.id,
            "name": self.name,
            "time_zone": self.time_zone,
            "last_heard": iso(self.last_heard),
            "last_carried": iso(self.last_carried),
            "totals": {
                "plays": self.plays,
                "visitors": self.visitors,
                "visitors_at_most": self.visitors_at_most,
                "minutes": self.minutes,
            },
        }


@dataclass(frozen=True)
class DayFigures:
    """One day of one site, or of all sites together, None for what has no date; `open` while it may still grow.

    `off`: no box ran on that day. `items_older`: the totals are of a later state than the items.
    """

    day: dt.date | None
    open: bool
    off: bool
    items_older: bool
    visitors: int
    visitors_new_week: int
    visitors_new_month: int
    visitors_at_most: bool
    visits: int
    plays: int
    minutes: float
    person_minutes: float
    group_plays: int
    downloads: int
    local_bytes: int
    uplink_bytes: int
    minutes_up: int
    most_phones: int

    def as_json(self) -> dict[str, Any]:
        """The day as the API has it."""
        return asdict(self) | {"day": self.day and self.day.isoformat()}


def all_sites() -> list[SiteFigures]:
    """Every site by name, also those that never reported."""
    last = Hub.select(Hub.site, fn.MAX(Hub.last_heard), fn.MAX(Hub.last_carried)).group_by(Hub.site)
    heard = {row[0]: row[1:] for row in rows(last.tuples())}
    totals = {row[0]: row[1:] for row in rows(_totals().tuples())}
    return [_site(site, heard.get(site.id), totals.get(site.id)) for site in Site.select().order_by(Site.name, Site.id)]


def one_site(site_id: str) -> SiteFigures | None:
    """The site of that id, if there is one."""
    return next((site for site in all_sites() if site.id == site_id), None)


def _totals() -> Any:
    return (
        Hub.select(
            Hub.site,
            total(Summary.plays),
            total(Summary.visitors_new_month),
            fn.COUNT(Summary.epoch.distinct()),
            total(Summary.seconds_played),
        )
        .join(Summary)
        .where(COUNTED)
        .group_by(Hub.site)
    )


def _site(site: Site, heard: tuple[int | None, int | None] | None, totals: tuple[Any, ...] | None) -> SiteFigures:
    last_heard, last_carried = heard or (None, None)
    plays, visitors, epochs, seconds = totals or (0, 0, 0, 0)
    return SiteFigures(
        id=site.id,
        name=site.name,
        time_zone=site.time_zone,
        last_heard=last_heard,
        last_carried=last_carried,
        plays=int(plays),
        visitors=int(visitors),
        visitors_at_most=epochs > 1,
        minutes=minutes(seconds),
    )


def days(site_id: str | None = None) -> list[DayFigures]:
    """The days of a site, or of all sites added up, newest first; what has no date comes last, in one row."""
    query = (
        Summary.select(
            Summary.shown.alias("day"),
            fn.COUNT(Summary.id).alias("parts"),
            fn.COUNT(Hub.site.distinct()).alias("places"),
            fn.SUM(Summary.open.cast("INTEGER")).alias("still_open"),
            fn.COUNT(Case(None, [(ITEMS_OLDER, 1)])).alias("older"),
            *(total(getattr(Summary, name)).alias(name) for name in TOTALS),
        )
        .join(Hub)
        .where(COUNTED)
        .group_by(Summary.shown)
    )
    if site_id is not None:
        query = query.where(Hub.site == site_id)
    found = [_day(row) for row in rows(query.dicts())]
    return sorted(found, key=lambda row: row.day or dt.date.min, reverse=True)


def _day(row: dict[str, Any]) -> DayFigures:
    counts = ("visitors", "visitors_new_week", "visitors_new_month", "visits", "plays", "group_plays", "downloads",
              "local_bytes", "uplink_bytes", "minutes_up", "most_phones")  # fmt: skip
    return DayFigures(
        day=row["day"],
        open=bool(row["still_open"]),
        off=row["day"] is not None and not row["minutes_up"] and not row["still_open"],
        items_older=bool(row["older"]),
        visitors_at_most=row["parts"] > row["places"],
        minutes=minutes(row["seconds_played"]),
        person_minutes=minutes(row["person_seconds"]),
        **{name: int(row[name]) for name in counts},
    )


def set_aside(site_id: str) -> list[Quarantine]:
    """The records of a site's hubs that were not taken in, newest first."""
    waits = (Hub.site == site_id) & Quarantine.decided.is_null()
    return list(Quarantine.select().join(Hub).where(waits).order_by(Quarantine.arrived.desc()).limit(20))


def shared_identities(today: dt.date) -> list[tuple[str, str]]:
    """The hubs whose identity two boxes use, as (site, hub): two of its epochs go on at once."""
    query = (
        Summary.select(Hub.site, Hub.id, fn.MIN(Summary.arrived), fn.MAX(Summary.day))
        .join(Hub)
        .where(Summary.day <= today + dt.timedelta(days=1))  # a day that a wrong clock made up tells nothing
        .group_by(Hub.site, Hub.id, Summary.epoch)
    )
    epochs: dict[tuple[str, str], list[tuple[dt.date, dt.date]]] = {}
    for site, hub, came, last in rows(query.tuples()):
        epochs.setdefault((site, hub), []).append((day_of(came), last))
    return sorted(key for key, known in epochs.items() if is_shared(known))


def minutes(seconds: Any) -> float:
    """Minutes to one decimal, as shown and as sent."""
    return round(int(seconds) / 60, 1)


def day_of(milliseconds: int) -> dt.date:
    """The day of a time, in UTC."""
    return dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC).date()


def iso(milliseconds: int | None) -> str | None:
    """A time as RFC 3339 has it, in UTC."""
    if milliseconds is None:
        return None
    return dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
