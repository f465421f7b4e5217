"""When what is coming will be here: at the pace of the link while the budget lasts, else at the budget's pace.

forecast(40_000_000, 2_500.0, room, rules)      # Forecast(seconds=16000.0, days=None)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hub.uplink.budget import kept_for_counts

if TYPE_CHECKING:
    from hub.uplink.budget import Room, Rules

DAYS_OF_MONTH = 31


class Forecast(NamedTuple):
    """`seconds` if it may all come at once, `days` if the budget spreads it; neither if nobody can tell."""

    seconds: float | None = None
    days: int | None = None


def forecast(remaining: int, pace: float | None, room: Room, rules: Rules) -> Forecast:
    """How long `remaining` bytes take: `pace` is bytes a second if any come now, `room` what content may use."""
    if room.left is None or remaining <= room.left:
        return Forecast(seconds=remaining / pace if pace else None)
    a_day = _a_day(rules)
    return Forecast(days=-(-(remaining - room.left) // a_day) if a_day > 0 else None)


def _a_day(rules: Rules) -> int:
    """Bytes of content that the budget allows on a day; 0 if that cannot be said: free nights, hours alone."""
    if rules.free:
        return 0
    limits = [(rules.daily, 1), (rules.monthly, DAYS_OF_MONTH)]
    a_day = [(limit - kept_for_counts(limit, days)) // days for limit, days in limits if limit is not None]
    return min(a_day, default=0)
