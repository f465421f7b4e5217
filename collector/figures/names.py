"""What courses and items are called, in the reader's language. Head office counts integers; their names come signed.

names = courses_by_number()
title_in({"es-MX": "Metas", "en": "Goals"}, "es")       # Title("Metas", "es-MX")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from collector.names.models import Course

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ELSE = ("es", "en")  # the languages that most readers here have


class Title(NamedTuple):
    """A title and the tag of the language that it is in."""

    text: str
    language: str


NO_TITLE = Title("", "")


def title_in(titles: Mapping[str, str], language: str) -> Title:
    """The title in `language`, else in Spanish, English, any; NO_TITLE if there is none."""
    tags = sorted(titles)
    for wanted in (language, *ELSE):
        for tag in tags:
            if tag.lower().partition("-")[0] == wanted:
                return Title(titles[tag], tag)
    return Title(titles[tags[0]], tags[0]) if tags else NO_TITLE


def title_of(row: str | None, language: str) -> Title:
    """The title in what a table holds."""
    return title_in(msgspec.json.decode(row, type=dict[str, str]), language) if row else NO_TITLE


def courses_by_number(numbers: Iterable[int]) -> dict[int, Course]:
    """What is known of these courses."""
    return {course.number: course for course in Course.select().where(Course.number.in_(list(numbers)))}
