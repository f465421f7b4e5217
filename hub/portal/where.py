"""Where a phone is, and so under which address it reaches the hub.

    here = find(environ)                # Here(kind="village", at="10.44.0.1")
    here.url("/welcome")                # "http://10.44.0.1/welcome"

Whoever is led to the portal's page is led to a number: that needs no name server, which strict private DNS lacks, and
no browser tries https for it first. The library is opened by the hub's name, so that a phone has one place for what it
remembers.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_network
from typing import TYPE_CHECKING, NamedTuple

from hub.addresses import (
    ARRIVED_AT,
    CABLE_ADDRESS,
    CABLE_NETWORK,
    SETUP_ADDRESS,
    SETUP_NETWORK,
    VILLAGE_ADDRESS,
    VILLAGE_NETWORK,
    address_of,
    came_from,
    within,
)

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

VILLAGE, SETUP, CABLE, MACHINE, ELSEWHERE = "village", "setup", "cable", "machine", "elsewhere"
OUR_NETWORKS = (
    (VILLAGE, ip_network(VILLAGE_NETWORK), VILLAGE_ADDRESS),
    (SETUP, ip_network(SETUP_NETWORK), SETUP_ADDRESS),
    (CABLE, ip_network(CABLE_NETWORK), CABLE_ADDRESS),
)


class Here(NamedTuple):
    """`kind` is the network that a phone is in; `at` the hub's address there, with the port unless that is 80.

    Phones reach the pages at port 80 wherever they are served; the firewall sees to that.
    """

    kind: str
    at: str
    port: str = ""

    @property
    def is_for_staff(self) -> bool:
        """Whether this is a network on which staff pages answer."""
        return self.kind in {SETUP, CABLE}

    @property
    def has_portal(self) -> bool:
        """Whether the hub gives out the addresses and names here, so that names of others lead to it."""
        return self.kind in {VILLAGE, SETUP, MACHINE}

    def url(self, path: str, name: str = "") -> str:
        """`path` at the hub, by number or by its `name`."""
        return f"http://{name + self.port if name else self.at}{path}"


def find(environ: WSGIEnvironment) -> Here:
    """Where this request came from."""
    address = came_from(environ)
    kind, own = next(((kind, own) for kind, network, own in OUR_NETWORKS if within(address, [network])), ("", ""))
    if kind in {VILLAGE, SETUP}:
        return Here(kind, own)
    port = "" if environ.get("SERVER_PORT", "80") == "80" else f":{environ['SERVER_PORT']}"
    if not kind:
        kind, own = MACHINE if address is None or address.is_loopback else ELSEWHERE, _arrived_at(environ)
    return Here(kind, own + port, port)


def _arrived_at(environ: WSGIEnvironment) -> str:
    """The hub's end of the connection, as it is written in an address."""
    with suppress(KeyError, OSError):  # another server than ours; a phone that has just hung up
        address = address_of(environ[ARRIVED_AT]()[0])
        if address is not None:
            return f"[{address}]" if address.version == 6 else str(address)
    return "127.0.0.1"
