"""What is known of how new the content here is: by the repository, by head office's answers, by sticks.

    trusted(library)                # what head office signed, as this hub knows it: Confirmed, or None
    confirmed_on(known)             # "content last confirmed on"

The trust itself lies with the library. The web process reads this, so python-tuf is loaded only when somebody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from content_cache.errors import ContentError
from hub.clock import dated
from hub.content.models import state
from hub.site import this_site
from hub.uplink.models import state as uplink_state

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from content_cache.library import Library
    from content_cache.trust.anchor import Anchor, Confirmed
    from hub.clock import Moment


def trust_of(library: Path) -> Anchor:
    """What the library in the folder `library` believes."""
    from content_cache.trust.anchor import Anchor  # python-tuf takes its time and memory, and pages never need it

    return Anchor(library / "trust")


def trusted(library: Library) -> Confirmed | None:
    """What this hub believes to be head office's newest; None before anything was signed."""
    try:
        return trust_of(library.root).confirmed
    except (ContentError, OSError):
        return None


def is_news(trusted: Confirmed) -> bool:
    """Whether head office told of something newer than what is trusted."""
    told = uplink_state().content
    return told is not None and told > trusted.snapshot


def confirmed_at(trusted: Confirmed | None) -> Moment | None:
    """When it was last heard that what is trusted is the newest: from the repository, or with an upload's answer."""
    uplink = uplink_state()
    by_answer = uplink.reached if trusted and uplink.content == trusted.snapshot else None
    return max(filter(None, (state().checked, by_answer)), default=None)


def confirmed_on(trusted: Confirmed | None) -> dt.date | None:
    """The last day, at the site, on which head office signed that what is trusted here is its newest.

    Having asked the repository says nothing: somebody on the way may answer with what was signed long ago.
    """
    if trusted is None:
        return None
    uplink = uplink_state()
    heard = dated(uplink.reached) if uplink.reached and uplink.content == trusted.snapshot else None
    return max(filter(None, (trusted.issued, heard))).astimezone(this_site().zone).date()
