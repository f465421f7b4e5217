"""Less detail of a site-day, for carriers of few bytes: one SMS of 140 bytes, or a satellite burst of 340.

Both are projections of a day that is sealed in full as well: the full record, or a higher revision, takes their place
at head office, and nothing is ever added to them. For 340 bytes a signed summary of the level COURSES is sealed as any
other. 140 bytes have no room for a signature, so totals are closed with a code (HMAC-SHA256 cut to 16 bytes, RFC 2104
section 5) under what hub and head office share (`sealing.shared_secret`):

    data = seal_totals(day, secret)                         # at most 140 bytes
    open_totals(data, secrets.get)                          # the SiteDay at Level.TOTALS, or BadRecord
    seal(with_courses(day, course_of.get), key, day.hub)    # at most 340 bytes

All numbers of a day at their largest take TOTALS_WORST bytes (127), so 13 are left for languages and boots in the worst
case; a busy day takes about 70 in all. Languages are told as far as there is room, the most used first; boots all, or
head office could not tell later what it has counted: a day of more boots than fit is left to the full record.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire import messages, varint
from wire.errors import BadRecord
from wire.summary import CourseUse, Level, SiteDay, check, seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LONGEST_TOTALS = 140  # bytes of an SMS of 8-bit data, 3GPP TS 23.040 section 9.2.3.24
LONGEST_COURSES = 340  # bytes of an Iridium short burst
TOTALS_WORST = 127
FIRST = b"\xe1"  # version 1; no CBOR of ours, no hexadecimal and no base64 begins with it
HUB, BOOT, CODE = 8, 4, 16  # bytes
NUMBERS = (
    "revision", "sequence", "release", "visitors", "visitors_new_week", "visitors_new_month", "visits", "minutes_up",
    "most_phones", "plays", "seconds_played", "person_seconds", "local_bytes", "uplink_bytes", "downloads",
    "group_plays", "sign_ins",
)  # fmt: skip
TABLES = ("items", "hours", "courses", "learning", "sessions", "survey")
SCALE = Ed25519PrivateKey.from_private_bytes(bytes(32))  # to weigh with; all signatures are of one length
NOT_OURS = "This is no message of a hub; send what the hub made, unchanged."
FORGED = "The message was altered on the way, or is not of the hub it names; it was not accepted."


def seal_totals(day: SiteDay, secret: bytes) -> bytes:
    """The totals of `day` in at most LONGEST_TOTALS bytes. Raises BadRecord for a day that cannot be told so."""
    totals = _totals(day)
    for languages in _fewer(totals.languages):
        body = _body(msgspec.structs.replace(totals, languages=languages))
        if len(body) + CODE <= LONGEST_TOTALS:
            data = body + _code(body, secret)
            open_totals(data, {day.hub: secret}.get)  # what the reader would refuse is never sealed
            return data
    raise BadRecord(f"The totals of {day.called} do not fit {LONGEST_TOTALS} bytes; upload the full record.")


def open_totals(data: bytes, secret_for: Callable[[bytes], bytes | None]) -> SiteDay:
    """The totals in `data`, once its code holds under the secret of the hub it names. Raises BadRecord."""
    hub = hub_of(data)
    secret = secret_for(hub)
    if secret is None:
        raise BadRecord(f"No hub {hub.hex()} is enrolled here; enrol it with `hub setup` first.")
    body, code = data[:-CODE], data[-CODE:]
    if not hmac.compare_digest(_code(body, secret), code):
        raise BadRecord(FORGED)
    day = messages.typed({"hub": hub, **_fields(body[1 + HUB :])}, SiteDay)
    check(day)
    if _body(day) != body:
        raise BadRecord("The message is not in its shortest form; update the hub's software.")
    return day


def hub_of(data: bytes) -> bytes:
    """Which hub's totals these are, by their own word. Raises BadRecord for what is no such message."""
    if not data.startswith(FIRST) or not 1 + HUB + CODE < len(data) <= LONGEST_TOTALS:
        raise BadRecord(NOT_OURS)
    return data[1 : 1 + HUB]


