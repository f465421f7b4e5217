"""Who may enter a box that has no administrator yet: whoever stands beside it.

    may_claim(settings, request.environ)        # True until the first administrator is there

On a box the staff pages answer to the setup network and the cable alone (HUB_STAFF_FROM), and who is on one of them
read the box's own long password off its screen or card, or holds the cable in her hand. That is all the trust there can
be before anybody is known (docs/decisions/0023-the-visit.md). On a laptop HUB_STAFF_FROM is empty, and nobody may:
there the link that `hub setup` prints is the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.addresses import CABLE_ADDRESS, SETUP_ADDRESS, came_from, within
from hub.technician.models import Technician

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.settings import Settings

# A name may lead here by somebody else's DNS, the hub's own as well: its page could then claim the box (rebinding).
OURS = {CABLE_ADDRESS, SETUP_ADDRESS, "localhost", "127.0.0.1"}


def has_administrator() -> bool:
    """Whether anybody can sign in with a password."""
    return bool(Technician.select().where(Technician.password.is_null(False)).exists())


def may_claim(settings: Settings, environ: Mapping[str, Any]) -> bool:
    """Whether this request, as WSGI tells it, may answer the five questions without an account."""
    host = str(environ.get("HTTP_HOST", "")).partition(":")[0].lower()
    return host in OURS and may_be_led(settings, environ)


def may_be_led(settings: Settings, environ: Mapping[str, Any]) -> bool:
    """Whether it came from beside a box that waits for its administrator, by whatever name."""
    near = settings.staff_networks and within(came_from(environ), settings.staff_networks)
    return bool(near) and not has_administrator()
