"""Bars of a plot as plain geometry, in the units of a drawing of WIDTH by HEIGHT, y downwards: pure.

    bars([Point(day, 12, current=True), ...])       # [Bar(point=..., x=8.4, y=20.0, width=34.6, height=96.0), ...]

hub/templates/components/plot.html only writes them down. The number stands above each bar, so there is no scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.usage.week import Point

WIDTH, HEIGHT = 350, 170
TOP, BASE = 24, 140  # of the highest bar, and where all bars stand; day names come below
FILLED = 0.7  # part of its place that a bar takes
SMALLEST = 2  # units; one visit beside a thousand is still seen


class Bar(NamedTuple):
    """One value's bar; `middle` is where its number and its day stand. Without a value, or with 0, no height."""

    point: Point
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


def bars(points: Sequence[Point]) -> list[Bar]:
    """A bar for each point, the highest as high as there is room."""
    most = max((point.value or 0 for point in points), default=0)
    place = WIDTH / max(len(points), 1)
    return [_bar(point, number * place, place, most) for number, point in enumerate(points)]


def _bar(point: Point, left: float, place: float, most: int) -> Bar:
    height = max((BASE - TOP) * point.value / most, SMALLEST) if point.value else 0.0
    width = place * FILLED
    return Bar(point, round(left + (place - width) / 2, 1), round(BASE - height, 1), round(width, 1), round(height, 1))
