"""What people really did, which no hub can know: for the question how near its figures come.

reality.watched("Lupita's phone", people=3, item="a/b", stay=1, seconds=(0.0, 12.5))
reality.figures()                       # {"visitors": 3, "plays": 1, "minutes": 0.2, "person minutes": 0.6, ...}
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from tests.simulators.crowd.truth import SHORTEST, TICKS, ticks


class Sitting(NamedTuple):
    """Some people in front of one item on one phone, until they leave or give the phone on."""

    phone: str
    people: str
    heads: int
    item: str
    stay: int


class Reality:
    """`people` are all who ever looked at a page, `received` the media bytes that phones took off their sockets."""

    def __init__(self) -> None:
        self.people: set[tuple[str, str]] = set()
        self.received = 0
        self._seen: dict[Sitting, int] = defaultdict(int)

    def came(self, people: str, month: str) -> None:
        self.people.add((people, month))

    def watched(self, sitting: Sitting, begin: float, end: float) -> None:
        """Seconds of the item were really played, or looked at."""
        self._seen[sitting] |= ticks([(begin, end)], 86_400)

    def figures(self) -> dict[str, float]:
        """A visitor is a person in a month, a play a sitting of 5 seconds or more."""
        long = {sitting: seen.bit_count() for sitting, seen in self._seen.items() if seen.bit_count() >= SHORTEST}
        return {
            "visitors": len(self.people),
            "plays": len(long),
            "minutes": sum(long.values()) / TICKS / 60,
            "person minutes": sum(seen * sitting.heads for sitting, seen in long.items()) / TICKS / 60,
            "bytes": self.received,
        }
