"""Write drafts of visits and plays down: the only module that adds usage to the database.

    batch, rows = keep(boot, keys, [Stretch(0.0, 4.0, 10_000, 0)], drafts)

A draft is state, as all that a page tells: writing it again, or later with more in it, ends with the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from hub.db import writing
from hub.site import this_site
from hub.usage.intervals import pack, subtract, union, unpack
from hub.usage.models import VISIT_GAP, sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.usage.intervals import Intervals
    from hub.usage.visitors import VisitorKeys


class Stretch(NamedTuple):
    """Seconds of the running boot in which the hub was up, and the bytes and downloads that left meanwhile."""

    began: float
    ended: float
    bytes: int
    downloads: int


class Row(NamedTuple):
    """Where a visit is kept, and in which epoch."""

    visit: int
    epoch: int


class PlayDraft(NamedTuple):
    """What a page reported of one item; `began`, in seconds of the boot, counts if its visit has no row of it yet."""

    id: bytes
    item: int
    began: float
    intervals: Intervals
    heads: int


@dataclass(frozen=True)
class VisitDraft:
    """What is known of a visit and not yet on the disk. `row` says where its earlier part is, if that is known."""

    cookie: str
    first: float
    last: float
    language: str | None
    row: Row | None
    plays: Sequence[PlayDraft] = field(default=())


def keep(boot: int, keys: VisitorKeys, stretches: Sequence[Stretch], drafts: Sequence[VisitDraft]) -> list[Row]:
    """One transaction; returns where each draft is kept. Nothing is kept if it raises."""
    with writing():
        epoch = this_site().epoch
        batch = [_write_stretch(epoch, boot, stretch) for stretch in stretches][-1]
        rows = []
        for draft in drafts:
            visit = _write_visit(epoch, boot, batch, keys, draft)
            for play in draft.plays:
                _write_play(visit, play)
            rows.append(Row(visit, epoch))
    return rows


def _write_stretch(epoch: int, boot: int, stretch: Stretch) -> int:
    return _insert("INSERT INTO batch (epoch, boot, began, ended, bytes, downloads) VALUES (?,?,?,?,?,?)",
                   epoch, boot, *stretch)  # fmt: skip


def _write_visit(epoch: int, boot: int, batch: int, keys: VisitorKeys, draft: VisitDraft) -> int:
    """Extend the visit's row, or begin one; a new epoch begins with what happened last."""
    visit: int | None = None
    if draft.row and draft.row.epoch == epoch:
        visit = draft.row.visit
    else:
        visitor = _visitor(keys, draft.cookie)
        visit = _open_visit(epoch, boot, visitor, draft.first)
    if visit is not None:
        sql(
            "UPDATE visit SET last = MAX(last, ?), language = COALESCE(?, language), batch = ? WHERE id = ?",
            (draft.last, draft.language, batch, visit),
        )
        return visit
    return _insert(
        "INSERT INTO visit (visitor, epoch, boot, first, last, language, batch) VALUES (?,?,?,?,?,?,?)",
        visitor, epoch, boot, draft.last if draft.row else draft.first, draft.last, draft.language, batch,
    )  # fmt: skip


def _open_visit(epoch: int, boot: int, visitor: int, first: float) -> int | None:
    """The visit that activity at `first` goes on with, known from before a restart of the program."""
    row = _row(
        "SELECT id FROM visit WHERE visitor = ? AND boot = ? AND epoch = ? AND last >= ? ORDER BY last DESC LIMIT 1",
        visitor, boot, epoch, first - VISIT_GAP,
    )  # fmt: skip
    return int(row[0]) if row else None


def _visitor(keys: VisitorKeys, cookie: str) -> int:
    """The visitor who holds `cookie`, known or new."""
    known, next_hash = keys.hashes(cookie)
    row = _row("SELECT id, next_hash FROM visitor WHERE hash = ?", known)
    if row is None:
        return _insert("INSERT INTO visitor (hash, next_hash) VALUES (?,?)", known, next_hash)
    if next_hash and row[1] is None:
        sql("UPDATE visitor SET next_hash = ? WHERE id = ?", (next_hash, row[0]))
    return int(row[0])


def _write_play(visit: int, play: PlayDraft) -> None:
    """Unite with what this visit's row holds; what the same page played in an earlier visit stays there.

    A row without an interval says that there were more heads; it counts with those that it is joined to.
    """
    rows = sql(
        "SELECT number, visit, intervals, heads FROM play WHERE id = ? AND item = ?", (play.id, play.item)
    ).fetchall()
    elsewhere = union(*(unpack(packed) for _, other, packed, _ in rows if other != visit))
    mine = next(((number, unpack(packed)) for number, other, packed, _ in rows if other == visit), None)
    new = subtract(play.intervals, elsewhere)
    if mine:
        sql(
            "UPDATE play SET intervals = ?, heads = MAX(heads, ?) WHERE number = ?",
            (pack(union(mine[1], new)), play.heads, mine[0]),
        )
    elif new or play.heads > max((heads for *_, heads in rows), default=0):
        _insert(
            "INSERT INTO play (id, item, visit, began, intervals, heads)"
            " SELECT ?, ?, id, MAX(first, ?), ?, ? FROM visit WHERE id = ?",
            play.id, play.item, play.began, pack(new), play.heads, visit,
        )  # fmt: skip


def _insert(statement: str, *values: object) -> int:
    return int(sql(statement, values).lastrowid)


def _row(query: str, *values: object) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = sql(query, values).fetchone()
    return found
