"""What becomes of a record that arrived, and which days are missing: pure rules over plain values.

The whole state of a (hub, epoch, day) is sent, with a revision, so the highest revision is right, whatever the order in
which they come and however often. Two records of one revision that differ cannot both be true: that is an alarm.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Verdict(Enum):
    """KEEP it in place of what is held, or it is HELD already, or it raises an ALARM."""

    KEEP = auto()
    HELD = auto()
    ALARM = auto()


def judge(held: tuple[int, bytes] | None, arrived: tuple[int, bytes]) -> Verdict:
    """Compare the (revision, digest) held, if any, with the one that arrived."""
    if held is None or arrived[0] > held[0]:
        return Verdict.KEEP
    if arrived[0] == held[0] and arrived[1] != held[1]:
        return Verdict.ALARM
    return Verdict.HELD


def gaps(days: Iterable[dt.date], most: int) -> list[dt.date]:
    """The days between the first and the last of `days` that are not among them, the latest `most` of them."""
    missing: list[dt.date] = []
    for later, earlier in pairwise(sorted(set(days), reverse=True)):
        between = min((later - earlier).days - 1, most - len(missing))
        missing += [later - dt.timedelta(days=back) for back in range(1, between + 1)]
    return missing[::-1]
