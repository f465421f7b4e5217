"""nftables' file: one table of ours, replaced in one step, whatever else the machine has.

- A phone reaches ports 53, 67 and 80 of the hub and no other; what it asks of anybody else is brought to the hub (53,
  80) or refused at once, so that no phone waits: a TCP reset, an ICMP error. Other phones it does not reach at all.
- A source address belongs to the interface it came by, so the hub's staff pages may go by it (HUB_STAFF_FROM).
- One phone cannot starve the box: packets, new connections and open ones are limited, phone by phone.
- Villagers get none of the uplink, or so much of it in 24 hours (`share_mb`): counted in both directions by a quota
  that survives a reload, and refused from then on. Names that dnsmasq asks beyond for them are theirs as well, or they
  would be a way around it. What the hub itself sends crosses no quota of theirs.

Chains are named for what they do: `fwd` and `in` are words of nft's own, which it refuses as names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from hub.addresses import (
    CABLE_ADDRESS,
    CABLE_NETWORK,
    PORTAL_ADDRESS,
    SETUP_ADDRESS,
    SETUP_NETWORK,
    VILLAGE_ADDRESS,
    VILLAGE_NETWORK,
)
from hub.network.links import CABLE_MARK
from hub.network.names import NOBODY

if TYPE_CHECKING:
    from hub.network.plan import Plan
    from hub.network.record import Network

TABLE = "village_hub"
# What operators add for themselves, such as a port of theirs; checked with the rest.
OWN_RULES = "/etc/village-hub/nftables/*.nft"
# Nets behind the uplink that are no Internet, so no villager's business: RFC 1918, 6598, 3927, multicast and beyond.
PRIVATE = "{ 10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3 }"

ASKED_MARK = CABLE_MARK - 1  # of connections by which dnsmasq asks beyond
MANY = "{ ip saddr limit rate over 60/second burst 200 packets }"
LIMITS = [
    "udp dport 67 update @dhcp_askers { ether saddr limit rate over 5/second burst 20 packets } drop",
    f"meta l4proto {{ tcp, udp }} th dport 53 update @dns_askers {MANY} drop",
    f"tcp dport 80 ct state new update @callers {MANY} drop",
    "tcp dport 80 ct state new add @talkers { ip saddr ct count over 64 } jump refuse",
    "icmp type echo-request limit rate over 20/second burst 40 packets drop",
]


class Shared(Struct, frozen=True):
    """Bytes of the uplink that villagers took: in this window of 24 hours, and in all."""

    used: int = 0
    total: int = 0


def nftables(network: Network, plan: Plan, *, port: int = 80, shared: Shared | None = None) -> str:
    """The file, for `nft -f`. `port` is where the hub's pages are; `shared` what was taken so far."""
    chains = [
        _state(network, shared or Shared()),
        _anti_spoof(plan),
        _phones(network, plan),
        _divert(plan, port),
        _ports(plan),
        _input(network, plan, port),
        _passing(network, plan),
        _asking(network, plan),
    ]
    body = "\n\n".join(chain for chain in chains if chain)
    return f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{body}\n}}\n"


def _chain(name: str, lines: list[str], hook: str = "") -> str:
    first = [f"type {hook};"] if hook else []
    return "\n".join([f"  chain {name} {{", *(f"    {line}" for line in [*first, *lines]), "  }"])


def _names(names: tuple[str, ...]) -> str:
    """A set of interfaces by name; they need not be there yet."""
    return "{ " + ", ".join(f'"{name}"' for name in names) + " }"


def _state(network: Network, shared: Shared) -> str:
    sets = [
        ("dhcp_askers", "ether_addr", "60s"),
        ("dns_askers", "ipv4_addr", "60s"),
        ("callers", "ipv4_addr", "60s"),
        ("talkers", "ipv4_addr", ""),
        ("sharers", "ipv4_addr", ""),
    ]
    lines = [
        f"  set {name} {{ type {kind}; size 4096; flags dynamic;{f' timeout {timeout};' if timeout else ''} }}"
        for name, kind, timeout in sets
    ]
    if network.share_mb:
        lines += [
            f"  quota share {{ over {network.share_mb * 1_000_000} bytes used {shared.used} bytes }}",
            f"  counter shared {{ packets 0 bytes {shared.total} }}",
        ]
    return "\n".join(lines)


