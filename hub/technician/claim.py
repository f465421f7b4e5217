"""Who may enter a box that has no administrator yet: whoever stands beside it.

    may_claim(settings, "10.45.0.17", "10.45.0.1")      # True until the first administrator is there

On a box the staff pages answer to the setup network and the cable alone (HUB_STAFF_FROM), and who is on one of them
read the box's own long password off its screen or card, or holds the cable in her hand. That is all the trust there can
be before anybody is known (docs/decisions/0023-the-visit.md). On a laptop HUB_STAFF_FROM is empty, and nobody may:
there the link that `hub setup` prints is the way.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from hub.network.record import CABLE_ADDRESS, SETUP_ADDRESS
from hub.technician.models import Technician

if TYPE_CHECKING:
    from hub.settings import Settings

# A name that leads here by somebody else's DNS must not count as ours: its page could then claim the box (rebinding).
OURS = {CABLE_ADDRESS, SETUP_ADDRESS, "localhost", "127.0.0.1"}


def has_administrator() -> bool:
    """Whether anybody can sign in with a password."""
    return bool(Technician.select().where(Technician.password.is_null(False)).exists())


def may_claim(settings: Settings, address: str, host: str) -> bool:
    """Whether a request from `address` to the name `host` may answer the five questions without an account."""
    if not settings.staff_from or not is_from(settings.staff_from, address):
        return False
    return host.partition(":")[0].lower() in OURS | ({settings.name} - {""}) and not has_administrator()


def is_from(networks: str, address: str) -> bool:
    """Whether `address` lies in one of the `networks`, which are written as in HUB_STAFF_FROM."""
    try:
        told = ip_address(address)
    except ValueError:
        return False
    return any(told in ip_network(one) for one in networks.replace(",", " ").split())
