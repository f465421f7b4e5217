"""Decides what to bring, in which order, and what has to go for it: pure rules over plain values.

    made = plan(wanted, held, wishes, Limits(budget=2_000_000, free=10**9), offers)
    for step in made.steps: ...        # Get(blob, start, end), Take(offer, ranges, blobs), Evict(item, blobs)
    made.left                          # Left(item, reason, bytes): what is not brought whole this time, and why

The order: blobs that were found damaged; then a delta that is small; then texts, with which a release can be shown;
then what is pinned, what villagers asked for, small before large, used before unused. What the budget does not reach is
begun as far as it goes: a film larger than a day's bytes comes in a few days. What does not fit beside the reserve is
not brought; less needed items that nobody pinned make room for more needed ones, never for their equals, so that
nothing comes and goes in turn.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from content_cache.records import Blob  # noqa: TC001 (msgspec reads the annotations)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BLOCK = 4096
REQUEST = 600  # bytes that asking for one file costs besides its own, both ways
SMALL = 128 * 2**10
CHEAP = 256 * 2**10
TEXTS = (1,)  # a need that takes the place of all that nobody pinned: without its texts no release can be shown
BUDGET, SPACE, REMOVED = "budget", "space", "removed"


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What people want of the library. A subject is the slug of a course or the id of an item, `course/item`.

    `asked` counts villagers' requests by item, `use` plays lately. Items in `keep` stay although a release drops them.
    """

    pinned: frozenset[str] = frozenset()
    asked: dict[str, int] = {}
    removed: frozenset[str] = frozenset()
    use: dict[str, int] = {}
    keep: frozenset[str] = frozenset()

    def is_pinned(self, item: str) -> bool:
        return item in self.pinned or item.partition("/")[0] in self.pinned

    def is_removed(self, item: str) -> bool:
        return not self.is_pinned(item) and (item in self.removed or item.partition("/")[0] in self.removed)


class Wanted(NamedTuple):
    """An item that lacks blobs: those that are small texts, and those that are not. `again` are found damaged."""

    item: str
    texts: tuple[Blob, ...]
    others: tuple[Blob, ...]
    again: tuple[Blob, ...] = ()

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """All that it lacks, the damaged first."""
        return (*self.again, *self.texts, *self.others)


class Held(NamedTuple):
    """Blobs here that could go, and what for: an item, or nothing ("") if only the release before has them.

    `is_old` are those of an old version that serves until the new one is here.
    """

    item: str
    blobs: tuple[Blob, ...]
    is_old: bool = False


class Limits(NamedTuple):
    """Bytes that may cross the line, or None for any number; and bytes free on the disk beside the reserve."""

    budget: int | None
    free: int


class Offer(NamedTuple):
    """Another way to get many blobs: ranges of the file at `path`, and which of them make which blob.

    `costs` are the bytes of each range that are not here yet.
    """

    path: str
    ranges: Sequence[tuple[int, int]]
    makes: Mapping[str, tuple[int, ...]]
    costs: Sequence[int]


class Get(NamedTuple):
    """Fetch the blob's file from byte `start` up to before `end` of what travels."""

    blob: Blob
    start: int
    end: int

    @property
    def bytes(self) -> int:
        """What travels for it."""
        return self.end - self.start


class Take(NamedTuple):
    """Fetch these ranges of an offer, by number, and make the blobs out of them."""

    offer: Offer
    ranges: list[int]
    blobs: list[Blob]

    @property
    def bytes(self) -> int:
        """What travels for it."""
        return sum(self.offer.costs[number] for number in self.ranges)


class Evict(NamedTuple):
    """Let the blobs go."""

    item: str
    blobs: tuple[Blob, ...]


class Left(NamedTuple):
    """An item that will not be whole, why, and how many bytes of it remain to travel."""

    item: str
    reason: str
    bytes: int


class Plan(NamedTuple):
    """Steps in order, what is left and why, the bytes that will cross the line, and the blobs that have no room."""

    steps: list[Get | Take | Evict]
    left: list[Left]
    bytes: int
    crowded: list[Blob]


def travels(blob: Blob) -> int:
    """Bytes of the blob's file as it lies in a repository."""
    return blob.size if blob.packed is None else blob.packed


