"""What all messages have in common: a CBOR map keyed by small integers, 0 its kind, 1 its version.

Each message has a table from integer to field, used to write and to read it. Who does not know a key passes over it.

A message is written in the lowest version that can say it, so that a program one version behind reads whatever it could
say itself; both ends tell which version they speak, and hold back what the other would not understand.
"""

from __future__ import annotations

import datetime as dt
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from wire import cbor
from wire.errors import BadRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST, VERSION = 1, 2  # read are both; the one before VERSION is read for two years after VERSION came (2026-11)
FIRST_DAY = dt.date(2020, 1, 1)
DAYS = 1 << 16

Count = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Amount = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # what JSON readers still hold exactly (RFC 8259 section 6)
Time = Annotated[int, Meta(ge=0, le=7_258_118_399_999)]  # Unix milliseconds up to the end of 2199
Hub = Annotated[bytes, Meta(min_length=8, max_length=8)]
Nonce = Annotated[bytes, Meta(min_length=16, max_length=16)]
Digest = Annotated[bytes, Meta(min_length=16, max_length=16)]
Boot = Annotated[bytes, Meta(min_length=4, max_length=4)]  # the first bytes of the SHA-256 of a boot's id
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
T = TypeVar("T")
AS_THEY_ARE = (bytes, dt.date)  # msgspec would take them from text as well, as JSON has them


class Kind(IntEnum):
    """A message of one kind never passes for another, whoever sealed it."""

    SUMMARY = 1
    BATCH = 2
    ANSWER = 3
    ENROLMENT = 4
    WELCOME = 5
    STATE = 6
    PARCEL = 7
    KIT = 8


def write(kind: Kind, keys: Mapping[int, str], fields: Mapping[str, Any], *, version: int = OLDEST) -> bytes:
    """CBOR of `fields`, each under its integer of `keys`, ascending. Raises BadRecord."""
    return cbor.encode({0: int(kind), 1: version, **{key: fields[name] for key, name in sorted(keys.items())}})


def read(payload: bytes, kind: Kind, *, items: int, depth: int = 5) -> dict[int, Any]:
    """The map in `payload`, once it is of `kind` and of a version that is read here. Raises BadRecord."""
    fields = cbor.decode(payload, items=items, depth=depth)
    if not isinstance(fields, dict) or not _is(fields.get(0), kind):
        raise BadRecord(f"The sealed content is no {kind.name.lower()}; send what the program made, unchanged.")
    if not any(_is(fields.get(1), version) for version in range(OLDEST, VERSION + 1)):
        raise BadRecord("The message is of a version that this program does not read; update this program first.")
    return fields


def _is(value: Any, number: int) -> bool:
    """Whether `value` is that integer; Python holds true for 1."""
    return type(value) is int and value == number


def named(fields: Mapping[int, Any], keys: Mapping[int, str]) -> dict[str, Any]:
    """The fields of `keys` that are there, by name."""
    return {name: fields[key] for key, name in keys.items() if key in fields}


def rows(value: Any, width: int) -> list[list[Any]]:
    """`value` as rows of `width`: a newer program may have added to their ends. Raises BadRecord."""
    if not isinstance(value, list) or not all(isinstance(row, list) and len(row) >= width for row in value):
        raise BadRecord("A list of the message has rows that are too short; update the program that made it.")
    return [row[:width] for row in value]


def typed(fields: Any, kind: type[T]) -> T:
    """`fields` as a `kind`, every range checked. Raises BadRecord, also for text where bytes or a day should be."""
    try:
        return msgspec.convert(fields, kind, builtin_types=AS_THEY_ARE)
    except msgspec.ValidationError as error:
        raise BadRecord(f"The message is not valid ({error}); update the program that made it.") from None


def number_of(day: dt.date) -> int:
    """`day` as the wire has it: days since 2020-01-01."""
    return (day - FIRST_DAY).days


def day_of(number: Any) -> dt.date:
    """The day of that number. Raises BadRecord."""
    if type(number) is not int or not 0 <= number < DAYS:
        raise BadRecord("The message names no day between 2020 and 2199; set the clock of the hub and try again.")
    return FIRST_DAY + dt.timedelta(days=number)
