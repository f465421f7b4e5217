"""The site-day: all that head office learns about one day of one hub, small enough for any link.

What is sent is state, never an increment: the whole of (hub, epoch, day), with a revision. Sealed, it is a COSE_Sign1
(see cose.py) around a raw deflate of a CBOR map keyed by the integers below, the tables as columns (see tables.py).
The key id of the envelope is the hub's id, so the map does not repeat it. docs/formats/summary.md says it byte by byte.

    sealed = seal(day, key, kid=day.hub)
    unseal(sealed, keys.get)            # the same SiteDay; BadRecord, whatever else the bytes may be

A box that does not know the time counts by boot instead: a part is 24 hours since that boot began. Once the boot is
dated, the days that its parts turn out to be list them as `emptied`, so that each is counted in one place.

Adding a key leaves the version as it is: who does not know the key carries it in `extra`. A change of meaning raises
it; such are undated parts and what empties them, less detail than all, and the tables beyond items and hours, with
which a shorter way came to write them all.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 (msgspec reads the annotations)
import hashlib
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from wire import cbor, columns, cose, messages, tables
from wire.errors import BadRecord
from wire.messages import OLDEST, VERSION, Amount, Boot, Count, Hub, Kind
from wire.tables import CourseUse, HourUse, ItemUse, Learning, Session, SurveyAnswers

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["CourseUse", "HourUse", "ItemUse", "Learning", "Level", "Part", "Session", "SiteDay", "SurveyAnswers",
           "Undated", "digest", "seal", "unseal"]  # fmt: skip

LONGEST_SEALED = 32 << 10
LONGEST_PLAIN = 64 << 10
MOST_VALUES = 20_000
MOST_BOOTS = 1024  # one each 84 seconds, all day long: a box whose supply gives way again and again

Minutes = Annotated[int, Meta(ge=0, le=25 * 60)]  # a day at the end of summer time has 25 hours
PartNumber = Annotated[int, Meta(ge=0, le=2**16 - 1)]  # of 24 hours each: a boot of 179 years
Language = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,35}\Z")]  # BCP 47


class Level(IntEnum):
    """How much of a day a record tells: all, courses in place of items and hours (340 bytes), totals (140 bytes)."""

    FULL = 0
    COURSES = 1
    TOTALS = 2


class Part(Struct, frozen=True, order=True):
    """The `part`-th 24 hours, from 0, since `boot` began."""

    boot: Boot
    part: PartNumber


class Undated(Struct, frozen=True):
    """A part of a boot whose time was never certain, and the days between which it lies, as far as they are known."""

    boot: Boot
    part: PartNumber
    after: dt.date | None = None
    before: dt.date | None = None

    @property
    def place(self) -> Part:
        """What stands for the day."""
        return Part(self.boot, self.part)


class SiteDay(Struct, frozen=True, kw_only=True):
    """One revision of one day of one hub in one epoch; words as in docs/glossary.md, totals unrounded.

    Either `day` or `undated` is set. `boots` are those of which it counts something.
    """

    hub: Hub
    epoch: Count
    day: dt.date | None = None
    undated: Undated | None = None
    level: Level = Level.FULL
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
    items: Annotated[tuple[ItemUse, ...], Meta(max_length=4096)] = ()
    hours: Annotated[tuple[HourUse, ...], Meta(max_length=24)] = ()
    boots: Annotated[tuple[Boot, ...], Meta(max_length=MOST_BOOTS)] = ()
    emptied: Annotated[tuple[Part, ...], Meta(max_length=MOST_BOOTS)] = ()
    sign_ins: Count = 0
    courses: Annotated[tuple[CourseUse, ...], Meta(max_length=4096)] = ()
    learning: Annotated[tuple[Learning, ...], Meta(max_length=4096)] = ()
    sessions: Annotated[tuple[Session, ...], Meta(max_length=512)] = ()
    survey: Annotated[tuple[SurveyAnswers, ...], Meta(max_length=512)] = ()
    extra: dict[int, Any] = {}

    @property
    def called(self) -> str:
        """What people call it."""
        if self.undated is None:
            return str(self.day)
        return f"part {self.undated.part + 1} of the undated boot {self.undated.boot.hex()}"

    @property
    def rows(self) -> int:
        """How many rows its tables have."""
        tables = (self.items, self.courses, self.learning, self.sessions, self.survey, self.emptied)
        return sum(len(table) for table in tables)


PLAIN = {
    2: "epoch", 4: "revision", 5: "sequence", 6: "release", 7: "open",
    8: "visitors", 9: "visitors_new_week", 10: "visitors_new_month", 11: "visits", 12: "minutes_up",
    13: "most_phones", 14: "languages", 15: "plays", 16: "seconds_played", 17: "person_seconds",
    18: "local_bytes", 19: "uplink_bytes", 20: "downloads", 21: "group_plays",
}  # fmt: skip
DAY, ITEMS, HOURS, BOOTS, UNDATED, EMPTIED, SIGN_INS, LEVEL = 3, 22, 23, 24, 25, 26, 27, 28
TABLES: dict[int, tuple[str, type[Struct]]] = {
    29: ("courses", CourseUse), 30: ("learning", Learning), 31: ("sessions", Session), 32: ("survey", SurveyAnswers),
}  # fmt: skip
KNOWN = {0, 1, DAY, ITEMS, HOURS, BOOTS, UNDATED, EMPTIED, SIGN_INS, LEVEL, *PLAIN, *TABLES}


def seal(day: SiteDay, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """The bytes to store and send, unchanged, however often; `kid` is the hub's id. Raises BadRecord."""
    day = msgspec.structs.replace(
        day,
        items=tuple(sorted(day.items, key=lambda item: item.number)),
        boots=tuple(sorted(set(day.boots))),
        emptied=tuple(sorted(set(day.emptied))),
    )
    if kid != day.hub:
        raise BadRecord("A summary is sealed under its own hub's id; give the id of the hub that counted it.")
    check(day)
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