def _anti_spoof(plan: Plan) -> str:
    """Before connections are tracked, so that what is forged costs no memory."""
    lines = ['iifname "lo" accept']
    chains = []
    for name, interface, network, hub in _sides(plan):
        lines += [f'iifname "{interface}" jump from_{name}']
        chains.append(
            _chain(
                f"from_{name}",
                [
                    "meta nfproto ipv6 drop",
                    "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
                    f"ip saddr != {network} drop",
                    f"ip saddr {hub} drop",
                    "accept",
                ],
            )
        )
    lines += [f"ip saddr {{ {VILLAGE_NETWORK}, {SETUP_NETWORK} }} drop"]
    outside = f"iifname != {_names(plan.cables)} " if plan.cables else ""
    lines += [f"{outside}ip saddr {CABLE_NETWORK} drop"]
    return "\n\n".join([*chains, _chain("early", lines, "filter hook prerouting priority raw; policy accept")])


def _sides(plan: Plan) -> list[tuple[str, str, str, str]]:
    """(name, interface, network, the hub's address there) of the networks for phones."""
    sides = [
        ("village", plan.village, VILLAGE_NETWORK, VILLAGE_ADDRESS),
        ("setup", plan.setup, SETUP_NETWORK, SETUP_ADDRESS),
    ]
    return [(name, interface, network, hub) for name, interface, network, hub in sides if interface]


def _phones(network: Network, plan: Plan) -> str:
    """What a phone may ask, before anything is routed or translated: the rest is refused here, at once."""
    if not plan.inside:
        return ""
    chains = [
        _chain("refuse", ["meta l4proto tcp reject with tcp reset", "reject with icmp type port-unreachable"]),
        _chain("limits", LIMITS),
    ]
    jumps = []
    for name, interface, _, hub in _sides(plan):
        jumps.append(f'iifname "{interface}" jump phones_{name}')
        chains.append(_chain(f"phones_{name}", _asked(network, plan, name, hub)))
    return "\n\n".join([*chains, _chain("phones", jumps, "filter hook prerouting priority mangle; policy accept")])


def _asked(network: Network, plan: Plan, name: str, hub: str) -> list[str]:
    other = SETUP_NETWORK if name == "village" else VILLAGE_NETWORK
    lines = [
        "jump limits",
        # Of us alone: with a shared uplink others' servers of addresses are beyond.
        f"ip daddr {{ 255.255.255.255, {hub} }} udp sport 68 udp dport 67 accept",
        "meta pkttype { broadcast, multicast } drop",
        "ct state established,related accept",
        "ct state invalid drop",
        f"ip daddr {{ {other}, {CABLE_NETWORK} }} jump refuse",
        "meta l4proto { tcp, udp } th dport 53 accept",
        "tcp dport 80 accept",
        f"ip daddr {hub} icmp type echo-request accept",
    ]
    if name == "village" and network.share_mb and plan.uplinks:
        lines += [
            "meta l4proto { tcp, udp } th dport 853 jump refuse",
            f"ip daddr {PRIVATE} jump refuse",
            f"ip daddr {PORTAL_ADDRESS} jump refuse",
            "ct state new add @sharers { ip saddr ct count over 128 } jump refuse",
        ]
        return [*lines, "accept"]
    return [*lines, "jump refuse"]


def _divert(plan: Plan, port: int) -> str:
    if not plan.inside:
        return ""
    inside = f"iifname {_names(plan.inside)}"
    lines = [
        f"{inside} tcp dport 80 redirect to :{port}",
        f"{inside} udp dport 53 redirect to :53",
        f"{inside} tcp dport 53 redirect to :53",
    ]
    return _chain("divert", lines, "nat hook prerouting priority dstnat; policy accept")


