"""What people order of the library: technicians pin and remove, villagers ask, and both may want it now.

    pin("precio-justo")                     # a course; raises NoSuchSubject if the library knows no such thing
    remove("precio-justo/cuanto-te-cuesta") # an item: evicted, and not brought again
    unpin(subject); bring_back(subject)
    ask("ahorro/la-caja", clock)            # one villager's tap on an item that is coming
    sync_now(); verify_now()                # the worker begins within a minute

Each is one small transaction; the worker acts on it at its next run.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from hub.content.models import PINNED, REMOVED, Ask, Wish, note, note_scrub
from hub.db import writing
from hub.errors import HubError

if TYPE_CHECKING:
    from content_cache.library import Library
    from hub.clock import Clock

MOST_ASKED = 1000  # items; what is asked for beyond is not noted


class NoSuchSubject(HubError):
    """A course or item that the library does not know; the reader takes one that it lists."""

    exit_code = 64


def check_subject(subject: str, library: Library) -> str:
    """`subject` if the release names it, here or coming; raises NoSuchSubject."""
    catalogue = library.catalogue()
    if catalogue is not None:
        with closing(catalogue):
            if (catalogue.item(subject) if "/" in subject else catalogue.course(subject)) is not None:
                return subject
    raise NoSuchSubject(f"The library has no {subject[:100]!r}; `hub content list` shows what it has.")


def pin(subject: str) -> None:
    """Bring it first, and never evict it; a removed one comes back."""
    _wish(subject, PINNED)


def unpin(subject: str) -> None:
    """Let it be brought and evicted like all else."""
    _unwish(subject, PINNED)


def remove(subject: str) -> None:
    """Evict it, and do not bring it again; a pinned one is pinned no more."""
    _wish(subject, REMOVED)


def bring_back(subject: str) -> None:
    """Let what was removed come again."""
    _unwish(subject, REMOVED)


def ask(item: str, clock: Clock) -> None:
    """Count one more who wants an item that is not here."""
    now = clock.moment()
    fields = {"boot": now.boot, "seconds": now.seconds}
    with writing():
        if Ask.get_or_none(Ask.item == item) is None and Ask.select().count() >= MOST_ASKED:
            return
        Ask.insert(item=item, times=1, **fields).on_conflict(
            conflict_target=[Ask.item], update={Ask.times: Ask.times + 1, **fields}
        ).execute()


def sync_now() -> None:
    """Have the worker look for news at once, whatever failed before."""
    with writing():
        note(wanted=True, retry_boot=None, retry_seconds=None)


def verify_now() -> None:
    """Have the worker read all stored bytes again, without its slow pace."""
    note_scrub(wanted=True)


def _wish(subject: str, kind: str) -> None:
    with writing():
        Wish.replace(subject=subject, kind=kind).execute()
        note(wanted=True)


def _unwish(subject: str, kind: str) -> None:
    with writing():
        if Wish.delete().where((Wish.subject == subject) & (Wish.kind == kind)).execute():
            note(wanted=True)
