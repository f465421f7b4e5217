"""Gives rows of usage to another epoch: those of stretches of a boot that were never told under the old one.

    with writing():
        move(old, new, Stretch(boot=3, start=0.0, end=7200.0))

What reaches over the edge of a stretch is cut there: the piece within is written anew under the new epoch. The old rows
stay as they are, since nothing of an epoch that ended is added up again.
"""

from __future__ import annotations

from typing import NamedTuple

from hub.usage.models import sql

EDGE = 0.001  # seconds by which a piece ends before the edge, which belongs to what follows
WITHIN = "epoch = :old AND boot = :boot AND {first} >= :start AND {last} < :end"
OVER = "epoch = :old AND boot = :boot AND {last} >= :start AND {first} < :end"
BATCH, VISIT = {"first": "began", "last": "ended"}, {"first": "first", "last": "last"}
EXTENT = """
SELECT boot, MIN(first), MAX(last) FROM (
    SELECT boot, first, last FROM visit WHERE epoch = :epoch
    UNION ALL SELECT boot, began, ended FROM batch WHERE epoch = :epoch
    UNION ALL SELECT boot, seconds, seconds FROM ledger WHERE epoch = :epoch
) GROUP BY boot
"""


class Stretch(NamedTuple):
    """Seconds of `boot` from `start` on, `end` excluded."""

    boot: int
    start: float
    end: float


def extents(epoch: int) -> list[Stretch]:
    """For each boot with rows of `epoch`, the time that they take up; what crossed the uplink counts as well."""
    return [Stretch(boot, first, last + 1) for boot, first, last in sql(EXTENT, {"epoch": epoch}).fetchall()]


def move(old: int, new: int, stretch: Stretch) -> None:
    """Make what happened in `stretch` rows of the epoch `new`, within the caller's transaction."""
    values = {"old": old, "new": new, "edge": EDGE, **stretch._asdict()}
    sql(f"UPDATE batch SET epoch = :new WHERE {WITHIN.format(**BATCH)}", values)  # noqa: S608 (our own words)
    sql(
        "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads)"  # noqa: S608
        " SELECT :new, boot, MAX(began, :start), MIN(ended, :end - :edge),"
        " CASE WHEN ended < :end THEN bytes ELSE 0 END, CASE WHEN ended < :end THEN downloads ELSE 0 END"
        f" FROM batch WHERE {OVER.format(**BATCH)}",
        values,
    )
    sql(f"UPDATE visit SET epoch = :new WHERE {WITHIN.format(**VISIT)}", values)  # noqa: S608
    for (visit,) in sql(f"SELECT id FROM visit WHERE {OVER.format(**VISIT)}", values).fetchall():  # noqa: S608
        _cut(visit, values)


def _cut(visit: int, values: dict[str, float]) -> None:
    """The piece of a visit that lies within, with the plays that began there."""
    piece = sql(
        "INSERT INTO visit (visitor, epoch, boot, first, last, language, batch)"
        " SELECT visitor, :new, boot, MAX(first, :start), MIN(last, :end - :edge), language, batch"
        " FROM visit WHERE id = :visit",
        values | {"visit": visit},
    ).lastrowid
    sql(
        "UPDATE play SET visit = :piece WHERE visit = :visit AND began >= :start AND began < :end",
        values | {"visit": visit, "piece": piece},
    )
