"""When what is coming will be here, as far as pace and budget tell."""

from __future__ import annotations

import pytest

from hub.content.forecast import Forecast, forecast
from hub.uplink.budget import Room, Rules

MB = 1_000_000


@pytest.mark.parametrize(
    ("remaining", "pace", "room", "rules", "expected"),
    [
        (40 * MB, 2500.0, Room(None), Rules(), Forecast(seconds=16_000.0)),
        (40 * MB, 2500.0, Room(40 * MB), Rules(daily=50 * MB), Forecast(seconds=16_000.0)),
        (40 * MB, None, Room(None), Rules(), Forecast()),
        (40 * MB, 0.0, Room(None), Rules(), Forecast()),
        (40 * MB, 2500.0, Room(4 * MB), Rules(daily=10 * MB), Forecast(days=4)),
        (40 * MB, None, Room(0, "day"), Rules(daily=10 * MB, monthly=31 * MB), Forecast(days=45)),
        (40 * MB, None, Room(0, "day"), Rules(daily=10 * MB, free="00-05"), Forecast()),
        (40 * MB, None, Room(0, "hours"), Rules(hours="06-22"), Forecast()),
        (40 * MB, None, Room(0, "day"), Rules(daily=0), Forecast()),
    ],
)
def test_it_is_as_far_as_pace_and_budget_allow(
    remaining: int, pace: float | None, room: Room, rules: Rules, expected: Forecast
) -> None:
    assert forecast(remaining, pace, room, rules) == expected
