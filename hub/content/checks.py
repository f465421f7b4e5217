"""What can be wrong with content delivery, as checks for the technician's page, `/healthz` and `hub doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _
from peewee import PeeweeException

from content_cache.errors import mb
from hub.content.models import state
from hub.content.news import confirmed_on, trust_of, trusted
from hub.health.checks import Check
from hub.uplink.status import budget_status

if TYPE_CHECKING:
    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.uplink.budget import Used


def content_checks(_settings: Settings, clock: Clock, library: Library) -> list[Check]:
    """Whether content can come, and what the uplink has left for it; nothing while the database does not answer."""
    try:
        return [check_content(library), check_budget(clock)]
    except PeeweeException:
        return []


def check_content(library: Library) -> Check:
    """Whether the last look for news went through, and when head office last said that what is here is the newest.

    That it was long ago is no fault: a village without a line has its content by stick.
    """
    known, believed = state(), trusted(library)
    day = confirmed_on(believed)
    facts = {"source": known.url, "group": known.group, "confirmed": day and day.isoformat(), "error": known.error}
    when = _("Content was last confirmed on %(day)s.", day=day.isoformat()) if day else _("No content is signed yet.")
    if known.error:
        sentence = _("The last look for new courses failed; `hub content status` says why. %(when)s", when=when)
        return Check("content", False, sentence, facts)
    if believed is None and not trust_of(library.root).pinned:
        sentence = _(
            "Head office's keys are not known here, so no courses can come; bring its kit, or run"
            " `hub setup --content-root`."
        )
        return Check("content", known.url is None, sentence, facts)
    return Check("content", True, when, facts)


def check_budget(clock: Clock) -> Check:
    """What is spent of the uplink's budget; that it is used up is no fault either."""
    found = budget_status(clock)
    rules, spent = found.rules, found.spent
    facts = {
        "daily": rules.daily,
        "monthly": rules.monthly,
        "today": {"counts": spent.day.counts, "content": spent.day.content},
        "month": {"counts": spent.month.counts, "content": spent.month.content},
    }
    if not rules.limited:
        sentence = _("The uplink has no budget; today %(used)s crossed it.", used=_sum(spent.day))
    elif rules.daily is None:
        sentence = _(
            "This month %(used)s of %(limit)s crossed the uplink.", used=_sum(spent.month), limit=_limit(rules.monthly)
        )
    else:
        used, limit = _sum(spent.day), _limit(rules.daily)
        sentence = _("Today %(used)s of %(limit)s crossed the uplink.", used=used, limit=limit)
    return Check("budget", True, sentence, facts)


def _sum(used: Used) -> str:
    return mb(used.counts + used.content)


def _limit(limit: int | None) -> str:
    return _("no limit") if limit is None else mb(limit)
