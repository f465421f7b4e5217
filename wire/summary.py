"""The site-day: all that head office learns about one day of one hub, small enough for any link.

What is sent is state, never an increment: the whole of (hub, epoch, day), with a revision. Sealed, it is a COSE_Sign1
(see cose.py) around a raw deflate of a CBOR map keyed by the integers below, the tables as columns (see columns.py).
The key id of the envelope is the hub's id, so the map does not repeat it. docs/formats/summary.md says it byte by byte.

    sealed = seal(day, key, kid=day.hub)
    unseal(sealed, keys.get)            # the same SiteDay; BadRecord, whatever else the bytes may be

Adding a key leaves VERSION as it is: who does not know the key carries it in `extra`. A change of meaning raises it.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 (msgspec reads the annotations)
import hashlib
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from wire import cbor, columns, cose, messages
from wire.errors import BadRecord
from wire.messages import VERSION, Amount, Count, Hub, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LONGEST_SEALED = 32 << 10
LONGEST_PLAIN = 64 << 10
MOST_VALUES = 20_000

Minutes = Annotated[int, Meta(ge=0, le=25 * 60)]  # a day at the end of summer time has 25 hours
Language = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,35}\Z")]  # BCP 47


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


class SiteDay(Struct, frozen=True, kw_only=True):
    """One revision of one day of one hub in one epoch; words as in docs/glossary.md, totals unrounded."""

    hub: Hub
    epoch: Count
    day: dt.date
    revision: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    sequence: Count
    release: Count
    open: bool
    visitors: Count
    visitors_new_week: Count
    visitors_new_month: Count
    visits: Count
    minutes_up: Minutes
    most_phones: Count
    languages: Annotated[dict[Language, Count], Meta(max_length=64)]
    plays: Count
    seconds_played: Amount
    person_seconds: Amount
    local_bytes: Amount
    uplink_bytes: Amount
    downloads: Count
    group_plays: Count
    items: Annotated[tuple[ItemUse, ...], Meta(max_length=4096)]
    hours: Annotated[tuple[HourUse, ...], Meta(min_length=24, max_length=24)]
    extra: dict[int, Any] = {}


PLAIN = {
    2: "epoch", 4: "revision", 5: "sequence", 6: "release", 7: "open",
    8: "visitors", 9: "visitors_new_week", 10: "visitors_new_month", 11: "visits", 12: "minutes_up",
    13: "most_phones", 14: "languages", 15: "plays", 16: "seconds_played", 17: "person_seconds",
    18: "local_bytes", 19: "uplink_bytes", 20: "downloads", 21: "group_plays",
}  # fmt: skip
DAY, ITEMS, HOURS = 3, 22, 23
KNOWN = {0, 1, DAY, ITEMS, HOURS, *PLAIN}


def seal(day: SiteDay, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """The bytes to store and send, unchanged, however often; `kid` is the hub's id. Raises BadRecord."""
    day = msgspec.structs.replace(day, items=tuple(sorted(day.items, key=lambda item: item.number)))
    if kid != day.hub:
        raise BadRecord("A summary is sealed under its own hub's id; give the id of the hub that counted it.")
    _check(day)
    plain = cbor.encode(_to_map(day))
    sealed = cose.sign(columns.deflate(plain), key, kid)
    if len(sealed) > LONGEST_SEALED or len(plain) > LONGEST_PLAIN:
        raise BadRecord(f"A summary of {len(sealed)} bytes is larger than head office takes; leave out some items.")
    _read(kid, plain)  # what the reader would refuse is never sealed
    return sealed


def unseal(sealed: bytes, key_for: Callable[[bytes], Ed25519PublicKey | None]) -> SiteDay:
    """The site-day in `sealed`, once its signature holds under the key of the hub it names. Raises BadRecord."""
    if len(sealed) > LONGEST_SEALED:
        raise BadRecord(
            f"A summary has at most {LONGEST_SEALED} bytes and this one {len(sealed)}; it was not accepted."
        )
    hub = cose.key_id(sealed)
    key = key_for(hub)
    if key is None:
        raise BadRecord(f"No hub {hub.hex()} is enrolled here; enrol it with `hub setup` first.")
    return _read(hub, columns.inflate(cose.verify(sealed, key), LONGEST_PLAIN))


