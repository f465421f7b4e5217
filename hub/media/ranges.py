"""Which part of a blob answers a request: a pure decision (RFC 9110, sections 13 and 14).

    decide(size=1000, etag='"ab"', range_="bytes=0-99")     # Part(206, start=0, length=100, ...)

A range that cannot be read is ignored, several ranges are answered with the whole (both allowed by section 14.2),
and only a range that lies wholly behind the end is refused, with the size, so that the phone can ask again.
"""

from __future__ import annotations

import re
from typing import NamedTuple

RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII | re.IGNORECASE)

OK, PARTIAL, NOT_MODIFIED, UNSATISFIABLE = (
    "200 OK",
    "206 Partial Content",
    "304 Not Modified",
    "416 Range Not Satisfiable",
)


class Part(NamedTuple):
    """The answer's status, and its body as `length` bytes from `start` on."""

    status: str
    start: int
    length: int


def decide(*, size: int, etag: str, range_: str = "", if_range: str = "", if_none_match: str = "") -> Part:
    """Take the headers as they came (empty if absent) and a strong `etag` with its quotes."""
    if if_none_match and _names(if_none_match, etag):
        return Part(NOT_MODIFIED, 0, 0)
    if not range_ or (if_range and if_range.strip() != etag):
        return Part(OK, 0, size)
    return _part(range_, size)


def _names(if_none_match: str, etag: str) -> bool:
    """Weak comparison (RFC 9110, section 13.1.2): a proxy may have weakened our tag."""
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in ("*", etag) for tag in tags)


def _part(range_: str, size: int) -> Part:
    match = RANGE.fullmatch(range_)
    if match is None or match.group(1, 2) == ("", ""):
        return Part(OK, 0, size)
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return Part(OK, 0, size)
    if start >= size:
        return Part(UNSATISFIABLE, 0, 0)
    return Part(PARTIAL, start, end - start + 1)
