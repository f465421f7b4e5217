"""What people really did, which no hub can know: for the question how near its figures come.

reality.watched(Sitting("Lupita's phone", "Lupita", 3, "a/b"), now, 0.0, 12.5)
reality.figures()                       # {"visitors": 1, "plays": 1, "minutes": 0.2, "person minutes": 0.6, ...}
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from tests.simulators.crowd.truth import GAP, SHORTEST, TICKS, ticks


class Sitting(NamedTuple):
    """Some people in front of one item on one phone, with pauses of at most half an hour."""

    phone: str
    people: str
    heads: int
    item: str


class Reality:
    """`people` are all who ever looked at a page, `received` the media bytes that phones took off their sockets."""

    def __init__(self) -> None:
        self.people: set[tuple[str, str]] = set()
        self.received = 0
        self._seen: dict[tuple[Sitting, int], int] = defaultdict(int)
        self._last: dict[Sitting, tuple[float, int]] = {}

    def came(self, people: str, month: str) -> None:
        self.people.add((people, month))

    def watched(self, sitting: Sitting, at: float, begin: float, end: float) -> None:
        """Seconds of the item were really played, or looked at, up to the instant `at`."""
        last, number = self._last.get(sitting, (at, 0))
        number += at - last > GAP
        self._last[sitting] = at, number
        self._seen[sitting, number] |= ticks([(begin, end)], 86_400)

    def figures(self) -> dict[str, float]:
        """A visitor is a person in a month, a play a sitting of 5 seconds or more."""
        seen = [(sitting.heads, seen.bit_count()) for (sitting, _), seen in self._seen.items()]
        long = [(heads, played) for heads, played in seen if played >= SHORTEST]
        return {
            "visitors": len(self.people),
            "plays": len(long),
            "minutes": sum(played for _, played in long) / TICKS / 60,
            "person minutes": sum(played * heads for heads, played in long) / TICKS / 60,
            "bytes": self.received,
        }