def digest(sealed: bytes) -> bytes:
    """What a sealed record is called in acknowledgements: the first 16 bytes of its SHA-256."""
    return hashlib.sha256(sealed).digest()[:16]


def _read(hub: bytes, plain: bytes) -> SiteDay:
    fields = messages.read(plain, Kind.SUMMARY, items=MOST_VALUES, depth=8)
    day = messages.typed(_named(hub, fields), SiteDay)
    _check(day)
    return day


def _to_map(day: SiteDay) -> dict[int, Any]:
    fields = {key: getattr(day, name) for key, name in PLAIN.items()}
    fields |= {
        0: int(Kind.SUMMARY),
        1: VERSION,
        DAY: messages.number_of(day.day),
        14: dict(sorted(day.languages.items())),
    }
    fields |= {ITEMS: _item_columns(day.items), HOURS: _hour_columns(day.hours), **day.extra}
    return dict(sorted(fields.items()))


def _item_columns(items: tuple[ItemUse, ...]) -> list[list[int]]:
    return [
        columns.differences(item.number for item in items),
        [item.plays - 1 for item in items],
        [item.plays - item.visitors for item in items],
        [item.minutes for item in items],
    ]


def _hour_columns(hours: tuple[HourUse, ...]) -> list[list[int]]:
    steps = columns.round_to_total([hour.local_bytes for hour in hours], columns.STEP)
    return [[hour.plays for hour in hours], [hour.minutes for hour in hours], steps]


def _named(hub: bytes, fields: dict[int, Any]) -> dict[str, Any]:
    """What a SiteDay is made of, the tables turned back from columns into rows."""
    return messages.named(fields, PLAIN) | {
        "hub": hub,
        "day": messages.day_of(fields.get(DAY)),
        "items": _items(fields.get(ITEMS)),
        "hours": _hours(fields.get(HOURS)),
        "extra": {key: value for key, value in fields.items() if key not in KNOWN},
    }


def _items(value: Any) -> list[dict[str, int]]:
    steps, plays, repeats, minutes = _columns(value, 4)
    rows = zip(columns.from_differences(steps), plays, repeats, minutes, strict=True)
    return [
        {"number": number, "plays": more + 1, "visitors": more + 1 - repeat, "minutes": minute}
        for number, more, repeat, minute in rows
    ]


def _hours(value: Any) -> list[dict[str, int]]:
    rows = zip(*_columns(value, 3), strict=True)
    return [{"plays": plays, "minutes": minutes, "local_bytes": steps * columns.STEP} for plays, minutes, steps in rows]


def _columns(value: Any, number: int) -> list[list[int]]:
    """`number` lists of the same length, of integers from 0 to 2**32 - 1."""
    table = messages.typed(value, list[Annotated[list[Count], Meta(max_length=4096)]])
    if len(table) != number or len({len(column) for column in table}) > 1:
        raise BadRecord("A table of the summary has columns of unequal length; update the hub's software.")
    return table


def _check(day: SiteDay) -> None:
    """What no true day can be, beyond the range of each number."""
    wrong = next((sentence for holds, sentence in _rules(day) if not holds), None)
    if wrong:
        raise BadRecord(f"The summary of {day.day} contradicts itself ({wrong}); update the hub's software.")


def _rules(day: SiteDay) -> list[tuple[bool, str]]:
    numbers = [item.number for item in day.items]
    return [
        (max(day.visitors_new_week, day.visitors_new_month) <= day.visitors, "more new visitors than visitors"),
        (day.person_seconds >= day.seconds_played, "less time for all heads than for one"),
        (day.group_plays <= day.plays, "more plays of groups than plays"),
        (all(item.visitors <= item.plays for item in day.items), "an item with more visitors than plays"),
        (len(set(numbers)) == len(numbers), "an item listed twice"),
        (not KNOWN & day.extra.keys() and all(key >= 0 for key in day.extra), "an extra field with a key in use"),
    ]
