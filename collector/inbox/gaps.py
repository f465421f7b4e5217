"""Which days of a hub never came: what its answers name, and what head office's page shows."""

from __future__ import annotations

import datetime as dt

from collector.db import rows
from collector.inbox.judge import Span, latest, missing_spans, without
from collector.inbox.models import Lost, Summary
from wire.exchange import MOST_RECORDS


def named_missing(hub: str, now: int) -> list[tuple[int, dt.date]]:
    """Days between a hub's first and last of an epoch that never came and are waited for, as (epoch, day).

    A day that has not come `now` (Unix milliseconds), by a clock that was wrong once, makes no gap: it would hide all.
    """
    future = dt.datetime.fromtimestamp(now / 1000, dt.UTC).date() + dt.timedelta(days=2)
    lost, by_epoch = _lost_of(hub), _days_of(hub)
    found = [
        (epoch, day)
        for epoch in sorted(by_epoch)
        for day in latest(without(missing_spans(day for day in by_epoch[epoch] if day < future), lost), MOST_RECORDS)
    ]
    return found[-MOST_RECORDS:]


def waited_for(hub: str, until: dt.date) -> list[Span]:
    """Days from a hub's first to `until` that came in none of its epochs and are waited for."""
    days = [day for of_epoch in _days_of(hub).values() for day in of_epoch]
    return without(missing_spans(days, until), _lost_of(hub))


def _days_of(hub: str) -> dict[int, list[dt.date]]:
    by_epoch: dict[int, list[dt.date]] = {}
    held = Summary.select(Summary.epoch, Summary.day).where(Summary.hub == hub, Summary.day.is_null(False))
    for epoch, day in rows(held.tuples()):
        by_epoch.setdefault(epoch, []).append(day)
    return by_epoch


def _lost_of(hub: str) -> list[Span]:
    return [Span(*row) for row in rows(Lost.select(Lost.first, Lost.last).where(Lost.hub == hub).tuples())]
