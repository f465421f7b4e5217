"""Takes in what is on a stick as soon as it is plugged in, if head office signed it and it is newer.

    look(Path("/media"), clock, take)        # whether there was something to do; `take` brings from a source

A stick is only ever read. What is not signed, or not by head office, is left alone, and the technician's page says so
in a sentence; so does it while a stick is read, and when it was pulled out too early: what was taken in by then is
kept, and the rest is taken when it is plugged in again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from content_cache.errors import Busy, ContentError, NoSpace, OlderRelease, SourceError
from content_cache.sync.source import FolderSource
from content_cache.trust.errors import Expired, NoSuchGroup, NotPinned, NotSigned, TrustError
from hub.content.models import Stick
from hub.content.mounts import FOLDER, repositories, stamp
from hub.db import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from content_cache.sync.source import Source
    from content_cache.sync.synced import Synced
    from hub.clock import Clock

# The words for what became of a stick; pages put a sentence of their own beside each.
READING, TAKEN, KNOWN, BUSY, BROKEN = "reading", "taken", "known", "busy", "broken"
STATES = {
    READING: "It is being read.",
    TAKEN: "What was new on it is here now.",
    KNOWN: "Nothing on it is new.",
    "older": "It is older than what is here.",
    "unsigned": "Nobody signed what is on it.",
    "foreign": "Head office did not sign what is on it, or it was changed since.",
    "expired": "It was signed too long ago.",
    "unpinned": "This hub does not know head office's keys yet.",
    "group": "It holds nothing for the group of this hub.",
    "full": "The disk has too little room.",
    BUSY: "Another sync is under way.",
    BROKEN: "It cannot be read, or was pulled out.",
}
BY_ERROR: tuple[tuple[type[ContentError], str], ...] = (
    (NotSigned, "unsigned"),
    (NotPinned, "unpinned"),
    (Expired, "expired"),
    (NoSuchGroup, "group"),
    (OlderRelease, "older"),
    (TrustError, "foreign"),
    (NoSpace, "full"),
    (Busy, BUSY),
    (SourceError, BROKEN),
    (ContentError, BROKEN),
)
AGAIN = {"unpinned", "expired", "group", "full", BROKEN}  # may go otherwise next time without another stick
WAIT = 120.0  # seconds


def look(under: Path, clock: Clock, take: Callable[[Source], Synced]) -> bool:
    """Look at what is plugged in, and `take` what may be new; whether there was anything to do."""
    known = {row.place: row for row in Stick.select()}
    found = {str(place): place for place in repositories(under)}
    gone = known.keys() - found.keys()
    if gone:
        with writing():
            Stick.delete().where(Stick.place.in_(gone)).execute()
    due = [place for name, place in found.items() if _is_due(known.get(name), stamp(place), clock)]
    for place in due:
        _take(place, clock, take)
    return bool(gone or due)


def _is_due(known: Stick | None, seen: str, clock: Clock) -> bool:
    if known is None or known.stamp != seen or known.state in {READING, BUSY}:
        return True
    now = clock.moment()
    return known.state in AGAIN and (known.boot != now.boot or now.seconds - known.seconds >= WAIT)


def _take(place: Path, clock: Clock, take: Callable[[Source], Synced]) -> None:
    seen = stamp(place)
    _note(place, clock, state=READING)
    try:
        synced = take(FolderSource(place))
    except ContentError as error:
        _note(place, clock, state=word_for(error), sentence=str(error))
        return
    if synced.problems or stamp(place) != seen:
        _note(place, clock, state=BROKEN, sentence=next(iter(synced.problems), None), release=synced.number)
    elif not synced.stopped:  # else it is read on when the hub runs again
        is_new = synced.changed or synced.blobs > 0
        _note(place, clock, state=TAKEN if is_new else KNOWN, release=synced.number)


def word_for(error: ContentError) -> str:
    """The word of STATES for what went wrong."""
    return next(word for kind, word in BY_ERROR if isinstance(error, kind))


def _note(place: Path, clock: Clock, **fields: object) -> None:
    """Write down how the stick fares, unless it is gone."""
    now, seen = clock.moment(), stamp(place)
    name = place.parent.name if place.name == FOLDER else place.name
    row = {"name": name, "sentence": None, "release": None, "stamp": seen, "boot": now.boot, "seconds": now.seconds}
    with writing():
        Stick.replace(place=str(place), **row | fields).execute()
