"""Who is a visitor: the keyed hash of a random cookie, under a key that lives one calendar month and no longer.

    keys = VisitorKeys(settings.keys)
    keys.settle(now, since_boot, zone)  # now is None while the time is not certain
    keys.hashes(cookie)                         # (hash, None), or (hash, next hash) while the month may have changed

The keys are files beside the database, so a copy of the database alone links nobody; when the site's month ends the
old key is overwritten and removed, and with it the link between the hashes and any cookie.

A box that wakes up without the time can't know whether the month has changed. Until it does, each visitor is kept
under two hashes, this month's and the next's; when the time becomes certain one of the two is dropped. So a phone that
was seen before and after that instant counts once in either case. A visit that was under way when the month ended
unnoticed is cut there: a visitor ends with the month, though what of it was before is then known of its plays alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from content_cache.durable import sync_folder
from hub.db import writing
from hub.site import secret, this_site
from hub.usage.models import Visitor, VisitorKey, sql

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

HASH_BYTES = 16
JUST_BEFORE = 0.001  # seconds; a visit that is cut ends so long before its continuation begins
UNDER_WAY = """SELECT v.id, {start} - b.began FROM visit v JOIN boot b ON b.id = v.boot
    WHERE v.visitor = ? AND b.began + v.first < {start} AND b.began + v.last >= {start}"""


class Month(NamedTuple):
    """When the site's month began and when it ends, in seconds of the running boot."""

    began: float
    ends: float


UNKNOWN = Month(float("-inf"), float("inf"))


class VisitorKeys:
    """The keys in force; used by the recorder's flush alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keys: list[bytes] = []

    def hashes(self, cookie: str) -> tuple[bytes, bytes | None]:
        """What is stored of `cookie`; the second only while the month is not certain."""
        made = [hmac.digest(key, cookie.encode(), hashlib.sha256)[:HASH_BYTES] for key in self._keys]
        return made[0], made[1] if len(made) > 1 else None

    def settle(self, now: datetime | None, since_boot: float, zone: ZoneInfo) -> Month:
        """Bring the keys in line with the month, and return it; UNKNOWN while the time is not certain."""
        local = now.astimezone(zone) if now else None
        with writing():
            _decide(local)
        self._load()
        if local is None:
            return UNKNOWN
        return Month(since_boot - _since_month_began(local), since_boot + _until_next_month(local))

    def _load(self) -> None:
        """Hold the keys that the table names, make their files if absent, destroy all others."""
        rows = VisitorKey.select().order_by(VisitorKey.number)
        paths = [self.folder / f"visitors-{row.number}.key" for row in rows]
        for old in set(self.folder.glob("visitors-*.key")) - set(paths):
            destroy(old)
        self._keys = [secret(path) for path in paths]


def _decide(local: datetime | None) -> None:
    """Keep, add or change the rows of the keys. At most two: this month's, and one for a month that may have begun."""
    rows = list(VisitorKey.select().order_by(VisitorKey.number))
    month = f"{local:%Y-%m}" if local else None
    if not rows:
        VisitorKey.create(number=1, month=month)
    elif month is None or local is None:
        if len(rows) == 1 and rows[0].month is not None:
            VisitorKey.create(number=rows[0].number + 1, month=None)
    elif rows[0].month is None:
        VisitorKey.update(month=month).execute()
    elif rows[0].month == month:
        _drop_next(rows[1:])
    else:
        _begin(month, rows, local.timestamp() - _since_month_began(local))


def _drop_next(rows: list[VisitorKey]) -> None:
    """The month had not changed: what was noted for that case goes."""
    if rows:
        rows[0].delete_instance()
        Visitor.update(next_hash=None).where(Visitor.next_hash.is_null(False)).execute()


def _begin(month: str, rows: list[VisitorKey], start: float) -> None:
    """The key after rows[0] holds from `start` on (Unix seconds), and what is known since then moves to it."""
    if len(rows) == 1:
        VisitorKey.create(number=rows[0].number + 1, month=month)
    else:
        VisitorKey.update(month=month).where(VisitorKey.number == rows[1].number).execute()
        _move(start)
    rows[0].delete_instance()


def _move(start: float) -> None:
    """Give what dated boots know since `start` to visitors of the new month; forget how the two months' are linked.

    Their days may have been sealed since the boot was dated, so what moves is written in a batch of its own.
    """
    moved = sql(
        "SELECT id, next_hash FROM visitor WHERE next_hash IS NOT NULL AND id IN"
        " (SELECT v.visitor FROM visit v JOIN boot b ON b.id = v.boot WHERE b.began + v.last >= ?)",
        (start,),
    ).fetchall()
    Visitor.update(next_hash=None).where(Visitor.next_hash.is_null(False)).execute()
    batch = sql(
        "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads)"
        " SELECT ?, MAX(id), 0, 0, 0, 0 FROM boot WHERE began IS NOT NULL",
        (this_site().epoch,),
    ).lastrowid
    for old, next_hash in moved:
        new = Visitor.create(hash=next_hash).id
        for visit, cut in sql(UNDER_WAY.format(start=start), (old,)).fetchall():
            _cut(visit, cut, batch)
        sql(
            "UPDATE visit SET visitor = ?, batch = ? WHERE visitor = ? AND id IN"
            " (SELECT v.id FROM visit v JOIN boot b ON b.id = v.boot WHERE v.visitor = ? AND b.began + v.first >= ?)",
            (new, batch, old, old, start),
        )


def _cut(visit: int, at: float, batch: int) -> None:
    """Make two of a visit, the second from `at` on (seconds of its boot), with the plays that began there."""
    rest = sql(
        "INSERT INTO visit (visitor, epoch, boot, first, last, language, batch)"
        " SELECT visitor, epoch, boot, ?, last, language, ? FROM visit WHERE id = ?",
        (at, batch, visit),
    ).lastrowid
    sql("UPDATE play SET visit = ? WHERE visit = ? AND began >= ?", (rest, visit, at))
    sql("UPDATE visit SET last = ?, batch = ? WHERE id = ?", (at - JUST_BEFORE, batch, visit))


def _since_month_began(local: datetime) -> float:
    return local.timestamp() - datetime(local.year, local.month, 1, tzinfo=local.tzinfo).timestamp()


def _until_next_month(local: datetime) -> float:
    year, month = divmod(local.year * 12 + local.month, 12)
    return datetime(year, month + 1, 1, tzinfo=local.tzinfo).timestamp() - local.timestamp()


def destroy(path: Path) -> None:
    """Overwrite and remove. A card may keep the old cells for a while; its controller alone could read them."""
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)
