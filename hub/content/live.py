"""What the technician sees of content at one look: how it fares now, when it will be here, and what the link has left.

live(hub)       # reads the database and the library alone; no network
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hub.clock import ago, dated
from hub.content.forecast import Forecast, forecast
from hub.content.holdings import counts, next_to_come
from hub.content.models import Copy
from hub.content.mounts import FOLDER, mounted
from hub.content.status import ContentStatus, StickStatus, status

if TYPE_CHECKING:
    import datetime as dt

    from hub.app import Hub
    from hub.clock import Clock, Moment
    from hub.content.holdings import Row


class When(NamedTuple):
    """A moment as far as it can be told: the date if its boot is dated, seconds ago if that is known."""

    at: dt.datetime | None
    ago: float | None


class Plugged(NamedTuple):
    """A file system that is plugged in, what became of the repository on it, and of a copy to it."""

    place: str
    name: str
    stick: StickStatus | None
    copy: Copy | None


class Live(NamedTuple):
    """All that the page shows. `remaining` are bytes; `state` is the one thing to say first, a word of `state_of`.

    `held` is the number of a release that was gone back from, and is not taken again.
    """

    content: ContentStatus
    state: str
    remaining: int
    forecast: Forecast
    next: list[Row]
    counts: dict[str, int]
    checked: When | None
    failed: When | None
    scrubbed: When | None
    opens: dt.datetime | None
    plugged: list[Plugged]
    held: int | None


def live(hub: Hub) -> Live:
    """Everything, read now."""
    found = status(hub.clock, hub.library)
    remaining = _remaining(found)
    pace = found.progress.bytes_a_second if found.progress else None
    return Live(
        content=found,
        state=state_of(found, remaining),
        remaining=remaining,
        forecast=forecast(remaining, pace, found.budget.content, found.budget.rules),
        next=next_to_come(hub.library, hub.clock),
        counts=counts(),
        checked=when(found.checked, hub.clock),
        failed=when(found.failed, hub.clock),
        scrubbed=when(found.scrub.ended, hub.clock),
        opens=found.budget.content.opens,
        plugged=_plugged(hub.settings.sticks, found.sticks),
        held=hub.library.held(),
    )


def state_of(found: ContentStatus, remaining: int) -> str:
    """What matters most now: bringing, failed, stopped, asked, coming, empty or whole."""
    if found.progress:
        return "bringing"
    if found.error:
        return "failed"
    if found.wanted:
        return "asked"
    if remaining and found.budget.content.left == 0:
        return "stopped"
    if remaining:
        return "coming"
    return "whole" if found.release else "empty"


def _plugged(under: Path, sticks: tuple[StickStatus, ...]) -> list[Plugged]:
    """What this process sees plugged in, or the worker did. A repository lies at its top or in a folder there."""
    known = {_top(Path(stick.place)): stick for stick in sticks}
    copies = {Path(row.place): row for row in Copy.select()}
    places = sorted({*mounted(under), *known, *copies})
    return [Plugged(str(place), place.name, known.get(place), copies.get(place)) for place in places]


def _top(place: Path) -> Path:
    return place.parent if place.name == FOLDER else place


def _remaining(found: ContentStatus) -> int:
    """Bytes to come: of the sync that runs, which knows of a newer release, or of the release that is served."""
    if found.progress and found.progress.total:
        return found.progress.total - found.progress.done
    return found.totals.coming if found.totals else 0


def when(moment: Moment | None, clock: Clock) -> When | None:
    return When(dated(moment), ago(moment, clock)) if moment else None
