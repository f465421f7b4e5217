"""Plays and minutes by item and by course, under the names that the signed content gives their integers.

What an integer means is the same in every release and on every hub, so names are joined by it and by nothing else. One
that has no name yet counts all the same: among the items as its number, among the courses as a row without a course.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from peewee import JOIN, fn

from collector.db import rows
from collector.figures.names import NO_TITLE, courses_by_number, title_of
from collector.figures.query import COUNTED
from collector.inbox.models import CourseUse, ItemUse, Summary
from collector.names.models import Item
from collector.sites.models import Hub

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True)
class ItemFigures:
    """Use of one item over all days, under its integer; what is not known of it is empty."""

    number: int
    slug: str
    title: str
    language: str
    kind: str
    course: int | None
    course_title: str
    course_language: str
    plays: int
    minutes: int

    def as_json(self) -> dict[str, Any]:
        """The item as the API has it."""
        return asdict(self)


@dataclass(frozen=True)
class CourseFigures:
    """Use of one course's items over some days; without a number, of those whose course is not known."""

    number: int | None
    slug: str
    title: str
    language: str
    plays: int
    minutes: int

    def as_json(self) -> dict[str, Any]:
        """The course as the API has it."""
        return asdict(self)


def items(site_id: str, language: str, most: int | None = None) -> list[ItemFigures]:
    """The items of a site, the most played first."""
    plays = fn.SUM(ItemUse.plays)
    use = ItemUse.select(ItemUse.number, plays, fn.SUM(ItemUse.minutes)).join(Summary).join(Hub)
    use = use.where(Hub.site == site_id, COUNTED).group_by(ItemUse.number).order_by(plays.desc(), ItemUse.number)
    found = rows(use.limit(most).tuples())
    known = _known([row[0] for row in found])
    courses = courses_by_number({item.course for item in known.values() if item.course})
    return [_item(row, known.get(row[0]), courses, language) for row in found]


def _known(numbers: list[int]) -> dict[int, Item]:
    return {
        item.number: item
        for start in range(0, len(numbers), 1000)
        for item in Item.select().where(Item.number.in_(numbers[start : start + 1000]))
    }


def _item(row: Any, item: Item | None, courses: dict[int, Any], language: str) -> ItemFigures:
    number, plays, minutes = row
    course = courses.get(item.course) if item and item.course else None
    title = title_of(item.titles, language) if item else NO_TITLE
    course_title = title_of(course.titles, language) if course else NO_TITLE
    return ItemFigures(
        number=number,
        slug=item.slug if item else "",
        title=title.text,
        language=title.language,
        kind=(item.kind if item else None) or "",
        course=item.course if item else None,
        course_title=course_title.text,
        course_language=course_title.language,
        plays=int(plays),
        minutes=int(minutes),
    )


def courses(
    language: str, site_id: str | None = None, days: tuple[dt.date, dt.date] | None = None
) -> list[CourseFigures]:
    """The courses of a site, or of all, in all days or from the first to the last of `days`, the most played first.

    A course is the sum of its items, and of days that told their courses alone.
    """
    of_items = (
        ItemUse.select(Item.course, fn.SUM(ItemUse.plays), fn.SUM(ItemUse.minutes))
        .join(Summary)
        .join(Hub)
        .join_from(ItemUse, Item, JOIN.LEFT_OUTER, on=(Item.number == ItemUse.number))
        .where(COUNTED)
        .group_by(Item.course)
    )
    alone = CourseUse.select(CourseUse.number, fn.SUM(CourseUse.plays), fn.SUM(CourseUse.minutes)).join(Summary)
    alone = alone.join(Hub).where(COUNTED).group_by(CourseUse.number)
    added: dict[int | None, tuple[int, int]] = {}
    for query in (of_items, alone):
        for number, plays, minutes in rows(_within(query, site_id, days).tuples()):
            before = added.get(number, (0, 0))
            added[number] = (before[0] + int(plays), before[1] + int(minutes))
    names = courses_by_number(number for number in added if number is not None)
    found = sorted(added.items(), key=lambda row: (row[0] is None, -row[1][0], row[0]))
    return [_course((number, *use), names.get(number or 0), language) for number, use in found]


def _within(query: Any, site_id: str | None, days: tuple[dt.date, dt.date] | None) -> Any:
    """`query` for one site, or for some days."""
    if site_id is not None:
        query = query.where(Hub.site == site_id)
    return query if days is None else query.where(Summary.shown.between(*days))


def _course(row: Any, course: Any, language: str) -> CourseFigures:
    number, plays, minutes = row
    title = title_of(course.titles, language) if course else NO_TITLE
    return CourseFigures(number, course.slug if course else "", title.text, title.language, int(plays), int(minutes))
