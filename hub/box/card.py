"""Tests the card, or whatever the hub's folder lies on: whether it holds what it says, and how quick it is.

    with FreeSpace(settings.data, keep=settings.reserve_bytes) as space:
        found = run(space, go_on=lambda done, total: None)     # Findings(write_mb=21.4, …); what go_on raises ends it
        found.fails                                            # "", or "lies", "wrong", "slow-write", …

What is asked of it are the least figures of the SD Association's speed class 10 and application performance class A1:
10 MB/s in one go (SD Physical Layer Specification 5.1; https://www.sdcard.org/developers/sd-standard-overview). A1 also
promises 500 small writes a second, 2 ms each. A commit of the database is a few of them and a flush: 100 ms is what
people can still wait for, and what a card that is none of class A1 misses.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hub.box.blocks import BLOCK, PIECE, Blocks, Extent, judge, plan
from hub.errors import NoSpace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hub.box.blocks import Plan

LEAST_WRITE = LEAST_READ = 10.0  # MB a second
MOST_COMMIT = 100.0  # milliseconds, of the middle one
COMMITS = 48  # small writes that are flushed one by one, and timed
FLUSH_EVERY = 8  # pieces of the ruler
LONGEST = 120.0  # seconds of writing, and of reading, after which what was done is judged


class Space(Protocol):
    """What blocks are written to; see freespace.py."""

    size: int
    spans: bool
    extents: list[Extent]

    def write(self, at: int, data: bytes) -> None: ...
    def flush(self) -> None: ...
    def forget(self) -> None: ...
    def read(self, at: int, size: int) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Findings:
    """`spanned` bytes were covered, `blocks` written and read; `wrong` of them came back changed or not at all.

    `real` is about how many bytes the card really holds, if it lies about that. Speeds in MB (10^6) a second; a commit
    in milliseconds, the one in the middle and the longest.
    """

    spanned: int
    blocks: int
    wrong: int
    real: int | None
    write_mb: float
    read_mb: float
    commit_ms: float
    longest_ms: float
    seconds: float

    @property
    def fails(self) -> str:
        """A word for what is the matter, the worst first; empty if nothing is."""
        troubles = {
            "lies": self.real is not None,
            "wrong": self.wrong > 0,
            "slow-write": self.write_mb < LEAST_WRITE,
            "slow-read": self.read_mb < LEAST_READ,
            "slow-commit": self.commit_ms > MOST_COMMIT,
        }
        return next((word for word, is_so in troubles.items() if is_so), "")


def run(
    space: Space,
    go_on: Callable[[int, int], None],
    *,
    timer: Callable[[], float] = time.monotonic,
    blocks: Blocks | None = None,
) -> Findings:
    """Write, flush, forget, read back and judge. `go_on` is told bytes done of all; raises NoSpace, OSError."""
    planned = plan(space.extents)
    if not planned.ruler:
        raise NoSpace("Too little of the disk is free to test it; take a larger card, or remove some courses.")
    return _Run(space, planned, go_on, timer, blocks or Blocks()).run()


class _Run:
    def __init__(
        self,
        space: Space,
        planned: Plan,
        go_on: Callable[[int, int], None],
        timer: Callable[[], float],
        blocks: Blocks,
    ) -> None:
        self._space, self._plan, self._timer, self._blocks = space, planned, timer, blocks
        self._tell, self._done, self._total = go_on, 0, 2 * planned.bytes
        self._began = timer()

    def run(self) -> Findings:
        ruler, write_seconds = self._write_ruler()
        commits, marks = self._write_marks()
        self._space.forget()
        found = list(self._read_marks(marks))
        of_ruler, read_seconds = self._read_ruler(ruler)
        found += of_ruler
        judged = judge(found, self._space.extents)
        return Findings(
            spanned=self._space.size if self._space.spans else 0,
            blocks=len(found),
            wrong=judged.wrong,
            real=judged.real,
            write_mb=_speed(len(ruler) * PIECE, write_seconds),
            read_mb=_speed(len(of_ruler) * BLOCK, read_seconds),
            commit_ms=_middle(commits) * 1000,
            longest_ms=max(commits, default=0.0) * 1000,
            seconds=self._timer() - self._began,
        )

    def _write_ruler(self) -> tuple[list[int], float]:
        """Pieces that were written, and the seconds that it took until they were on the device."""
        seconds, written = 0.0, []
        for number, at in enumerate(self._plan.ruler, start=1):
            piece, began = self._blocks.piece(at), self._timer()
            self._space.write(at, piece)
            if number % FLUSH_EVERY == 0 or number == len(self._plan.ruler):
                self._space.flush()
            seconds += self._timer() - began
            written.append(at)
            self._go_on(PIECE)
            if self._is_late() and number % FLUSH_EVERY == 0:
                break
        return written, seconds

    def _write_marks(self) -> tuple[list[float], list[int]]:
        """Seconds that each of the first flushes took, and the marks that were written."""
        commits, written = [], []
        for number, at in enumerate(self._ordered(), start=1):
            began = self._timer()
            self._space.write(at, self._blocks.make(at))
            if number <= COMMITS or number % COMMITS == 0:
                self._space.flush()
            if number <= COMMITS:
                commits.append(self._timer() - began)
            written.append(at)
            self._go_on(BLOCK)
            if self._is_late():
                break
        self._space.flush()
        return commits, written

    def _ordered(self) -> Sequence[int]:
        """The last mark first, so that a card that is slow past bearing is at least asked for its end."""
        return self._plan.marks[-1:] + self._plan.marks[:-1]

    def _read_ruler(self, ruler: list[int]) -> tuple[list[tuple[int, int | None]], float]:
        found, seconds = [], 0.0
        for at in ruler:
            began = self._timer()
            data = self._read(at, PIECE)
            seconds += self._timer() - began
            found += [(at + i, self._blocks.read(at + i, data[i : i + BLOCK])) for i in range(0, PIECE, BLOCK)]
            self._go_on(PIECE)
            if self._is_late(2):
                break
        return found, seconds

    def _read_marks(self, marks: list[int]) -> Iterator[tuple[int, int | None]]:
        for at in marks:
            yield at, self._blocks.read(at, self._read(at, BLOCK))
            self._go_on(BLOCK)
            if self._is_late(2):
                break

    def _read(self, at: int, size: int) -> bytes:
        try:
            return self._space.read(at, size)
        except OSError:  # a place that cannot be read is one that lost what was written
            return b""

    def _go_on(self, count: int) -> None:
        self._done += count
        self._tell(self._done, self._total)

    def _is_late(self, times: int = 1) -> bool:
        return self._timer() - self._began > LONGEST * times


def _speed(count: int, seconds: float) -> float:
    return count / 1e6 / max(seconds, 1e-6)


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0
