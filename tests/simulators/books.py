"""What an honest head office holds, in a dictionary: the rules of docs/decisions/0014 and no more.

books = Books(keys.get)
ahead, results = books.take(batch)      # Acknowledged or Refused for each record that was looked at
books.total("plays")                    # epochs added up, what was emptied left out
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from wire.exchange import MARK, Acknowledged, Ahead, Batch, Refused
from wire.summary import Part, SiteDay, digest, unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Place = dt.date | Part
CONTRADICTS = "Head office holds another record of that number, so two hubs may share one identity."


def place_of(day: SiteDay) -> Place:
    """What the record tells of."""
    if day.undated:
        return day.undated.place
    assert day.day is not None
    return day.day


class Books:
    """`kept` is what counts; a record that contradicts it is in `alarms`, and one of a `refuse`d day nowhere."""

    def __init__(self, key_for: Callable[[bytes], Ed25519PublicKey | None]) -> None:
        self._key_for = key_for
        self.kept: dict[tuple[int, Place], SiteDay] = {}
        self.digests: dict[tuple[int, Place], bytes] = {}
        self.emptied: set[tuple[int, Part]] = set()
        self.sealings: dict[tuple[int, int], bytes] = {}  # all that were taken, by epoch and sequence
        self.alarms: list[SiteDay] = []
        self.refuse: dict[dt.date, str] = {}

    def take(self, batch: Batch) -> tuple[Ahead | None, list[Acknowledged | Refused]]:
        """Take the batch in, but for what a box says that is not of the line that is known."""
        ahead = self._ahead(batch)
        results = []
        for sealed in batch.records:
            day, name = unseal(sealed, self._key_for), digest(sealed)
            if not ahead or day.epoch != ahead.epoch or self._has(day, name):
                results.append(self._settle(day, name))
        return ahead, results

    def counted(self) -> Iterator[SiteDay]:
        """Every record that counts, once."""
        for (epoch, place), day in self.kept.items():
            if not isinstance(place, Part) or (epoch, place) not in self.emptied:
                yield day

    def total(self, name: str) -> int:
        """The sum of a field over all that counts."""
        return sum(getattr(day, name) for day in self.counted())

    def _ahead(self, batch: Batch) -> Ahead | None:
        line = batch.lineage
        taken = [sequence for epoch, sequence in self.sealings if line and epoch == line.epoch]
        if line is None or not taken:
            return None
        highest = max(taken)
        mark = self.sealings[line.epoch, highest][:MARK]
        if highest <= line.highest and line.mark(highest) in {None, mark}:
            return None
        counted = [(place, list(day.boots)) for (epoch, place), day in self.kept.items() if epoch == line.epoch]
        return Ahead(line.epoch, highest, mark, counted)

    def _has(self, day: SiteDay, name: bytes) -> bool:
        return self.sealings.get((day.epoch, day.sequence)) == name

    def _settle(self, day: SiteDay, name: bytes) -> Acknowledged | Refused:
        if day.day in self.refuse:
            return Refused(name, self.refuse[day.day])
        place = (day.epoch, place_of(day))
        held = self.kept.get(place)
        same_revision = held is not None and held.revision == day.revision and self.digests[place] != name
        if same_revision or self.sealings.get((day.epoch, day.sequence), name) != name:
            self.alarms.append(day)
            return Refused(name, CONTRADICTS)
        self.sealings[day.epoch, day.sequence] = name
        self.emptied |= {(day.epoch, part) for part in day.emptied}
        if held is None or day.revision > held.revision:
            self.kept[place], self.digests[place] = day, name
        return Acknowledged(day.epoch, day.day, day.revision, name)
