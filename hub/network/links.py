"""systemd-networkd's files, one an interface of ours, and the one that keeps NetworkManager's hands off them.

networkd touches interfaces alone that a file names. The cable is a DHCP client, never a server: a hub plugged into
somebody's network takes nothing over. Beside that it always has an address of 169.254.0.0/16, so a laptop that is
plugged straight in, gets no address and gives itself one (RFC 3927) finds the hub there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.addresses import CABLE_ADDRESS, CABLE_NETWORK, SETUP_ADDRESS, SETUP_NETWORK, VILLAGE_ADDRESS, VILLAGE_NETWORK

if TYPE_CHECKING:
    from hub.network.plan import Plan
    from hub.network.record import Network

PREFIX = "05-village-hub-"  # before files of others: the first that fits an interface counts
# Which way out is taken if there are several: the smallest.
METRICS = {"cable": 1024, "wifi": 2048, "modem": 3072}
CABLE_MARK = 4400  # of the first of several ports for a laptop: mark of its connections, and number of its routes
QUIET = ["LinkLocalAddressing=no", "IPv6AcceptRA=no", "LLMNR=no", "MulticastDNS=no", "LLDP=no"]


def networkd(network: Network, plan: Plan) -> dict[str, str]:
    """{file name: text}."""
    files = {}
    for name, interface, address in _inside(plan):
        # An access point has no carrier until hostapd runs, and dnsmasq wants the address to bind to.
        files[f"{PREFIX}{name}.network"] = _file(
            (interface,), [f"Address={address}", "ConfigureWithoutCarrier=yes", "IgnoreCarrierLoss=yes", *QUIET]
        )
    for number, port in enumerate(plan.cables):
        name = f"cable-{port}" if len(plan.cables) > 1 else "cable"
        client = _client("cable", way_out=network.uplink == "cable")
        files[f"{PREFIX}{name}.network"] = _file((port,), ["DHCP=ipv4", *QUIET], *_own(plan, number), client)
    if plan.modems and network.uplink == "modem":
        files[f"{PREFIX}modem.network"] = _file(plan.modems, ["DHCP=ipv4", *QUIET], _client("modem"))
    if plan.uplink_radio:
        files[f"{PREFIX}wifi.network"] = _file((plan.uplink_radio.interface,), ["DHCP=ipv4", *QUIET], _client("wifi"))
    return files


def _own(plan: Plan, number: int) -> list[str]:
    """The cable's own address. If several ports have it, answers leave by the one that firewall.py remembers."""
    address = _with_length(CABLE_ADDRESS, CABLE_NETWORK)
    own = [f"[Address]\nAddress={address}\nScope=link\nDuplicateAddressDetection=none"]
    if len(plan.cables) == 1:
        return own
    table = CABLE_MARK + number
    return [
        *own,
        f"[Route]\nDestination={CABLE_NETWORK}\nScope=link\nTable={table}",
        f"[RoutingPolicyRule]\nFirewallMark={table}\nTable={table}\nPriority=100",
    ]


def network_manager(plan: Plan) -> str:
    """A file for NetworkManager's conf.d; empty if nothing is ours."""
    ours = [*plan.inside, *plan.cables, *plan.modems]
    radios = (plan.village_radio, plan.setup_radio, plan.uplink_radio)
    ours += [radio.interface for radio in radios if radio]
    names = ";".join(f"interface-name:{name}" for name in dict.fromkeys(ours))
    return f"[keyfile]\nunmanaged-devices+={names}\n" if names else ""


def _inside(plan: Plan) -> list[tuple[str, str, str]]:
    sides = [
        ("village", plan.village, _with_length(VILLAGE_ADDRESS, VILLAGE_NETWORK)),
        ("setup", plan.setup, _with_length(SETUP_ADDRESS, SETUP_NETWORK)),
    ]
    return [(name, interface, address) for name, interface, address in sides if interface]


def _with_length(address: str, network: str) -> str:
    return f"{address}/{network.partition('/')[2]}"


def _file(interfaces: tuple[str, ...], network: list[str], *sections: str) -> str:
    head = ["[Match]", f"Name={' '.join(interfaces)}", "", "[Link]", "RequiredForOnline=no", "", "[Network]", *network]
    return "\n\n".join(["\n".join(head), *sections]) + "\n"


def _client(kind: str, *, way_out: bool = True) -> str:
    """A DHCP client that tells nobody the machine's name. Without `way_out` it takes an address and no more."""
    lines = ["[DHCPv4]", "ClientIdentifier=mac", "SendHostname=no", "UseHostname=no", f"RouteMetric={METRICS[kind]}"]
    return "\n".join(lines if way_out else [*lines, "UseGateway=no", "UseRoutes=no", "UseDNS=no", "UseNTP=no"])