def with_courses(day: SiteDay, course_of: Callable[[int], int | None], most: int = LONGEST_COURSES) -> SiteDay:
    """`day` at Level.COURSES, which seals to at most `most` bytes: its totals, and of its courses the most used.

    `course_of` gives the course of an item, None if it is not known; such use stands in the totals alone. Raises
    BadRecord if the day does not fit even without its courses.
    """
    courses = _courses(day, course_of)
    few, many = 0, len(courses)
    while few < many:
        middle = (few + many + 1) // 2
        few, many = (middle, many) if _fits(day, courses[:middle], most) else (few, middle - 1)
    for count in range(few, -1, -1):
        if _fits(day, courses[:count], most):
            return _of_courses(day, courses[:count])
    raise BadRecord(f"The totals of {day.called} do not fit {most} bytes; upload the full record.")


def _totals(day: SiteDay) -> SiteDay:
    """`day` at Level.TOTALS, every number in its range. Raises BadRecord."""
    if day.day is None or day.emptied:
        raise BadRecord(f"The totals of {day.called} go with its parts, which a short message cannot tell; upload it.")
    messages.day_of(messages.number_of(day.day))
    bare: dict[str, Any] = dict.fromkeys(TABLES, ())
    totals = msgspec.structs.replace(day, level=Level.TOTALS, extra={}, **bare)
    check(messages.typed(msgspec.structs.asdict(totals), SiteDay))
    return totals


def _courses(day: SiteDay, course_of: Callable[[int], int | None]) -> list[CourseUse]:
    """Most used first; among equals the one with the smaller number."""
    plays: Counter[int] = Counter()
    minutes: Counter[int] = Counter()
    for item in day.items:
        course = course_of(item.number)
        if course is not None:
            plays[course] += item.plays
            minutes[course] += item.minutes
    rows = [CourseUse(course, count, minutes[course]) for course, count in plays.items()]
    return sorted(rows, key=lambda row: (-row.plays, -row.minutes, row.number))


def _of_courses(day: SiteDay, courses: Iterable[CourseUse]) -> SiteDay:
    told = tuple(sorted(courses, key=lambda row: row.number))
    bare: dict[str, Any] = dict.fromkeys(TABLES, ()) | {"courses": told}
    return msgspec.structs.replace(day, level=Level.COURSES, extra={}, **bare)


def _fits(day: SiteDay, courses: list[CourseUse], most: int) -> bool:
    return len(seal(_of_courses(day, courses), SCALE, day.hub)) <= most


def _fewer(languages: dict[str, int]) -> Iterator[dict[str, int]]:
    """All of them, then one less each time: the least used goes first."""
    ranked = sorted(languages.items(), key=lambda row: (-row[1], row[0]))
    for count in range(len(ranked), -1, -1):
        yield dict(ranked[:count])


def _body(day: SiteDay) -> bytes:
    """All but the code."""
    if day.day is None:
        raise BadRecord(NOT_OURS)
    first = [day.epoch.to_bytes(4, "big"), varint.write(2 * messages.number_of(day.day) + day.open)]
    numbers = [varint.write(getattr(day, name)) for name in NUMBERS]
    languages = [varint.write(len(day.languages)), *(_language(*row) for row in sorted(day.languages.items()))]
    return b"".join([FIRST, day.hub, *first, *numbers, *languages, *sorted(set(day.boots))])


def _language(tag: str, count: int) -> bytes:
    return varint.write(len(tag)) + tag.encode("ascii") + varint.write(count)


def _fields(rest: bytes) -> dict[str, Any]:
    """What a SiteDay is made of, but the hub."""
    reader = varint.Reader(rest)
    fields: dict[str, Any] = {"epoch": int.from_bytes(reader.take(4), "big"), "level": Level.TOTALS}
    day = reader.number()
    fields |= {"day": messages.day_of(day >> 1), "open": bool(day & 1)}
    fields |= {name: reader.number() for name in NUMBERS}
    fields["languages"] = {_tag(reader): reader.number() for _ in range(reader.number())}
    return fields | {"boots": reader.pieces(BOOT)}


def _tag(reader: varint.Reader) -> str:
    return reader.take(reader.number()).decode("ascii", errors="replace")


def _code(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, hashlib.sha256)[:CODE]
