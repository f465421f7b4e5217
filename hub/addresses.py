"""Addresses: the hub's own on each of its networks, and where a request came from.

    came_from(environ)                          # IPv4Address('10.44.0.7'), or None
    within(came_from(environ), networks("10.45.0.0/24 169.254.0.0/16"))

Fixed, so that a printed label stays true (docs/operating/portal.md). A header that claims another address, such as
X-Forwarded-For, is never read.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The village's network is wide: phones that change their MAC use many addresses.
VILLAGE_NETWORK, VILLAGE_ADDRESS = "10.44.0.0/22", "10.44.0.1"
SETUP_NETWORK, SETUP_ADDRESS = "10.45.0.0/24", "10.45.0.1"
# A laptop that gets no address by DHCP gives itself one of 169.254.0.0/16 (RFC 3927), and is at once beside this one.
CABLE_NETWORK, CABLE_ADDRESS = "169.254.0.0/16", "169.254.44.1"
# All names but the hub's lead here: phones take a private address for "no Internet" and never show the portal.
PORTAL_ADDRESS = "198.51.100.1"  # TEST-NET-2, RFC 5737
# In a request's environ: a function that tells the hub's end of the connection, as getsockname(2) does (hub/server.py).
ARRIVED_AT = "hub.arrived_at"

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """The networks in `text`, with blanks or commas between them; raises ValueError for one that is none."""
    return tuple(ip_network(part) for part in text.replace(",", " ").split())


def within(address: Address | None, those: Iterable[Network]) -> bool:
    """Whether `address` lies in one of `those`; one that is not known lies nowhere."""
    return address is not None and any(address in network for network in those)


def came_from(environ: Mapping[str, Any]) -> Address | None:
    """The address at the other end of the connection, as IPv4 where it is that (RFC 4291, section 2.5.5.2)."""
    return address_of(environ.get("REMOTE_ADDR", ""))


def phone_of(environ: Mapping[str, Any]) -> str:
    """The same in one way of writing, to tell phones apart by; "" if it is not known."""
    return str(came_from(environ) or "")


@lru_cache(maxsize=4096)
def address_of(text: str) -> Address | None:
    """The address that `text` is, or None."""
    try:
        found = ip_address(text.partition("%")[0])  # without the zone of a link-local one (RFC 4007)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
