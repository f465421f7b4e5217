"""What the home page and a topic's page show of a library, however large: few enough to look at, light enough to load.

    home = Home.of(catalogue)
    shelf = Shelf.at(catalogue, "ahorro", 2)        # the second page of a topic, or None

A small library is shown whole. Of a large one the home page shows the first courses of the first topics, and names
the other topics. Drawings are part of a page, so they share a budget of bytes on the wire.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from content_cache.catalogue import Catalogue
    from content_cache.records import Course, Found, Item, Topic

SHOWN_WHOLE = 12  # courses
TOPICS_IN_FULL, COURSES_OF_EACH = 8, 3
TOPICS_NAMED = 150
ON_A_PAGE = 24
NEWS = 4
FOR_DRAWINGS = 7000  # compressed bytes on one page, which has 15,000 in all


class Shelf(NamedTuple):
    """A topic and courses of it; `page` of `pages`, counted from 1."""

    topic: Topic
    courses: list[Course]
    page: int = 1
    pages: int = 1

    @property
    def is_whole(self) -> bool:
        return len(self.courses) == self.topic.courses

    @classmethod
    def at(cls, catalogue: Catalogue, slug: str, page: int) -> Shelf | None:
        """The page of the topic's courses; None if there is no such topic or page."""
        topic = next((topic for topic in catalogue.topics() if topic.slug == slug), None)
        pages = -(-topic.courses // ON_A_PAGE) if topic else 0
        if topic is None or not 1 <= page <= pages:
            return None
        courses = catalogue.courses(slug, limit=ON_A_PAGE, offset=(page - 1) * ON_A_PAGE)
        return cls(topic, courses, page, pages)


@dataclass(frozen=True)
class Home:
    """The home page: courses by topic, the other topics, what is new, and where to start."""

    shelves: list[Shelf] = field(default_factory=list)
    others: list[Topic] = field(default_factory=list)
    news: list[Found] = field(default_factory=list)
    first: Item | None = None

    @property
    def courses(self) -> list[Course]:
        return [course for shelf in self.shelves for course in shelf.courses]

    @property
    def first_course(self) -> Course | None:
        """The course of the first lesson."""
        return next((course for course in self.courses if self.first and course.slug == self.first.course), None)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Home:
        topics = catalogue.topics()
        whole = sum(topic.courses for topic in topics) <= SHOWN_WHOLE
        full, each = (len(topics), None) if whole else (TOPICS_IN_FULL, COURSES_OF_EACH)
        shelves = [Shelf(topic, catalogue.courses(topic.slug, limit=each)) for topic in topics[:full]]
        others, news = topics[full : full + TOPICS_NAMED], catalogue.news(NEWS)
        start = next((course.slug for shelf in shelves for course in shelf.courses if course.here), None)
        return cls(shelves, others, news, _first_here(catalogue.items(start)) if start else None)


def _first_here(items: Iterable[Item]) -> Item | None:
    """The first lesson that can be opened."""
    return next((item for item in items if item.listed and not item.coming), None)


def drawings(courses: Iterable[Course], budget: int = FOR_DRAWINGS) -> dict[str, str]:
    """The covers to put into a page, by course: in order, as long as there is room for the next."""
    found: dict[str, str] = {}
    for course in courses:
        weight = len(zlib.compress(course.cover.encode(), 6)) if course.cover else 0
        if course.cover and weight <= budget:
            budget -= weight
            found[course.slug] = course.cover
    return found
