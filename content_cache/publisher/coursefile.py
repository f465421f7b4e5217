"""Reads `course.yaml`, which an editor writes by hand (docs/formats/course.md), and says what to mend, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from content_cache.records import SLUG, Kind, Language, Rendition, Seconds, Slug, Text, Title
from content_cache.yamlfile import Problems, compose, each, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "course.yaml"
# Words that people read; a slug as editors wrote it before may be longer.
TopicWords = Annotated[str, Meta(pattern=rf"^(?:{SLUG}|[^\n]{{1,60}})\Z")]

SLUG_MEND = "Write small letters, digits and hyphens, for instance precio-justo"
PATH_MEND = "Write the file's path inside the course folder, for instance lecciones/1.mp4"
MENDS = {
    "course": SLUG_MEND,
    "item": SLUG_MEND,
    "topic": "Write the topic in a few words, for instance Costos y precios; at most 60 letters",
    "cover": "Write the path of a small SVG drawing inside the course folder, for instance dibujos/alcancia.svg",
    "title": "Write a title of 1 to 300 letters",
    "summary": "Write a text of at most 5000 letters",
    "licence": "Write a licence's short name, for instance CC-BY-4.0",
    "credits": "Write who made it, in at most 5000 letters",
    "language": "Write a language tag, for instance es-MX",
    "kind": "Write video, audio, reading, document, image, quiz or package",
    "seconds": "Write a whole number of seconds, for instance 83, or leave it out",
    "file": PATH_MEND,
    "renditions": "Write one line for each below it, for instance 240p: lecciones/1.240p.mp4 or audio: lecciones/1.m4a",
    "poster": PATH_MEND,
    "captions": "Write one line for each language below it, for instance es-MX: lecciones/1.vtt",
    "items": "Write `items:` and below it one `- item: ...` for each item",
}


class ItemDraft(msgspec.Struct, kw_only=True):
    """An item as the editor wrote it."""

    item: Slug
    kind: Kind
    title: Title
    file: str
    summary: Text = ""
    renditions: dict[Rendition, str] = {}
    seconds: Seconds | None = None
    poster: str | None = None
    captions: dict[Language, str] = {}


class CourseDraft(msgspec.Struct, kw_only=True):
    """A course as the editor wrote it."""

    course: Slug
    title: Title
    summary: Text
    language: Language
    topic: TopicWords
    cover: str | None = None
    licence: Text = ""
    credits: Text = ""
    items: list[Any]


class Read(msgspec.Struct):
    """A course file: its fields, and for each item its fields and their lines; `lines` are those of the course."""

    course: CourseDraft | None
    lines: dict[str, int]
    items: list[tuple[ItemDraft, dict[str, int]]]


def read_course_file(path: Path, problems: Problems) -> Read:
    """Read `path`; what is wrong goes to `problems`, what could be read comes back."""
    node = compose(path, "a course", "Begin with `course:` and the course's slug", problems)
    if node is None:
        return Read(None, {}, [])
    fields, lines = mapping(node, CourseDraft, MENDS, problems)
    items = list(_items(node, problems))
    slugs: dict[str, int] = {}
    for item, item_lines in items:
        line = item_lines["item"]
        if (first := slugs.setdefault(item.item, line)) != line:
            problems.add(line, f"item {item.item} is in line {first} already", "Give each item a slug of its own")
    return Read(CourseDraft(**fields) if fields is not None else None, lines, items)


def _items(node: Any, problems: Problems) -> Iterator[tuple[ItemDraft, dict[str, int]]]:
    """The items that can be read; the others have left a problem."""
    for one in each(node, "items", "an item", "Write `- item: slug` and its fields below", problems):
        fields, lines = mapping(one, ItemDraft, MENDS, problems)
        if fields is not None:
            yield ItemDraft(**fields), lines