def _ports(plan: Plan) -> str:
    """All ports for a laptop have one address: a connection's answers leave by the one that it came by (links.py)."""
    if len(plan.cables) < 2:
        return ""
    marks = {name: CABLE_MARK + number for number, name in enumerate(plan.cables)}
    came = [f'iifname "{name}" ip saddr {CABLE_NETWORK} ct mark set {mark}' for name, mark in marks.items()]
    leaves = [f"ct mark {{ {', '.join(map(str, marks.values()))} }} meta mark set ct mark"]
    return "\n\n".join(
        [
            _chain("came_by", came, "filter hook prerouting priority mangle; policy accept"),
            _chain("leaves_by", leaves, "route hook output priority mangle; policy accept"),
        ]
    )


def _input(network: Network, plan: Plan, port: int) -> str:
    lines = ['iifname "lo" accept', "ct state established,related accept", "ct state invalid drop"]
    if _shares(network, plan):
        told = f"iifname {_names(plan.uplinks)} ct mark {ASKED_MARK}"
        lines[1:1] = [f'{told} quota name "share" drop', f'{told} counter name "shared"']
    for _, interface, _, hub in _sides(plan):
        ours = f'iifname "{interface}"'
        lines += [
            f"{ours} udp sport 68 udp dport 67 accept",
            f"{ours} ip daddr {hub} tcp dport {{ 53, {port} }} accept",
            f"{ours} ip daddr {hub} udp dport 53 accept",
            f"{ours} ip daddr {hub} icmp type echo-request accept",
            f"{ours} drop",
        ]
    outside = tuple(dict.fromkeys((*plan.cables, *plan.uplinks)))
    if outside:
        lines += [f"iifname {_names(outside)} udp sport 67 udp dport 68 accept"]
    if plan.cables:
        # A laptop on the cable. 22 is closed unless somebody runs a server there on purpose.
        cable = f"iifname {_names(plan.cables)} ip saddr {CABLE_NETWORK} ip daddr {CABLE_ADDRESS}"
        lines += [
            f"{cable} tcp dport {{ 22, {port} }} accept",
            f"{cable} icmp type echo-request limit rate 20/second accept",
        ]
    return _chain(
        "arriving",
        [*lines, f'include "{OWN_RULES}"'],
        "filter hook input priority filter; policy drop",
    )


def _passing(network: Network, plan: Plan) -> str:
    """Nothing goes through the box, but a shared uplink's bytes."""
    hook = "filter hook forward priority filter; policy drop"
    if not _shares(network, plan):
        refused = [f"iifname {_names(plan.inside)} jump refuse"] if plan.inside else []
        return _chain("passing", refused, hook)
    uplinks = _names(plan.uplinks)
    there = f'iifname "{plan.village}" oifname {uplinks}'
    back = f'iifname {uplinks} oifname "{plan.village}" ct state established,related'
    return "\n\n".join(
        [
            _chain("sharing", ['quota name "share" jump refuse', 'counter name "shared" accept']),
            _chain(
                "passing",
                [f"{there} jump sharing", f"{back} jump sharing", f"iifname {_names(plan.inside)} jump refuse"],
                hook,
            ),
            _chain(
                "leaving",
                [f"ip saddr {VILLAGE_NETWORK} oifname {uplinks} masquerade"],
                "nat hook postrouting priority srcnat; policy accept",
            ),
        ]
    )


def _shares(network: Network, plan: Plan) -> bool:
    return bool(network.share_mb and plan.uplinks and plan.village)


def _asking(network: Network, plan: Plan) -> str:
    """What dnsmasq asks beyond for villagers; the hub's own programs ask by themselves, as other users."""
    if not _shares(network, plan):
        return ""
    asked = f"meta skuid {NOBODY} oifname {_names(plan.uplinks)} meta l4proto {{ tcp, udp }} th dport 53"
    return _chain(
        "asking",
        [
            f"{asked} ct mark set {ASKED_MARK}",
            f'{asked} quota name "share" jump refuse',
            f'{asked} counter name "shared"',
        ],
        "filter hook output priority filter; policy accept",
    )
