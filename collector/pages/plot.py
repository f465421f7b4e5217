"""Bars of a plot as plain geometry: which days, how high, what each says. The template only writes them down."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH, HEIGHT, TOP, GAP = 360, 120, 8, 2
DAYS = 30
ROUND = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Bar:
    """One day; x, y, width and height in the units of the drawing, y downwards."""

    day: dt.date
    value: float
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Plot:
    """Bars over DAYS days below a line at `top`, a round number."""

    bars: list[Bar]
    top: int
    first: dt.date
    last: dt.date
    total: float | None


def window(newest: dt.date | None, today: dt.date) -> list[dt.date]:
    """The last DAYS days up to today; a site east of us may be a day ahead, a hub with a wrong clock may not."""
    last = min(max(newest or today, today), today + dt.timedelta(days=1))
    return [last - dt.timedelta(days=back) for back in reversed(range(DAYS))]


def plot(values: Mapping[dt.date, float], shown: list[dt.date], *, additive: bool = True) -> Plot:
    """Bars for the days `shown`; a day without a value has none. What is not `additive` has no total over days."""
    top = round_up(max((values.get(day, 0) for day in shown), default=0))
    step = WIDTH / len(shown)
    bars = [_bar(day, values.get(day, 0), index * step, step - GAP, top) for index, day in enumerate(shown)]
    total = sum(bar.value for bar in bars) if additive else None
    return Plot(bars, top, shown[0], shown[-1], total)


def _bar(day: dt.date, value: float, x: float, width: float, top: int) -> Bar:
    height = round((HEIGHT - TOP) * value / top, 1)
    return Bar(day, value, round(x, 1), round(HEIGHT - height, 1), round(width, 1), height)


def round_up(value: float) -> int:
    """A round number that is not below `value` and not far above it, 1 or more."""
    if value <= 10:
        return max(math.ceil(value), 1)
    power = 10 ** math.floor(math.log10(value))
    return next(int(step * power) for step in ROUND if step * power >= value)
