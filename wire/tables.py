"""The tables of a site-day, and how each becomes columns of small integers (see columns.py).

encode_items(day.items)     # [[4, 7], [0, 1], [0, 0], [1, 4]]
decode_items(columns)       # what ItemUse is made of, row by row
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from wire import columns, messages
from wire.errors import BadRecord
from wire.messages import Amount, Count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ROWS = 4096
T = TypeVar("T", bound=Struct)


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


def encode_items(items: Sequence[ItemUse]) -> list[list[int]]:
    """`items` ascend by number."""
    return [
        columns.differences(item.number for item in items),
        [item.plays - 1 for item in items],
        [item.plays - item.visitors for item in items],
        [item.minutes for item in items],
    ]


def decode_items(value: Any) -> list[dict[str, int]]:
    """What `encode_items` was given, as fields. Raises BadRecord."""
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


def decode_hours(value: Any) -> list[dict[str, int]]:
    """What `encode_hours` was given, as fields. Raises BadRecord."""
    rows = zip(*_columns(value, 3), strict=True)
    return [{"plays": plays, "minutes": minutes, "local_bytes": steps * columns.STEP} for plays, minutes, steps in rows]


def encode_rows(rows: Iterable[Struct]) -> list[list[int]]:
    """Any table of counts, sorted: its first column as what is added to the row before, the others as they are."""
    first, *others = zip(*sorted(msgspec.structs.astuple(row) for row in rows), strict=True)
    return [_steps(first), *(list(column) for column in others)]


def decode_rows(value: Any, kind: type[T]) -> list[dict[str, int]]:
    """The rows of `encode_rows`, as fields of `kind`; columns that a newer program added are passed over.

    Raises BadRecord.
    """
    names = kind.__struct_fields__
    first, *others = _columns(value, len(names), or_more=True)
    rows = list(zip(_sums(first), *others[: len(names) - 1], strict=True))
    if any(row > after for row, after in pairwise(rows)):
        raise BadRecord("A table of the summary has rows out of order; update the hub's software.")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _steps(ascending: Sequence[int]) -> list[int]:
    return [number - before for before, number in zip((0, *ascending), ascending, strict=False)]


def _sums(steps: Sequence[int]) -> list[int]:
    total, sums = 0, []
    for step in steps:
        total += step
        sums.append(total)
    return sums


def _columns(value: Any, number: int, *, or_more: bool = False) -> list[list[int]]:
    """`number` lists of the same length, of integers from 0 to 2**32 - 1."""
    table = messages.typed(value, list[Annotated[list[Count], Meta(max_length=MOST_ROWS)]])
    enough = len(table) >= number if or_more else len(table) == number
    if not enough or len({len(column) for column in table}) > 1:
        raise BadRecord("A table of the summary has columns of unequal length; update the hub's software.")
    return table
