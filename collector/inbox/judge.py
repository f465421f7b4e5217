"""What becomes of a record that arrived, and which days are missing: pure rules over plain values.

The whole state of a (hub, epoch, place) is sent, with a revision, so the highest revision is right, whatever the order
in which they come and however often. A place is a day, or a part of a boot without a date.

    judge(Held(revision=3, level=TOTALS, columns=2), revision=3, level=FULL)    # Verdict(totals=True, columns=True)

A hub seals each number and each revision once. Two records that share one of them and differ cannot both be true: that
is an alarm. And a hub shows the lineage of its epoch with each batch: if what head office holds is not in it, the box
was put back to an older state, or copied (decision 14).
"""

from __future__ import annotations

import datetime as dt
import itertools
from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from wire.exchange import MARK
from wire.summary import Level, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wire.exchange import Lineage
    from wire.summary import SiteDay

NONCE = 8  # bytes of a nonce that are remembered
MOST_NONCES = 128


class Held(NamedTuple):
    """Of a place: revision and level of the totals that are held, and revision of the columns, if any came."""

    revision: int
    level: int
    columns: int | None


class Verdict(NamedTuple):
    """What of a record takes the place of what is held; nothing, if it is held already."""

    totals: bool
    columns: bool


class Sealed(NamedTuple):
    """What a sealing is called, by number and by place, and its digest."""

    sequence: int
    place: str
    revision: int
    level: int
    digest: bytes


class Line(Enum):
    """A batch comes from the box that head office knows, from a copy that went its own way, or from an older state."""

    SAME = auto()
    FORK = auto()
    BEHIND = auto()


def judge(held: Held | None, revision: int, level: int) -> Verdict:
    """The highest revision gives the totals, of equal ones the fuller; the highest full one gives the columns."""
    if held is None:
        return Verdict(totals=True, columns=level == Level.FULL)
    return Verdict(
        totals=(revision, -level) > (held.revision, -held.level),
        columns=level == Level.FULL and (held.columns is None or revision > held.columns),
    )


def contradicts(one: Sealed, other: Sealed) -> bool:
    """Whether two sealings of one (hub, epoch) cannot both be true."""
    same_name = one.sequence == other.sequence or (one.place, one.revision) == (other.place, other.revision)
    return same_name and one.level == other.level and one.digest != other.digest


def line_of(lineage: Lineage | None, newest: tuple[int, bytes] | None) -> Line:
    """How the box that shows `lineage` stands to the `newest` (sequence, digest) that is held of its epoch."""
    if lineage is None or newest is None:
        return Line.SAME
    sequence, digest = newest
    if sequence > lineage.highest:
        return Line.BEHIND
    mark = lineage.mark(sequence)
    return Line.SAME if mark is None or mark == digest[:MARK] else Line.FORK


def forked_at(lineage: Lineage, held: Iterable[tuple[int, bytes]]) -> tuple[int, bytes] | None:
    """The highest of the `held` (sequence, digest) that is another one in `lineage`; None if all agree.

    The newest alone does not tell: two boxes that seal the same empty day under the same number are of one mind there.
    """
    known: dict[int, list[bytes]] = {}
    for sequence, digest in held:
        known.setdefault(sequence, []).append(digest)
    others = [(number, some[0]) for number, some in known.items() if _is_another(lineage.mark(number), some)]
    return max(others, default=None)


def _is_another(mark: bytes | None, digests: Iterable[bytes]) -> bool:
    return mark is not None and all(digest[:MARK] != mark for digest in digests)


def is_news(*, known_nonce: bool, line: Line, kept: bool, went_back: bool) -> bool:
    """Whether a batch was made since the last one that was: a copy of an old batch tells nothing of today.

    `kept`: it brought a record that was not held; `went_back`: it waits for an older acknowledgement than one before.
    """
    return not known_nonce and (kept or (line is not Line.BEHIND and not went_back))


def remember(nonces: bytes, nonce: bytes) -> tuple[bool, bytes]:
    """Whether `nonce` is among the last MOST_NONCES, and these with it."""
    known = [nonces[at : at + NONCE] for at in range(0, len(nonces), NONCE)]
    if nonce[:NONCE] in known:
        return True, nonces
    return False, b"".join([*known, nonce[:NONCE]][-MOST_NONCES:])


def place_of(day: SiteDay) -> str:
    """What the tables call the day or part."""
    return part_name(day.undated.place) if day.undated else str(day.day)


def part_name(part: Part) -> str:
    """What the tables call a part of a boot."""
    return f"{part.boot.hex()}:{part.part}"


def named_place(place: str) -> dt.date | Part:
    """The day or part of that name."""
    boot, colon, part = place.partition(":")
    return Part(bytes.fromhex(boot), int(part)) if colon else dt.date.fromisoformat(place)


class Span(NamedTuple):
    """Days from `first` to `last`, both of them counted."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


def missing_spans(days: Iterable[dt.date], until: dt.date | None = None) -> list[Span]:
    """The spans that lack between the first and the last of `days`, and on to `until`; what is later is passed over."""
    known = sorted(day for day in set(days) if until is None or day <= until)
    day = dt.timedelta(days=1)
    ends = [*known, until + day] if known and until else known
    return [Span(a + day, b - day) for a, b in pairwise(ends) if (b - a).days > 1]


def without(spans: Iterable[Span], lost: Sequence[Span]) -> list[Span]:
    """`spans` less the days of `lost`."""
    left = list(spans)
    for gone in lost:
        left = [part for span in left for part in _cut(span, gone)]
    return left


def _cut(span: Span, gone: Span) -> list[Span]:
    if gone.last < span.first or gone.first > span.last:
        return [span]
    day = dt.timedelta(days=1)
    before, behind = Span(span.first, gone.first - day), Span(gone.last + day, span.last)
    return [part for part in (before, behind) if part.days > 0]


def latest(spans: Sequence[Span], most: int) -> list[dt.date]:
    """The days of `spans`, which ascend; the latest `most` of them."""
    found: list[dt.date] = []
    for span in reversed(spans):
        between = min(span.days, most - len(found))
        found += [span.last - dt.timedelta(days=back) for back in range(between)]
    return found[::-1]


def is_shared(epochs: Iterable[tuple[dt.date, dt.date]]) -> bool:
    """Whether two boxes report under one identity, by each epoch's (day its first record came, last day it counts).

    One box runs one epoch at a time. If two of them tell of days after both were known here, two boxes run.
    """
    known = sorted(epochs)
    before = itertools.accumulate((last for _, last in known), max)  # no look at each pair: there may be many
    day = dt.timedelta(days=1)
    return any(min(one, last) > came + day for one, (came, last) in zip(before, known[1:], strict=False))
