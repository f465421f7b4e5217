"""How content delivery fares, for the technician's page, `hub content status` and `hub doctor`.

status(clock, library)          # reads the database and the library alone; no network

Sentences in it (`error`, a stick's `sentence`) are in English for operators; pages put words of their own beside them,
by `state` and `why`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from content_cache.errors import ContentError
from content_cache.sync.progress import Progress, read_progress
from hub.content.holdings import totals
from hub.content.models import Stick, not_before, scrub, state
from hub.content.news import confirmed_on, trusted
from hub.uplink.status import BudgetStatus, budget_status

if TYPE_CHECKING:
    import datetime as dt

    from content_cache.library import Library
    from content_cache.records import Totals
    from hub.clock import Clock, Moment
    from hub.content.models import Content


@dataclass(frozen=True, kw_only=True)
class StickStatus:
    """A stick that is plugged in; `state` is a word of STATES in sticks.py."""

    name: str
    place: str
    state: str
    sentence: str | None
    release: int | None


@dataclass(frozen=True, kw_only=True)
class ScrubStatus:
    """The slow check: bytes read in this pass of `total`, damaged ones met, and when the last whole pass ended."""

    bytes: int
    total: int
    damaged: int
    wanted: bool
    ended: Moment | None


@dataclass(frozen=True, kw_only=True)
class ContentStatus:
    """All of it. On `confirmed` head office signed last that what is known here is its newest; None before it ever did.

    `previous` is the release that a rollback would go back to, `held` the number of one that is not taken because a
    rollback left it; `totals` sum up the one that is served.
    """

    source: str | None
    group: str
    release: str | None
    previous: str | None
    held: int | None
    confirmed: dt.date | None
    checked: Moment | None
    error: str | None
    why: str | None
    failed: Moment | None
    retry_in: float | None
    wanted: bool
    totals: Totals | None
    damaged: int
    progress: Progress | None
    sticks: tuple[StickStatus, ...]
    scrub: ScrubStatus
    budget: BudgetStatus


def status(clock: Clock, library: Library) -> ContentStatus:
    """Reads the database and the library; no network."""
    known, sums, slow = state(), totals(library), scrub()
    here = sums.bytes - sums.coming if sums else 0
    return ContentStatus(
        source=known.url,
        group=known.group,
        release=library.release(),
        previous=_previous(library),
        held=library.held(),
        confirmed=confirmed_on(trusted(library)),
        checked=known.checked,
        error=known.error,
        why=known.why,
        failed=known.failed,
        retry_in=_retry_in(clock, known),
        wanted=known.wanted,
        totals=sums,
        damaged=len(library.store.damaged()),
        progress=read_progress(library),
        sticks=sticks(),
        scrub=ScrubStatus(bytes=slow.bytes, total=here, damaged=slow.damaged, wanted=slow.wanted, ended=slow.ended),
        budget=budget_status(clock),
    )


def _previous(library: Library) -> str | None:
    """The release that a rollback would go back to, if that is allowed."""
    name = library.previous()
    try:
        return name if name is None or int(name.partition("-")[0]) not in library.withdrawn() else None
    except (ContentError, OSError):
        return None


def sticks() -> tuple[StickStatus, ...]:
    """The sticks that are plugged in, in the order of their names."""
    return tuple(
        StickStatus(name=row.name, place=row.place, state=row.state, sentence=row.sentence, release=row.release)
        for row in Stick.select().order_by(Stick.name, Stick.place)
    )


def _retry_in(clock: Clock, known: Content) -> float | None:
    seconds = not_before(known, clock.boot) - clock.since_boot()
    return seconds if seconds > 0 else None
