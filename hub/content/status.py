"""How content delivery fares, for the technician's page, `hub content status` and `hub doctor`.

status(clock, library)          # reads the database and the library alone; no network

Sentences in it (`error`, a stick's `sentence`) are in English for operators; pages put words of their own beside them,
by `state` and `why`.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from content_cache.errors import ContentError
from hub.content.models import PINNED, REMOVED, Stick, asked, moment_of, scrub, state, wished
from hub.content.news import confirmed_on, trusted
from hub.uplink.status import BudgetStatus, budget_status

if TYPE_CHECKING:
    import datetime as dt

    from content_cache.catalogue import Catalogue
    from content_cache.library import Library
    from hub.clock import Clock, Moment


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A sync that runs now: where from, the `step` it is at, bytes `done` of `total`, and seconds left if known."""

    source: str
    step: str
    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class SubjectStatus:
    """A course, or an item: its bytes here and still to come, what was decided about it, how often it was asked for."""

    id: str
    title: str
    here: int
    coming: int
    pinned: bool
    removed: bool
    asked: int


@dataclass(frozen=True, kw_only=True)
class CourseStatus(SubjectStatus):
    """A course with those of its items that are still coming, were removed, pinned or asked for."""

    items: tuple[SubjectStatus, ...]


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

    `previous` is the release that a rollback would go back to. `here` and `coming` are bytes.
    """

    source: str | None
    group: str
    release: str | None
    previous: str | None
    confirmed: dt.date | None
    checked: Moment | None
    error: str | None
    failed: Moment | None
    retry_in: float | None
    wanted: bool
    here: int
    coming: int
    damaged: int
    courses: tuple[CourseStatus, ...]
    progress: Progress | None
    sticks: tuple[StickStatus, ...]
    scrub: ScrubStatus
    budget: BudgetStatus


def status(clock: Clock, library: Library) -> ContentStatus:
    """Reads the database and the library; no network."""
    known, courses, slow = state(), _courses(library), scrub()
    here = sum(course.here for course in courses)
    return ContentStatus(
        source=known.url,
        group=known.group,
        release=library.release(),
        previous=None,
        confirmed=confirmed_on(trusted(library)),
        checked=known.checked,
        error=known.error,
        failed=known.failed,
        retry_in=_retry_in(clock, moment_of(known.retry_boot, known.retry_seconds)),
        wanted=known.wanted,
        here=here,
        coming=sum(course.coming for course in courses),
        damaged=len(library.store.damaged()),
        courses=courses,
        progress=None,
        sticks=sticks(),
        scrub=ScrubStatus(bytes=slow.bytes, total=here, damaged=slow.damaged, wanted=slow.wanted, ended=slow.ended),
        budget=budget_status(clock),
    )


def sticks() -> tuple[StickStatus, ...]:
    """The sticks that are plugged in, in the order of their names."""
    return tuple(
        StickStatus(name=row.name, place=row.place, state=row.state, sentence=row.sentence, release=row.release)
        for row in Stick.select().order_by(Stick.name, Stick.place)
    )


def _courses(library: Library) -> tuple[CourseStatus, ...]:
    try:
        catalogue = library.catalogue()
    except (ContentError, OSError):
        return ()
    if catalogue is None:
        return ()
    pinned, removed, wanted = wished(PINNED), wished(REMOVED), asked()
    with closing(catalogue):
        return tuple(
            _course(catalogue, course.slug, course.title, pinned, removed, wanted) for course in catalogue.courses()
        )


def _course(
    catalogue: Catalogue, slug: str, title: str, pinned: set[str], removed: set[str], wanted: dict[str, int]
) -> CourseStatus:
    items = []
    for item in catalogue.items(slug):
        size, coming = sum(file.size for file in item.files), item.coming
        items.append(
            SubjectStatus(
                id=item.id,
                title=item.title,
                here=max(size - coming, 0),
                coming=coming,
                pinned=item.id in pinned,
                removed=item.id in removed,
                asked=wanted.get(item.id, 0),
            )
        )
    return CourseStatus(
        id=slug,
        title=title,
        here=sum(item.here for item in items),
        coming=sum(item.coming for item in items),
        pinned=slug in pinned,
        removed=slug in removed,
        asked=sum(item.asked for item in items),
        items=tuple(item for item in items if item.coming or item.pinned or item.removed or item.asked),
    )


def _retry_in(clock: Clock, retry: Moment | None) -> float | None:
    now = clock.moment()
    return retry.seconds - now.seconds if retry and retry.boot == now.boot and retry.seconds > now.seconds else None
