"""A lesson as an editor writes it: slides, and on each slide steps that show something and say something.

One step adds its lines to the slide while its breaths are spoken. A breath is one line of ``say``: it is spoken in one
go and is one caption, so it must fit in two lines of captions. The limits below are what a phone 360 px wide can show.

    lesson = read(Path("samples/sources/precio-justo/leccion-1.yaml"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from pathlib import Path

MAX_BREATH = 80
MAX_LINE = 26
MAX_LINES = 6

Breath = Annotated[str, Meta(min_length=1, max_length=MAX_BREATH)]
Line = Annotated[str, Meta(min_length=1, max_length=MAX_LINE + 2)]


class BadLesson(Exception):
    """The source of a lesson cannot become a film; the message says where and what to change."""


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """What is spoken, and the lines that appear on the slide as it begins."""

    say: Annotated[list[Breath], Meta(min_length=1)]
    show: list[Line] = []


class Slide(msgspec.Struct, forbid_unknown_fields=True):
    """One page of the film; ``drawing`` names a file in ``dibujos/``."""

    title: Annotated[str, Meta(min_length=1, max_length=MAX_LINE + 2)]
    drawing: str
    steps: Annotated[list[Step], Meta(min_length=1)]

    @property
    def lines(self) -> tuple[str, ...]:
        """All that stands on the slide at its end."""
        return tuple(line for step in self.steps for line in step.show)

    def shown_at(self, step: int) -> int:
        """How many of the lines stand there while step number ``step`` (from 0) is spoken."""
        return sum(len(past.show) for past in self.steps[: step + 1])


class Lesson(msgspec.Struct, forbid_unknown_fields=True):
    """One film; ``name`` is the stem of its files."""

    name: str
    slides: Annotated[list[Slide], Meta(min_length=1)]


def read(source: Path) -> Lesson:
    """Decode one lesson; raises BadLesson with the file's name and the place in it."""
    try:
        lesson = msgspec.yaml.decode(source.read_bytes(), type=Lesson)
    except msgspec.MsgspecError as error:
        raise BadLesson(f"{source}: {error}. Correct that place and make the course again.") from error
    for slide in lesson.slides:
        if len(slide.lines) > MAX_LINES:
            raise BadLesson(f"{source}: the slide '{slide.title}' shows over {MAX_LINES} lines. Split it in two.")
    return lesson
