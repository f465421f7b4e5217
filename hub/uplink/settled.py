"""Of which days and boots head office has all there is, and since when: what may be forgotten some time after that.

    forget(acknowledged_days(), keep_days, now)
    forget_boots(acknowledged_boots(), keep_days, now)

Under an epoch that has ended nothing is sealed any more. So there a record that was sealed while its day was open is
complete, and what was never sealed is done with since the epoch after it began.
"""

from __future__ import annotations

import datetime as dt

from hub.backup import epoch_began
from hub.clock import Boot, from_unix
from hub.site import this_site
from hub.uplink.models import sql

DAYS = """SELECT outbox.day, max(boot.began + outbox.at_seconds),
    min(acknowledged AND boot.began IS NOT NULL AND (epoch <> :epoch OR NOT (open OR again)))
    FROM outbox LEFT JOIN boot ON boot.id = outbox.at_boot WHERE outbox.day IS NOT NULL GROUP BY outbox.day"""
BOOTS = """SELECT outbox.boot, max(at.began + outbox.at_seconds),
    min(acknowledged AND at.began IS NOT NULL AND (epoch <> :epoch OR NOT (open OR again)))
    FROM outbox LEFT JOIN boot at ON at.id = outbox.at_boot WHERE outbox.boot IS NOT NULL GROUP BY outbox.boot"""
UNREAD = """SELECT DISTINCT boot FROM batch WHERE epoch = :epoch AND number >
    (SELECT coalesce(max(batch), 0) FROM rolled WHERE feature = 'usage parts')"""
OF_ENDED_EPOCHS = """SELECT boot FROM batch GROUP BY boot HAVING max(epoch = :epoch) = 0"""


def acknowledged_days() -> dict[dt.date, dt.datetime]:
    """When head office acknowledged all there is of a day, over all epochs, if nothing of it waits to be sealed."""
    site = this_site()
    rows = sql(DAYS, {"epoch": site.epoch}).fetchall()
    found = {dt.date.fromisoformat(day): from_unix(when) for day, when, is_done in rows if is_done}
    began = epoch_began(site.epoch)
    if began is None:
        return found
    known = {dt.date.fromisoformat(day) for day, _, _ in rows}
    first = Boot.select().where(Boot.began.is_null(False)).order_by(Boot.began).first()
    day, last = (moment.astimezone(site.zone).date() for moment in (from_unix(first.began), began))
    while day < last:
        if day not in known:
            found[day] = began
        day += dt.timedelta(days=1)
    return found


def acknowledged_boots() -> dict[int, dt.datetime]:
    """The same of boots that ended without a date."""
    site = this_site()
    values = {"epoch": site.epoch}
    undated = {row.id for row in Boot.select(Boot.id).where(Boot.began.is_null())}
    rows = sql(BOOTS, values).fetchall()
    found = {boot: from_unix(when) for boot, when, is_done in rows if is_done}
    began = epoch_began(site.epoch)
    if began is not None:
        ended = {boot for (boot,) in sql(OF_ENDED_EPOCHS, values).fetchall()}
        found |= dict.fromkeys(ended - {boot for boot, _, _ in rows}, began)
    waiting = {boot for (boot,) in sql(UNREAD, values).fetchall()}
    return {boot: when for boot, when in found.items() if boot in undated - waiting}
