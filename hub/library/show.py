"""What a lesson's page shows, worked out from the catalogue's records: pure values for the templates.

Lessons are the items of a course in its order. A villager counts them from one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from content_cache.records import File, Item


@dataclass(frozen=True)
class Lesson:
    """An item at its place: the `position`th of `count`, followed by `next`."""

    item: Item
    position: int
    count: int
    next: Item | None

    @property
    def sources(self) -> list[File]:
        """The files that are the lesson itself; a player takes the first that it can play."""
        return [file for file in self.item.files if file.role == "main"]

    @property
    def main(self) -> File:
        return self.sources[0]

    @property
    def poster(self) -> File | None:
        return self.item.file("poster")

    def captions(self, language: str) -> list[tuple[File, bool]]:
        """Each caption file, and whether to show it from the start: the reader's language, else the first."""
        files = [file for file in self.item.files if file.role == "captions"]
        shown = next((file for file in files if (file.language or "").split("-")[0] == language), None)
        shown = shown or (files[0] if files else None)
        return [(file, file is shown) for file in files]


def lessons(items: Sequence[Item]) -> list[Lesson]:
    """The items of a course, each with its place and what follows."""
    following = [*items[1:], None]
    return [
        Lesson(item, position, len(items), after)
        for position, (item, after) in enumerate(zip(items, following, strict=False), start=1)
    ]


def lesson(item: Item, items: Sequence[Item]) -> Lesson:
    """`item`, which is one of the `items` of its course, at its place."""
    place = next(place for place in lessons(items) if place.item.number == item.number)
    return Lesson(item, place.position, place.count, place.next)


def address(file: File) -> str:
    """Where the hub serves the file."""
    return f"/media/{file.sha256}/{file.name}"