def room(blob: Blob) -> int:
    """Bytes of disk that the blob takes."""
    return -(-blob.size // BLOCK) * BLOCK


def need(item: str, wishes: Wishes, *, is_old: bool = False) -> tuple[int, ...]:
    """How much an item is needed; what is more needed may take the place of what is less."""
    if not item:
        return (-1,)
    use = wishes.use.get(item, 0)
    return (wishes.is_pinned(item), min(wishes.asked.get(item, 0), 1), use.bit_length(), not is_old)


NO_WISHES = Wishes()
NO_LIMITS = Limits(None, 2**62)


def plan(
    wanted: Iterable[Wanted],
    held: Iterable[Held] = (),
    wishes: Wishes = NO_WISHES,
    limits: Limits = NO_LIMITS,
    offers: Sequence[Offer] = (),
    known: Mapping[str, int] = {},
) -> Plan:
    """What to do. `known` are bytes that came already, of blobs by hash."""
    return _Planning(held, wishes, limits, offers, known).plan(list(wanted))


class _Planning:
    """The budget and the room that are left while steps are added."""

    def __init__(
        self,
        held: Iterable[Held],
        wishes: Wishes,
        limits: Limits,
        offers: Sequence[Offer],
        known: Mapping[str, int],
    ) -> None:
        self._wishes, self._known, self._offers = wishes, known, offers
        self._budget = 2**62 if limits.budget is None else max(limits.budget, 0)
        self._held = _Evictable(held, wishes)
        self._free = limits.free
        self._spent = 0
        self._steps: list[Get | Take | Evict] = []
        self._left: list[Left] = []
        self._done: set[str] = set()
        self._no_room: set[str] = set()
        self._crowded: list[Blob] = []
        self._taken: set[tuple[int, int]] = set()

    def plan(self, wanted: list[Wanted]) -> Plan:
        self._ways = _ways(wanted, self._offers)
        brought = sorted((one for one in wanted if not self._wishes.is_removed(one.item)), key=self._order)
        for gone in self._held.removed:
            self._evict(gone)
        for one in brought:
            self._add(one.item, one.again, need(one.item, self._wishes))
        self._take_cheap_offers({blob.sha256: blob for one in brought for blob in (*one.texts, *one.others)})
        for one in brought:
            self._add(one.item, one.texts, TEXTS)
        for one in brought:
            self._add(one.item, one.others, need(one.item, self._wishes))
        for one in wanted:
            self._say_what_is_left(one)
        return Plan(self._steps, self._left, self._spent, self._crowded)

    def _take_cheap_offers(self, blobs: dict[str, Blob]) -> None:
        """An offer that costs little comes whole and first: picking in it would cost requests."""
        for number, offer in enumerate(self._offers):
            ours = (sha256 for sha256 in offer.makes if self._ways.get(sha256, (-1,))[0] == number)
            found = [blobs[sha256] for sha256 in ours if sha256 in blobs and sha256 not in self._done]
            ranges = {at for blob in found for at in offer.makes[blob.sha256]}
            cost = sum(offer.costs[at] for at in ranges) + REQUEST * len(ranges)
            if cost <= min(CHEAP, self._budget) and sum(map(room, found)) <= self._free:
                for blob in found:
                    self._take(blob, number, offer.makes[blob.sha256])

    def _order(self, one: Wanted) -> tuple[Any, ...]:
        wishes = self._wishes
        size = sum(map(travels, one.others))
        # Sizes count by their magnitude, a quarter to four times, so that use decides among what is much alike.
        return (
            not wishes.is_pinned(one.item),
            -wishes.asked.get(one.item, 0),
            (size.bit_length() + 1) // 2,
            -wishes.use.get(one.item, 0),
            size,
            one.item,
        )

    def _evict(self, one: Held) -> None:
        self._steps.append(Evict(one.item, one.blobs))
        self._free += sum(map(room, one.blobs))

    def _add(self, item: str, blobs: tuple[Blob, ...], mine: tuple[int, ...]) -> None:
        """Bring those of an item's blobs that are not planned yet, if all of them have room in the end."""
        lacking = [blob for blob in blobs if blob.sha256 not in self._done]
        if sum(map(self._room_for, lacking)) > self._free + self._held.room_below(mine):
            self._no_room.add(item)
            self._crowded += lacking
            return
        for blob in lacking:
            if self._budget > REQUEST or self._is_known(blob):
                self._bring(blob, mine)

    def _room_for(self, blob: Blob) -> int:
        """Bytes of disk that bringing the blob takes, of which those that came already are taken."""
        beside = 0 if blob.packed is None or blob.sha256 in self._ways else blob.packed
        return room(blob) + max(beside - self._known.get(blob.sha256, 0), -room(blob))

    def _is_known(self, blob: Blob) -> bool:
        """Whether all of it came already, and only waits to be put away."""
        return self._known.get(blob.sha256, 0) >= travels(blob)

    def _bring(self, blob: Blob, mine: tuple[int, ...]) -> None:
        """By an offer if that is cheaper, else the blob's own file, or as much of it as the budget reaches."""
        way = self._ways.get(blob.sha256)
        if way and self._make_room(self._room_for(blob), mine) and self._take(blob, *way):
            return
        total = travels(blob)
        start = min(self._known.get(blob.sha256, 0), total)
        end = min(total, start + max(self._budget - REQUEST, 0))
        needed = self._room_for(blob) if end == total else end - start
        if (end > start or start == total) and self._make_room(needed, mine):
            self._steps.append(Get(blob, start, end))
            self._spend(end - start + REQUEST if end > start else 0)
            self._free -= min(needed, room(blob))
            if end == total:
                self._done.add(blob.sha256)

    def _make_room(self, needed: int, mine: tuple[int, ...]) -> bool:
        """Let go of what is less needed until so many bytes are free, if that helps."""
        if needed > self._free + self._held.room_below(mine):
            return False
        while self._free < needed:
            self._evict(self._held.pop())
        return True

    def _take(self, blob: Blob, offer: int, ranges: tuple[int, ...]) -> bool:
        """Add the ranges of an offer that are not taken yet, if the budget reaches them."""
        new = tuple(number for number in ranges if (offer, number) not in self._taken)
        costs = self._offers[offer].costs
        cost = sum(costs[number] for number in new)
        # Ranges that follow each other come by one request.
        apart = [number for number in new if costs[number] and (offer, number - 1) not in self._taken]
        cost += REQUEST if apart else 0
        if cost > self._budget:
            return False
        last = self._steps[-1] if self._steps else None
        if isinstance(last, Take) and last.offer is self._offers[offer]:
            last.ranges.extend(new)
            last.blobs.append(blob)
        else:
            self._steps.append(Take(self._offers[offer], list(new), [blob]))
        self._taken.update((offer, number) for number in new)
        self._spend(cost)
        self._free -= room(blob)
        self._done.add(blob.sha256)
        return True

    def _spend(self, cost: int) -> None:
        self._budget = max(self._budget - cost, 0)
        self._spent += cost

    def _say_what_is_left(self, one: Wanted) -> None:
        blobs = {blob.sha256: blob for blob in one.blobs}
        lacking = sum(travels(blob) for sha256, blob in blobs.items() if sha256 not in self._done)
        if any(sha256 not in self._done for sha256 in blobs):
            reason = SPACE if one.item in self._no_room else BUDGET
            if self._wishes.is_removed(one.item):
                reason = REMOVED
            self._left.append(Left(one.item, reason, lacking))


class _Evictable:
    """What could go, the least needed first and the largest of equals; `removed` is what somebody does not want."""

    def __init__(self, held: Iterable[Held], wishes: Wishes) -> None:
        self.removed: list[Held] = []
        rows = []
        for one in held:
            size = sum(map(room, one.blobs))
            if one.item and wishes.is_removed(one.item):
                self.removed.append(one)
            elif not one.item or one.is_old or not wishes.is_pinned(one.item):
                rows.append((need(one.item, wishes, is_old=one.is_old), -size, one.item, one))
        rows.sort(key=lambda row: row[:3])
        self._next = 0
        self._held = [row[3] for row in rows]
        self._needs = [row[0] for row in rows]
        self._before = [0, *accumulate(-row[1] for row in rows)]

    def room_below(self, mine: tuple[int, ...]) -> int:
        """Bytes of all that is less needed."""
        return self._before[max(bisect_left(self._needs, mine), self._next)] - self._before[self._next]

    def pop(self) -> Held:
        """The least needed, which is gone then."""
        self._next += 1
        return self._held[self._next - 1]


def _ways(wanted: list[Wanted], offers: Sequence[Offer]) -> dict[str, tuple[int, tuple[int, ...]]]:
    """For each blob the offer that makes it, where all that is wanted of a range costs more by the blobs' own files."""
    lacking = {blob.sha256: blob for one in wanted for blob in one.blobs}
    ways: dict[str, tuple[int, tuple[int, ...]]] = {}
    for number, offer in enumerate(offers):
        saved = [-cost for cost in offer.costs]
        makes = {sha256: ranges for sha256, ranges in offer.makes.items() if sha256 in lacking and sha256 not in ways}
        for sha256, ranges in makes.items():
            whole = travels(lacking[sha256]) + REQUEST
            for at in ranges:
                saved[at] += whole // len(ranges)
        ways.update(
            {sha256: (number, ranges) for sha256, ranges in makes.items() if all(saved[at] >= 0 for at in ranges)}
        )
    return ways
