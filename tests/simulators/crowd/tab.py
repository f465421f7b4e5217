"""A page that is open on a phone, and its player: what hub/frontend/player.js does with it, by the same numbers.

    tab = Tab(phone, "precio-justo/cuanto-te-cuesta", group=20)
    yield from tab.watch(30)                # plays on for 30 s, telling the hub after 5 s and then each 10 s
    yield from tab.watch(10, begin=0)       # seeks back
    tab.leave()                             # the last state goes as a beacon

Whoever yields waits so many seconds. On a phone without scripts the film plays and nobody tells.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tests.simulators.crowd.reality import Sitting

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.simulators.crowd.phone import Phone

FIRST_AFTER, EVERY = 5, 10  # seconds
NEW_VISIT = 30 * 60
MOST_INTERVALS = 100
LONGEST_STAY = 1800  # seconds on a page without a player
STEP = 0.125  # seconds; times are whole numbers of it


class Tab:
    """`group` is how many people were said to watch, `heads` how many do."""

    def __init__(self, phone: Phone, item: str, *, group: int = 1, heads: int | None = None) -> None:
        self.phone, self.item, self.group = phone, item, group
        self.page = phone.open(f"/items/{item}")
        self.sitting = Sitting(phone.name, phone.people[0], heads or group, item)
        self.length = phone.village.lessons[item].seconds
        self.at = 0.0
        self.playing = False
        self.active = phone.village.now
        self._new_play()
        phone.tabs.append(self)

    @property
    def is_there(self) -> bool:
        return self.page.status in {200, 304}

    def watch(self, seconds: float, begin: float | None = None) -> Generator[float]:
        """Play on, or from `begin`, for so many seconds or to the end; then pause."""
        if begin is not None and self.length is not None:
            self.at = begin
        if not self.is_there:
            return
        if self.phone.village.now - self.active > NEW_VISIT:
            self._new_play()
        self.playing = True
        while seconds > 0 and not self._is_over():
            step = min(seconds, self._until_report())
            yield step
            seconds -= step
            self._advance(step)
            if self._is_due():
                self._tell(self.phone.report)
        self.playing = False
        if self.length is not None and not self.phone.asleep:
            self._tell(self.phone.report)

    def leave(self) -> None:
        """Close the page."""
        if self.is_there and self.phone.scripts and self._seconds() >= (0 if self.length else FIRST_AFTER):
            self._tell(self.phone.leave)
        self.close()

    def close(self) -> None:
        """Close it without a word, as a phone does whose battery is empty."""
        if self in self.phone.tabs:
            self.phone.tabs.remove(self)

    def _new_play(self) -> None:
        self.play: dict[str, Any] = {
            "id": f"{self.phone.dice.getrandbits(128):032x}",
            "item": self.item,
            "intervals": [],
            "group": self.group,
        }
        self._reported: float | None = None

    def _is_over(self) -> bool:
        return self.at >= (LONGEST_STAY if self.length is None else self.length + 0.5)

    def _until_report(self) -> float:
        if self._reported is None:
            return max(FIRST_AFTER - self._seconds(), STEP)
        return max(self._reported + EVERY - self.phone.village.now, STEP)

    def _is_due(self) -> bool:
        if self.phone.asleep:
            return False
        if self._reported is None:
            return self._seconds() >= FIRST_AFTER
        return self.phone.village.now - self._reported >= EVERY

    def _advance(self, step: float) -> None:
        begin, self.at = self.at, self.at + step
        self.active = self.phone.village.now
        self.phone.village.reality.watched(self.sitting, self.active, begin, self.at)
        self.play["intervals"] = _merged([*self.play["intervals"], [_rounded(begin), _rounded(self.at)]])

    def _seconds(self) -> float:
        return sum(end - begin for begin, end in self.play["intervals"])

    def _tell(self, how: Callable[[dict[str, Any]], None]) -> None:
        if not self.phone.scripts or not self.play["intervals"]:
            return
        self._reported = self.phone.village.now
        how(self.play)
        if len(self.play["intervals"]) > MOST_INTERVALS:
            self._new_play()


def _rounded(seconds: float) -> float:
    """To hundredths, halves up, as JavaScript rounds."""
    return math.floor(seconds * 100 + 0.5) / 100


def _merged(intervals: list[list[float]]) -> list[list[float]]:
    merged: list[list[float]] = []
    for begin, end in sorted(intervals):
        if merged and begin <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([begin, end])
    return merged
