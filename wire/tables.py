r"""The tables of a site-day, and how each becomes columns of small integers (see columns.py).

encode_items(day.items)     # [[4, 7], [0, 1], [0, 0], [1, 4]]
decode_items(columns)       # what ItemUse is made of, row by row

Version 1 writes columns as arrays. From version 2 on a table is one byte string, which is a tenth shorter once it is
deflated: the number of rows, then column after column, each number as in varint.py.

pack(columns)               # b"\x02" b"\x04\x07" b"\x00\x01" b"\x00\x00" b"\x01\x04"
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from wire import columns, messages, varint
from wire.errors import BadRecord
from wire.messages import Amount, Count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ROWS = 4096
OUT_OF_ORDER = "A table of the summary has rows out of order; update the hub's software."
UNEQUAL = "A table of the summary has columns of unequal length; update the hub's software."
Rows = list[dict[str, int]]


class ItemUse(Struct, frozen=True):
    """Use of one item in the day; an item without a play is left out."""

    number: Count
    plays: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    visitors: Count
    minutes: Count


class HourUse(Struct, frozen=True):
    """Use in one site-local hour; `local_bytes` becomes a multiple of 10 MiB when it is sealed."""

    plays: Count
    minutes: Count
    local_bytes: Amount


class CourseUse(Struct, frozen=True):
    """Use of one course in the day, told where there is no room for its items."""

    number: Count
    plays: Count
    minutes: Count


class Learning(Struct, frozen=True):
    """What learners did in one course in the day; points are percent, added up over the tests that were taken."""

    course: Count
    enrolled: Count
    active: Count
    lessons: Count
    certificates: Count
    pre_taken: Count
    pre_points: Count
    post_taken: Count
    post_points: Count


class Session(Struct, frozen=True):
    """A group session: of which course, in which hour it began, how long it was, how many heads."""

    course: Count
    hour: Annotated[int, Meta(ge=0, le=23)]
    minutes: Count
    heads: Count


class SurveyAnswers(Struct, frozen=True):
    """How often each of the five answers to a question was given in a wave (0 start, 1 end, 2 follow-up)."""

    question: Count
    wave: Annotated[int, Meta(ge=0, le=2)]
    first: Count
    second: Count
    third: Count
    fourth: Count
    fifth: Count


SPARSE = {"pre_points", "post_points"}  # has no entry in a row in which the column before it is 0


def encode_items(items: Sequence[ItemUse]) -> list[list[int]]:
    """`items` ascend by number."""
    return [
        columns.differences(item.number for item in items),
        [item.plays - 1 for item in items],
        [item.plays - item.visitors for item in items],
        [item.minutes for item in items],
    ]


def decode_items(value: Any) -> Rows:
    """What `encode_items` was given, as fields; `value` is columns or packed ones. Raises BadRecord."""
    steps, plays, repeats, minutes = _columns(value, 4)
    rows = zip(columns.from_differences(steps), plays, repeats, minutes, strict=True)
    return [
        {"number": number, "plays": more + 1, "visitors": more + 1 - repeat, "minutes": minute}
        for number, more, repeat, minute in rows
    ]


def encode_hours(hours: Sequence[HourUse]) -> list[list[int]]:
    """Bytes in steps of 10 MiB, which add up to their total."""
    steps = columns.round_to_total([hour.local_bytes for hour in hours], columns.STEP)
    return [[hour.plays for hour in hours], [hour.minutes for hour in hours], steps]


def decode_hours(value: Any) -> Rows:
    """What `encode_hours` was given, as fields; `value` is columns or packed ones. Raises BadRecord."""
    rows = zip(*_columns(value, 3), strict=True)
    return [{"plays": plays, "minutes": minutes, "local_bytes": steps * columns.STEP} for plays, minutes, steps in rows]


def pack(table: Sequence[Sequence[int]]) -> bytes:
    """Columns of equal length, but for sparse ones, as one byte string."""
    return varint.write(len(table[0])) + b"".join(varint.write(number) for column in table for number in column)


def encode_rows(rows: Iterable[Struct]) -> bytes:
    """Any table of counts but an empty one, sorted and packed: its first column as what is added to the row before."""
    table = sorted(rows, key=msgspec.structs.astuple)
    first, *others = table[0].__struct_fields__
    packed, last = [_steps([getattr(row, first) for row in table])], first
    for name in others:
        told = [row for row in table if getattr(row, last)] if name in SPARSE else table
        packed.append([getattr(row, name) for row in told])
        last = name
    return pack(packed)


def decode_rows(value: Any, kind: type[Struct]) -> Rows:
    """The rows of `encode_rows`, as fields of `kind`; columns that a newer program added are passed over.

    Raises BadRecord.
    """
    reader, count = _open(value)
    table: list[list[int]] = []
    for name in kind.__struct_fields__:
        table.append(_sparse(reader, table[-1]) if name in SPARSE else reader.numbers(count))
    rows = list(zip(_sums(table[0]), *table[1:], strict=True))
    if any(row > after for row, after in pairwise(rows)):
        raise BadRecord(OUT_OF_ORDER)
    return [dict(zip(kind.__struct_fields__, row, strict=True)) for row in rows]


def _sparse(reader: varint.Reader, counts: list[int]) -> list[int]:
    return [reader.number() if count else 0 for count in counts]


def _open(value: Any) -> tuple[varint.Reader, int]:
    """What reads a packed table, and its number of rows. Raises BadRecord."""
    if not isinstance(value, bytes):
        raise BadRecord("A table of the summary is no byte string; update the hub's software.")
    reader = varint.Reader(value)
    count = reader.number()
    if count > MOST_ROWS:
        raise BadRecord(f"A table of the summary has {count} rows, more than head office takes; leave out some.")
    return reader, count


def _steps(ascending: Sequence[int]) -> list[int]:
    return [number - before for before, number in zip((0, *ascending), ascending, strict=False)]


def _sums(steps: Sequence[int]) -> list[int]:
    return list(accumulate(steps))


def _columns(value: Any, number: int) -> list[list[int]]:
    """`number` columns of the same length, of integers from 0 to 2**32 - 1, as arrays or packed. Raises BadRecord."""
    if isinstance(value, bytes):
        reader, count = _open(value)
        return messages.typed([reader.numbers(count) for _ in range(number)], list[list[Count]])
    table = messages.typed(value, list[Annotated[list[Count], Meta(max_length=MOST_ROWS)]])
    if len(table) != number or len({len(column) for column in table}) > 1:
        raise BadRecord(UNEQUAL)
    return table
