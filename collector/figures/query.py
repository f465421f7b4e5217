"""Adds up site-days: epochs are summed, uniques over several epochs or hubs of a site read "at most".

Visitors over a time are the sum of those new in their month: a visitor is one device's browser within a month.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from peewee import fn

from collector.db import rows
from collector.inbox.models import ItemUse, Quarantine, Summary
from collector.sites.models import Hub, Site


@dataclass(frozen=True)
class SiteFigures:
    """A site and its totals; `last_heard` in Unix milliseconds."""

    id: str
    name: str
    time_zone: str
    last_heard: int | None
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
            "totals": {
                "plays": self.plays,
                "visitors": self.visitors,
                "visitors_at_most": self.visitors_at_most,
                "minutes": self.minutes,
            },
        }


@dataclass(frozen=True)
class DayFigures:
    """One day of one site, or of all sites together; `open` while it may still grow."""

    day: dt.date
    open: bool
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
        return asdict(self) | {"day": self.day.isoformat()}


@dataclass(frozen=True)
class ItemFigures:
    """Use of one item over all days, under its integer in the catalogue."""

    number: int
    plays: int
    minutes: int


def all_sites() -> list[SiteFigures]:
    """Every site by name, also those that never reported."""
    heard = dict(rows(Hub.select(Hub.site, fn.MAX(Hub.last_heard)).group_by(Hub.site).tuples()))
    totals = {row[0]: row[1:] for row in rows(_totals().tuples())}
    return [_site(site, heard.get(site.id), totals.get(site.id)) for site in Site.select().order_by(Site.name, Site.id)]


def one_site(site_id: str) -> SiteFigures | None:
    """The site of that id, if there is one."""
    return next((site for site in all_sites() if site.id == site_id), None)


def _totals() -> Any:
    return (
        Hub.select(
            Hub.site,
            fn.SUM(Summary.plays),
            fn.SUM(Summary.visitors_new_month),
            fn.COUNT(Summary.epoch.distinct()),
            fn.SUM(Summary.seconds_played),
        )
        .join(Summary)
        .group_by(Hub.site)
    )


def _site(site: Site, heard: int | None, totals: tuple[Any, ...] | None) -> SiteFigures:
    plays, visitors, epochs, seconds = totals or (0, 0, 0, 0)
    return SiteFigures(
        id=site.id,
        name=site.name,
        time_zone=site.time_zone,
        last_heard=heard,
        plays=int(plays),
        visitors=int(visitors),
        visitors_at_most=epochs > 1,
        minutes=minutes(seconds),
    )


def days(site_id: str | None = None) -> list[DayFigures]:
    """The days of a site, or of all sites added up, newest first."""
    summed = ("visitors", "visitors_new_week", "visitors_new_month", "visits", "plays", "seconds_played",
              "person_seconds", "group_plays", "downloads", "local_bytes", "uplink_bytes", "minutes_up",
              "most_phones")  # fmt: skip
    query = (
        Summary.select(
            Summary.day,
            fn.COUNT(Summary.id).alias("parts"),
            fn.COUNT(Hub.site.distinct()).alias("places"),
            fn.SUM(Summary.open.cast("INTEGER")).alias("still_open"),
            *(fn.SUM(getattr(Summary, name)).alias(name) for name in summed),
        )
        .join(Hub)
        .group_by(Summary.day)
        .order_by(Summary.day.desc())
    )
    if site_id is not None:
        query = query.where(Hub.site == site_id)
    return [_day(row) for row in rows(query.dicts())]


def _day(row: dict[str, Any]) -> DayFigures:
    counts = ("visitors", "visitors_new_week", "visitors_new_month", "visits", "plays", "group_plays", "downloads",
              "local_bytes", "uplink_bytes", "minutes_up", "most_phones")  # fmt: skip
    return DayFigures(
        day=row["day"],
        open=bool(row["still_open"]),
        visitors_at_most=row["parts"] > row["places"],
        minutes=minutes(row["seconds_played"]),
        person_minutes=minutes(row["person_seconds"]),
        **{name: int(row[name]) for name in counts},
    )


def top_items(site_id: str, most: int = 10) -> list[ItemFigures]:
    """The items of a site with the most plays."""
    plays, spent = fn.SUM(ItemUse.plays), fn.SUM(ItemUse.minutes)
    query = (
        ItemUse.select(ItemUse.number, plays, spent)
        .join(Summary)
        .join(Hub)
        .where(Hub.site == site_id)
        .group_by(ItemUse.number)
        .order_by(plays.desc(), ItemUse.number)
        .limit(most)
    )
    return [ItemFigures(number, int(count), int(spent)) for number, count, spent in rows(query.tuples())]


def set_aside(site_id: str) -> list[Quarantine]:
    """The records of a site's hubs that were not taken in, newest first."""
    query = Quarantine.select().join(Hub).where(Hub.site == site_id).order_by(Quarantine.arrived.desc())
    return list(query.limit(20))


def minutes(seconds: Any) -> float:
    """Minutes to one decimal, as shown and as sent."""
    return round(int(seconds) / 60, 1)


def iso(milliseconds: int | None) -> str | None:
    """A time as RFC 3339 has it, in UTC."""
    if milliseconds is None:
        return None
    return dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