def version_of(day: SiteDay) -> int:
    """The version that a reader of `day` must speak."""
    return VERSION if day.undated or day.emptied or day.level or _tables(day) else OLDEST


def _read(hub: bytes, plain: bytes) -> SiteDay:
    fields = messages.read(plain, Kind.SUMMARY, items=MOST_VALUES, depth=8)
    day = messages.typed(_named(hub, fields), SiteDay)
    check(day)
    if version_of(day) > fields[1]:
        raise BadRecord(f"The summary of {day.called} says more than its version can; update the hub's software.")
    return day


def _to_map(day: SiteDay) -> dict[int, Any]:
    fields = {key: getattr(day, name) for key, name in PLAIN.items()}
    fields |= {0: int(Kind.SUMMARY), 1: version_of(day), 14: dict(sorted(day.languages.items()))}
    fields |= _place(day)
    if day.level is Level.FULL:
        fields |= _use(day)
    fields |= {key: tables.encode_rows(rows) for key, rows in _tables(day).items()}
    fields |= {key: value for key, value in _optional(day).items() if value} | day.extra
    return dict(sorted(fields.items()))


def _tables(day: SiteDay) -> dict[int, Any]:
    """Those that version 1 does not have, and that are not empty."""
    return {key: getattr(day, name) for key, (name, _) in TABLES.items() if getattr(day, name)}


def _use(day: SiteDay) -> dict[int, Any]:
    """Items and hours, packed where the reader knows how to unpack them."""
    use = {ITEMS: tables.encode_items(day.items), HOURS: tables.encode_hours(day.hours)}
    return use if version_of(day) == OLDEST else {key: tables.pack(table) for key, table in use.items()}


def _place(day: SiteDay) -> dict[int, Any]:
    if day.undated is None:
        return {DAY: messages.number_of(day.day)} if day.day else {}
    between = [
        None if bound is None else messages.number_of(bound) for bound in (day.undated.after, day.undated.before)
    ]
    return {UNDATED: [day.undated.boot, day.undated.part, *between]}


def _optional(day: SiteDay) -> dict[int, Any]:
    """What is left out where there is nothing to tell."""
    return {
        BOOTS: b"".join(day.boots),
        EMPTIED: [[row.boot, row.part] for row in day.emptied],
        SIGN_INS: day.sign_ins,
        LEVEL: int(day.level),
    }


