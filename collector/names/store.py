"""Keeps what courses and items are called, as the file of names has it.

    known = taken()                                     # from what, if any was taken in
    keep(decode_names(file), taken_from)                # names that were checked to their end before

The file is the whole state, so that a name that is not in it goes. What is there already is left alone, and the rest
is written in short transactions: each name is true by itself, and an upload that comes meanwhile waits for one of them.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from collector.db import rows, writing
from collector.names.models import Course, Item, Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wire.names import Name

AT_ONCE = 500
FIELDS: dict[type[Course | Item], tuple[str, ...]] = {
    Course: ("number", "slug", "titles", "published"),
    Item: ("number", "course", "slug", "kind", "titles", "published"),
}


class From(NamedTuple):
    """Where names come from: the SHA-256 of the pinned root, the content's number, the file's SHA-256."""

    root: str
    number: int
    sha256: str


def taken() -> From | None:
    """From what the names were taken in that are here; None if there are none."""
    row = Taken.get_or_none(Taken.id == 1)
    return From(row.root, row.number, row.sha256) if row else None


def keep(names: Iterable[Name], source: From, now: int) -> int:
    """Let `names`, by ascending number, be all that there are; how many were written. `now` in Unix milliseconds."""
    changed = last = 0
    coming = iter(names)
    while batch := list(itertools.islice(coming, AT_ONCE)):
        changed += _settle(batch, last, batch[-1].number)
        last = batch[-1].number
    changed += _settle([], last, None)
    note(source, now)
    return changed


def note(source: From, now: int) -> None:
    """Say from what the names are that are here."""
    row = {"id": 1, **source._asdict(), "at": now}
    with writing():
        Taken.insert(row).on_conflict(
            conflict_target=[Taken.id], preserve=[Taken.root, Taken.number, Taken.sha256, Taken.at]
        ).execute()


def _settle(batch: Sequence[Name], above: int, to: int | None) -> int:
    """Let the names over `above`, up to `to`, be those of the batch."""
    courses = {name.number: _row(Course, name) for name in batch if not name.is_item}
    items = {name.number: _row(Item, name) for name in batch if name.is_item}
    return _write(Course, courses, above, to) + _write(Item, items, above, to)


def _row(table: type[Course | Item], name: Name) -> tuple[Any, ...]:
    titles = msgspec.json.encode(dict(sorted(name.titles.items()))).decode()
    return tuple(titles if field == "titles" else getattr(name, field) for field in FIELDS[table])


def _write(table: type[Course | Item], wanted: dict[int, tuple[Any, ...]], above: int, to: int | None) -> int:
    fields = [getattr(table, name) for name in FIELDS[table]]
    query = table.select(*fields).where(table.number > above)
    known = {row[0]: tuple(row) for row in rows((query if to is None else query.where(table.number <= to)).tuples())}
    new = [row for number, row in wanted.items() if known.get(number) != row]
    gone = [number for number in known if number not in wanted]
    if new or gone:
        with writing():
            if new:
                upsert = table.insert_many(new, fields=fields)
                upsert.on_conflict(conflict_target=[table.number], preserve=fields[1:]).execute()
            for start in range(0, len(gone), AT_ONCE):
                table.delete().where(table.number.in_(gone[start : start + AT_ONCE])).execute()
    return len(new) + len(gone)
