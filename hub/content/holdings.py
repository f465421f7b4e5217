"""What the library holds, for the technician: courses and items with their bytes, what people want, and how it is used.

    totals(library)                         # of the whole release, or None while there is none
    Shelf.of(hub, "coming", page=2)         # courses, a page of them: all, coming, pinned, removed or asked for
    Shelf.of_course(hub, "precio-justo")    # its items; None if there is no such course

However large the library is, a page asks for as many rows as it shows.
"""

from __future__ import annotations

from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from content_cache.catalogue import Catalogue
from content_cache.errors import ContentError
from hub.content.models import PINNED, REMOVED, asked, wished
from hub.usage.halfway import plays_lately

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from content_cache.library import Library
    from content_cache.records import Held, Totals
    from hub.clock import Clock

SHOWN = ("all", "coming", PINNED, REMOVED, "asked")
ON_A_PAGE = 24
NEXT = 6  # items named as the next to come


class Row(NamedTuple):
    """A course or an item. A pin outweighs a removal; `by_course`: not this item but its course was decided about."""

    held: Held
    pinned: bool
    removed: bool
    by_course: bool
    asked: int
    plays: int

    @property
    def here(self) -> int:
        """Bytes; what is coming may have been packed otherwise, so never less than none."""
        return max(self.held.bytes - self.held.coming, 0)


class Shelf(NamedTuple):
    """A page of courses, or of the items of `course`; `page` of `pages`, counted from 1."""

    rows: list[Row]
    page: int
    pages: int
    course: Row | None = None

    @classmethod
    def of(cls, library: Library, clock: Clock, shown: str, page: int) -> Shelf:
        """The page of courses that is nearest to `page`; `shown` is a word of SHOWN."""
        catalogue = readable(library)
        if catalogue is None:
            return cls([], 1, 1)
        with closing(catalogue):
            only = _among(catalogue, shown)
            count = len(only) if only is not None else totals_of(catalogue).courses
            page, pages = _nearest(page, count)
            held = catalogue.held_courses(ON_A_PAGE, (page - 1) * ON_A_PAGE, only=only)
            return cls(_Wanted(catalogue, clock).rows(held), page, pages)

    @classmethod
    def of_course(cls, library: Library, clock: Clock, slug: str, page: int) -> Shelf | None:
        """The page of the course's items that is nearest to `page`."""
        catalogue = readable(library)
        if catalogue is None:
            return None
        with closing(catalogue):
            held = catalogue.held_courses(1, only=[slug])
            if not held:
                return None
            page, pages = _nearest(page, held[0].items)
            wanted = _Wanted(catalogue, clock)
            items = catalogue.held_items(slug, ON_A_PAGE, (page - 1) * ON_A_PAGE)
            return cls(wanted.rows(items), page, pages, wanted.rows(held)[0])


def totals(library: Library) -> Totals | None:
    """Sums over the release that is served; None while there is none, or it cannot be read."""
    catalogue = readable(library)
    if catalogue is None:
        return None
    with closing(catalogue):
        return totals_of(catalogue)


def totals_of(catalogue: Catalogue) -> Totals:
    """The same of a catalogue that is open; added up once, as a release never changes."""
    return _totals(catalogue.path)


@lru_cache(maxsize=2)
def _totals(path: Path) -> Totals:
    with closing(Catalogue(path)) as catalogue:
        return catalogue.totals()


def next_to_come(library: Library, clock: Clock) -> list[Row]:
    """Items that are coming, as far as can be said in the order in which they come: asked for, then the small ones."""
    catalogue = readable(library)
    if catalogue is None:
        return []
    with closing(catalogue):
        wanted = _Wanted(catalogue, clock)
        rows = wanted.rows(catalogue.coming(NEXT * 4)) + wanted.rows(catalogue.coming(NEXT * 4, only=asked()))
    once = {row.held.id: row for row in rows if not row.removed}
    return sorted(once.values(), key=lambda row: (not row.pinned, -row.asked, row.held.coming))[:NEXT]


def readable(library: Library) -> Catalogue | None:
    """The release that is served; None while there is none, or its catalogue cannot be read."""
    try:
        return library.catalogue()
    except (ContentError, OSError):
        return None


def counts() -> dict[str, int]:
    """How many courses and items were pinned, removed and asked for."""
    return {PINNED: len(wished(PINNED)), REMOVED: len(wished(REMOVED)), "asked": len(asked())}


def _among(catalogue: Catalogue, shown: str) -> set[str] | None:
    """The slugs of the courses to show; None for all."""
    if shown == "all":
        return None
    if shown == "coming":
        return catalogue.courses_coming()
    subjects: Iterable[str] = asked() if shown == "asked" else wished(shown)
    slugs = {subject.partition("/")[0] for subject in subjects}
    return {held.id for held in catalogue.held_courses(len(slugs), only=slugs)}


def _nearest(page: int, count: int) -> tuple[int, int]:
    """The page that is there, and how many there are."""
    pages = max(-(-count // ON_A_PAGE), 1)
    return min(max(page, 1), pages), pages


class _Wanted:
    """What was decided, asked for and used, put beside what is held."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._pinned, self._removed, self._asked = wished(PINNED), wished(REMOVED), asked()
        self._plays: dict[str, int] = {}
        for number, count in plays_lately(clock.now()).items():
            if brief := catalogue.brief(number):
                self._plays[brief.id] = count

    def rows(self, held: Iterable[Held]) -> list[Row]:
        return [self._row(one) for one in held]

    def _row(self, held: Held) -> Row:
        both = {held.id, held.id.partition("/")[0]}
        pinned = bool(both & self._pinned)
        removed = not pinned and bool(both & self._removed)
        decided = self._pinned if pinned else self._removed
        return Row(
            held,
            pinned=pinned,
            removed=removed,
            by_course=(pinned or removed) and held.id not in decided,
            asked=self._sum(self._asked, held),
            plays=self._sum(self._plays, held),
        )

    def _sum(self, counts: dict[str, int], held: Held) -> int:
        if held.kind != "course":
            return counts.get(held.id, 0)
        return sum(count for item, count in counts.items() if item.startswith(f"{held.id}/"))