def _named(hub: bytes, fields: dict[int, Any]) -> dict[str, Any]:
    """What a SiteDay is made of, the tables turned back from columns into rows."""
    level = fields.get(LEVEL, 0)
    named = messages.named(fields, {**PLAIN, SIGN_INS: "sign_ins", LEVEL: "level"}) | {
        "hub": hub,
        "boots": _boots(fields.get(BOOTS, b"")),
        "undated": _undated(fields[UNDATED]) if UNDATED in fields else None,
        "emptied": [{"boot": boot, "part": part} for boot, part in messages.rows(fields.get(EMPTIED, []), 2)],
        "extra": {key: value for key, value in fields.items() if key not in KNOWN},
    }
    named |= {name: tables.decode_rows(fields[key], kind) for key, (name, kind) in TABLES.items() if key in fields}
    if DAY in fields or UNDATED not in fields:
        named["day"] = messages.day_of(fields.get(DAY))
    if any(isinstance(fields[key], bytes) is (fields[1] == OLDEST) for key in {ITEMS, HOURS} & fields.keys()):
        raise BadRecord("The tables of the summary are not of its version; update the hub's software.")
    if level == 0 or {ITEMS, HOURS} & fields.keys():
        named |= {"items": tables.decode_items(fields.get(ITEMS)), "hours": tables.decode_hours(fields.get(HOURS))}
    return named


def _boots(value: Any) -> list[bytes]:
    if not isinstance(value, bytes) or len(value) % 4:
        raise BadRecord("The boots of the summary are no list of tags of four bytes; update the hub's software.")
    boots = [value[at : at + 4] for at in range(0, len(value), 4)]
    if boots != sorted(set(boots)):
        raise BadRecord("The boots of the summary are out of order; update the hub's software.")
    return boots


def _undated(value: Any) -> dict[str, Any]:
    ((boot, part, after, before),) = messages.rows([value], 4)
    bounds = (None if bound is None else messages.day_of(bound) for bound in (after, before))
    return {"boot": boot, "part": part, **dict(zip(("after", "before"), bounds, strict=True))}


def check(day: SiteDay) -> None:
    """Refuse what no true day can be, beyond the range of each number. Raises BadRecord."""
    wrong = next((sentence for holds, sentence in _rules(day) if not holds), None)
    if wrong:
        raise BadRecord(f"The summary of {day.called} contradicts itself ({wrong}); update the hub's software.")


def _rules(day: SiteDay) -> list[tuple[bool, str]]:
    return [
        ((day.day is None) != (day.undated is None), "not one day"),
        (max(day.visitors_new_week, day.visitors_new_month) <= day.visitors, "more new visitors than visitors"),
        (day.person_seconds >= day.seconds_played, "less time for all heads than for one"),
        (day.group_plays <= day.plays, "more plays of groups than plays"),
        (all(item.visitors <= item.plays for item in day.items), "an item with more visitors than plays"),
        (_once([item.number for item in day.items]), "an item listed twice"),
        (_once([row.number for row in day.courses]), "a course listed twice"),
        (_once([row.course for row in day.learning]), "what was learnt in a course listed twice"),
        (_once([(row.question, row.wave) for row in day.survey]), "a question listed twice"),
        (list(day.emptied) == sorted(set(day.emptied)), "emptied parts out of order"),
        (all(_is_scored(row) for row in day.learning), "more points than tests can give"),
        (_is_of_its_level(day), "tables that are not of its level"),
        (not KNOWN & day.extra.keys() and all(key >= 0 for key in day.extra), "an extra field with a key in use"),
    ]


def _once(names: list[Any]) -> bool:
    return len(set(names)) == len(names)


def _is_scored(row: Learning) -> bool:
    return row.pre_points <= 100 * row.pre_taken and row.post_points <= 100 * row.post_taken


def _is_of_its_level(day: SiteDay) -> bool:
    """Items and hours stand at FULL, courses in their place at COURSES, no table at TOTALS."""
    has_courses, has_others = bool(day.courses), bool(day.learning or day.sessions or day.survey)
    if day.level is Level.FULL:
        return len(day.hours) == 24 and not has_courses
    return not day.items and not day.hours and (day.level is Level.COURSES or not (has_courses or has_others))
