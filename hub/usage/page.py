"""The usage page as it goes out: rendered and compressed once for each look and language.

pages = UsagePages(clock, library)
pages.page("es").zipped
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from flask import render_template

from content_cache.errors import ContentError
from hub.usage.bars import bars
from hub.usage.days import Days
from hub.usage.week import tell

if TYPE_CHECKING:
    from content_cache.library import Library
    from content_cache.records import Brief
    from hub.clock import Clock
    from hub.usage.days import Look
    from hub.usage.week import Watched, Week


class UsagePages:
    """One for each web process; `page` may be called from any thread, within a request of that language."""

    def __init__(self, clock: Clock, library: Library) -> None:
        self.days = Days(clock, library)
        self._library = library
        self._held: tuple[Look | None, dict[str, str]] = (None, {})

    def page(self, language: str) -> str:
        """The page in the request's language, which is `language`."""
        look = self.days.look()
        held, pages = self._held
        if held is not look:
            pages = {}
            self._held = (look, pages)
        if language not in pages:
            pages[language] = self._render(look)
        return pages[language]

    def _render(self, look: Look) -> str:
        week = tell(look.last, look.days) if look.last else None
        watched = self._named(week.sums.most_watched) if week and not week.few else []
        return render_template("usage/week.html", look=look, week=week, watched=watched, plots=_plots(week))

    def _named(self, watched: list[Watched]) -> list[tuple[Watched, Brief | None]]:
        """Each with what the library calls it; None for an item that is no longer there."""
        try:
            catalogue = self._library.catalogue()
        except ContentError:
            catalogue = None
        if catalogue is None:
            return [(each, None) for each in watched]
        with closing(catalogue):
            return [(each, catalogue.brief(each.item)) for each in watched]


def _plots(week: Week | None) -> dict[str, object]:
    """The bars of each step, none while single days may not be told."""
    if week is None or week.few_days:
        return {}
    return {step: bars(getattr(week, step).points) for step in ("visits", "minutes", "to_end")}
