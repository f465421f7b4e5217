"""The job that keeps the library up to date: looks for news at the fewest bytes, and brings what people wait for.

    look(settings, clock, library, stop)            # whether there was something to do; raises what went wrong
    bring(source, settings, clock, library)         # Synced, from any source, at once
    by_hand("/media/usb", settings, clock, library)  # the same, of a place that a technician names

What head office told with its last answer to an upload costs nothing: if it is what is trusted here already, that
confirms it. Only news, the lack of any word for HUB_CONTENT_EVERY seconds, or somebody's order make the hub ask the
repository. What the budget stopped goes on when it allows it; what failed is tried again after a growing pause, and
leaves a sentence for the technician's page. Both are remembered over restarts.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from content_cache.errors import ContentError, Refused, SourceError
from content_cache.sync.engine import sync
from content_cache.sync.plan import BUDGET
from hub.clock import SIGNED, ago
from hub.content.models import not_before, note, state
from hub.content.news import confirmed_at, is_news, trust_of, trusted
from hub.content.origin import BadPlace, check_place, opened
from hub.content.sticks import word_for
from hub.content.wishes import granted, wishes
from hub.db import writing
from hub.uplink.backoff import wait_after
from hub.uplink.budget import CONTENT
from hub.uplink.ledger import room_now

if TYPE_CHECKING:
    import threading

    from content_cache.library import Library
    from content_cache.sync.source import Source
    from content_cache.sync.synced import Synced
    from content_cache.trust.anchor import Confirmed
    from hub.clock import Clock
    from hub.content.models import Content
    from hub.settings import Settings

PIECE = 64 * 2**10  # bytes that must be allowed for a sync to begin
LATER = 900.0  # seconds until the budget is asked again if it cannot tell when it opens
_random = secrets.SystemRandom()


def look(settings: Settings, clock: Clock, library: Library, stop: threading.Event | None = None) -> bool:
    """Look for news if that is due, and bring what is to be had; whether anything was tried. Raises a ContentError."""
    known = state()
    if known.url is not None and not is_due(known, trusted(library), clock, settings.content_every):
        return False
    if known.wanted:
        with writing():
            note(wanted=False)
    if known.url is None:
        return False
    try:
        with opened(known.url, clock, stop) as (source, budget):
            rate = settings.content_kbit * 125.0 or None
            synced = bring(source, settings, clock, library, stop=stop, budget=budget, rate=rate)
    except Refused:
        _went(clock, _not_before(clock, _seconds_until_allowed(clock)), unfinished=True)
        return True
    except ContentError as error:
        _failed(clock, known, error)
        raise
    _settle(clock, synced)
    believed = trusted(library)
    if believed and is_news(believed):  # head office told of more than the repository has: it may come there late
        _put_off(clock, known)
    return True


def by_hand(place: str | None, settings: Settings, clock: Clock, library: Library, **how: Any) -> Synced:
    """Bring what lies at `place`, or where content comes from, whatever failed before; `how` as for `bring`.

    Raises a ContentError, or BadPlace if nobody said where content comes from. What comes from another place says
    nothing of the usual one.
    """
    where = check_place(place) if place else state().url
    if where is None:
        raise BadPlace(
            "Nobody said where courses come from; name a folder or an address with --from, or once with "
            "`hub setup --content-url`."
        )
    try:
        with opened(where, clock, by_hand=place is not None) as (source, budget):
            synced = bring(source, settings, clock, library, budget=budget, **how)
    except Refused:
        if place is None:
            _went(clock, _not_before(clock, _seconds_until_allowed(clock)), unfinished=True)
        raise
    if place is None:
        _settle(clock, synced)
    return synced


def bring(source: Source, settings: Settings, clock: Clock, library: Library, **how: Any) -> Synced:
    """Believe what head office signed last at `source`, and bring it, as `content_cache.sync.engine.sync` takes `how`.

    Raises a ContentError with the library serving what it served, or more.
    """
    anchor = trust_of(library.root)
    confirmed = anchor.refresh(source, now=clock.at_least())
    clock.raise_floor(confirmed.issued, SIGNED)
    target = anchor.target(state().group)
    try:
        return sync(library, source, target, wishes(library, clock), reserve=settings.reserve_bytes, **how)
    finally:
        granted(library)


def is_due(known: Content, believed: Confirmed | None, clock: Clock, every: float) -> bool:
    """Whether it is time to ask the repository."""
    if not_before(known, clock.boot) > clock.since_boot():
        return False
    if known.wanted or known.failures or known.unfinished or believed is None:
        return True
    if is_news(believed):
        return True
    last = confirmed_at(believed)
    since = ago(last, clock) if last else None
    return since is None or since >= every


def _settle(clock: Clock, synced: Synced) -> None:
    """Write down how a sync ended that nothing stopped but the budget, or the end of the program."""
    unfinished = synced.stopped or any(one.reason == BUDGET for one in synced.left)
    wait = _seconds_until_allowed(clock) if unfinished and not synced.stopped else 0.0
    now, error = clock.moment(), "\n".join(synced.problems[:5]) or None
    checked: dict[str, object] = {"checked_boot": now.boot, "checked_seconds": now.seconds}
    _went(clock, checked | _not_before(clock, wait), unfinished=unfinished, error=error)


def _went(clock: Clock, fields: dict[str, object], *, unfinished: bool, error: str | None = None) -> None:
    now = clock.moment()
    met = {"error_boot": now.boot, "error_seconds": now.seconds} if error else {}
    with writing():
        note(unfinished=unfinished, failures=0, error=error, why="broken" if error else None, **met, **fields)


def _failed(clock: Clock, known: Content, error: ContentError) -> None:
    """Remember why, and when to try again, so that a restart does not knock at once."""
    now = clock.moment()
    why = "offline" if isinstance(error, SourceError) and "://" in str(known.url) else word_for(error)
    _put_off(clock, known, error=str(error), why=why, error_boot=now.boot, error_seconds=now.seconds)


def _put_off(clock: Clock, known: Content, **fields: object) -> None:
    failures = known.failures + 1
    with writing():
        note(failures=failures, **fields, **_not_before(clock, wait_after(failures, _random.random())))


def _not_before(clock: Clock, seconds: float) -> dict[str, object]:
    """The columns that say when to try again."""
    now = clock.moment()
    return {"retry_boot": now.boot, "retry_seconds": now.seconds + seconds}


def _seconds_until_allowed(clock: Clock) -> float:
    """How long until the budget allows a piece."""
    room, now = room_now(clock, CONTENT, least=PIECE), clock.now()
    return (room.opens - now).total_seconds() if room.opens and now else LATER
