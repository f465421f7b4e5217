"""What people want of the library, for the sync to go by: what was decided, asked for, used, and is being watched.

wishes(library, clock)      # content_cache.sync.plan.Wishes
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from content_cache.errors import ContentError
from content_cache.sync.plan import Wishes
from hub.content.models import PINNED, REMOVED, Ask, asked, wished
from hub.db import writing
from hub.usage.halfway import halfway, plays_lately

if TYPE_CHECKING:
    from collections.abc import Iterable

    from content_cache.catalogue import Catalogue
    from content_cache.library import Library
    from hub.clock import Clock


def wishes(library: Library, clock: Clock) -> Wishes:
    """All that is wished now. Use and halfway items are those of the release that serves: others nobody can open."""
    decided = Wishes(pinned=frozenset(wished(PINNED)), removed=frozenset(wished(REMOVED)), asked=asked())
    catalogue = _readable(library)
    if catalogue is None:
        return decided
    with closing(catalogue):
        now = clock.now()
        used = plays_lately(now)
        names = {number: brief.id for number in used if (brief := catalogue.brief(number))}
        began = halfway(lambda number: _seconds(catalogue, number), now)
        return Wishes(
            pinned=decided.pinned,
            removed=decided.removed,
            asked=decided.asked,
            use={name: used[number] for number, name in names.items()},
            keep=frozenset(_names(catalogue, began)),
        )


def granted(library: Library) -> None:
    """Forget that somebody asked for what is here by now."""
    waiting, catalogue = asked(), _readable(library)
    if not waiting or catalogue is None:
        return
    with closing(catalogue):
        here = [name for name in waiting if (item := catalogue.item(name)) is None or not item.coming]
    if here:
        with writing():
            Ask.delete().where(Ask.item.in_(here)).execute()


def _seconds(catalogue: Catalogue, number: int) -> int | None:
    brief = catalogue.brief(number)
    return brief.seconds if brief else None


def _names(catalogue: Catalogue, numbers: Iterable[int]) -> list[str]:
    found = (catalogue.brief(number) for number in numbers)
    return [brief.id for brief in found if brief]


def _readable(library: Library) -> Catalogue | None:
    try:
        return library.catalogue()
    except (ContentError, OSError):
        return None
