"""What a lesson's page shows, worked out from the catalogue's records: pure values for the templates.

Lessons are the items of a course in its order, but for packages, which nothing here plays yet, and what was removed
from this hub. A villager counts them from one. A video may come in several versions, named in addresses: its renditions
as published, and "main" for the file itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from content_cache.records import LIGHT_POSTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from content_cache.records import File, Item


class Version(NamedTuple):
    """One form of a lesson; `saves_data` marks the lightest picture where there is a choice."""

    name: str
    file: File
    saves_data: bool = False

    @property
    def sign(self) -> str:
        """The icon that stands for it."""
        return "saver" if self.saves_data else "audio" if self.name == "audio" else "picture"


@dataclass(frozen=True)
class Lesson:
    """An item at its place: the `position`th of `count`; `wanted` is the version asked for.

    `next` is the first lesson after it that is here: one that is coming would be a dead end.
    """

    item: Item
    position: int
    count: int
    next: Item | None
    wanted: str | None = None

    @property
    def main(self) -> File:
        return next(file for file in self.item.files if file.role == "main")

    @cached_property
    def versions(self) -> list[Version]:
        """From the lightest picture to the best, then the sound alone."""
        files = {file.rendition or "": file for file in self.item.files if file.role == "rendition"}
        sound = files.pop("audio", None)
        pictures = [Version(name, file) for name, file in files.items()] + [Version("main", self.main)]
        pictures.sort(key=lambda version: (version.file.size, version.name))
        if len(pictures) > 1:
            pictures[0] = pictures[0]._replace(saves_data=True)
        return pictures + ([Version("audio", sound)] if sound else [])

    @property
    def chosen(self) -> Version | None:
        """The version asked for, the lightest if none was; None if there is none of that name."""
        if self.wanted is None:
            return self.versions[0]
        return next((version for version in self.versions if version.name == self.wanted), None)

    @property
    def poster(self) -> File | None:
        """The picture to show before it plays, unless that is too heavy for a first view."""
        poster = self.item.file("poster")
        return poster if poster and poster.size <= LIGHT_POSTER else None

    def captions(self, language: str) -> list[tuple[File, bool]]:
        """Each caption file, and whether to show it from the start: the reader's language, else the first."""
        files = [file for file in self.item.files if file.role == "captions"]
        shown = next((file for file in files if (file.language or "").split("-")[0] == language), None)
        shown = shown or (files[0] if files else None)
        return [(file, file is shown) for file in files]


def lessons(items: Sequence[Item]) -> list[Lesson]:
    """The items of a course that villagers see, each with its place and what follows."""
    listed = [item for item in items if item.listed]
    found: list[Lesson] = []
    after: Item | None = None
    for position, item in reversed(list(enumerate(listed, start=1))):
        found.append(Lesson(item, position, len(listed), after))
        after = after if item.coming else item
    return found[::-1]


def lesson(item: Item, items: Sequence[Item], wanted: str | None = None) -> Lesson | None:
    """`item`, which is one of the `items` of its course, at its place; None if villagers do not see it."""
    place = next((place for place in lessons(items) if place.item.number == item.number), None)
    return Lesson(item, place.position, place.count, place.next, wanted) if place else None


def address(file: File) -> str:
    """Where the hub serves the file."""
    return f"/media/{file.sha256}/{file.name}"


def initial(title: str) -> str:
    """The first letter or digit, to draw large."""
    return next((letter.upper() for letter in title if letter.isalnum()), "·")
