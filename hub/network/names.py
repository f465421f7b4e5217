"""dnsmasq's file: addresses for phones, and one answer to all names.

Each line has been seen to work with dnsmasq 2.90. `address=/#/` alone refuses AAAA and HTTPS (65); with `local=/#/`
they are NOERROR without an answer, and a phone asks on at once. Phones take a private address for "no Internet" and
show no portal, so all names lead to one of TEST-NET-2 (RFC 5737), which the firewall brings to the hub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.addresses import PORTAL_ADDRESS, SETUP_ADDRESS, VILLAGE_ADDRESS

if TYPE_CHECKING:
    from hub.network.plan import Plan
    from hub.network.record import Network

# Names that no villager opens: phones only ask them whether there is a portal. With a shared uplink they stay ours, so
# that the portal shows and the phone stays, whether the uplink is up or not.
PROBE_NAMES = (
    # Android and its makers
    "connectivitycheck.gstatic.com",
    "connectivitycheck.android.com",
    "clients3.google.com",
    "connectivitycheck.grapheneos.network",
    "connectivitycheck.platform.hicloud.com",
    "connectivitycheck.cbg-app.huawei.com",
    "connectivitycheck.hihonor.com",
    "connectivitycheck.samsungdm.com",
    "connectivity.samsung.com.cn",
    "connect.rom.miui.com",
    "cn.wifi.miui.com",
    "conn1.oppomobile.com",
    "conn2.oppomobile.com",
    "wifi.vivo.com.cn",
    "fireoscaptiveportal.com",
    "freetimecaptiveportal.com",
    "tabletcaptiveportal.com",
    # Apple
    "captive.apple.com",
    "www.airport.us",
    "www.appleiphonecell.com",
    "www.ibook.info",
    "www.itools.info",
    "www.thinkdifferent.us",
    # Windows
    "www.msftconnecttest.com",
    "ipv6.msftconnecttest.com",
    "www.msftncsi.com",
    "ipv6.msftncsi.com",
    # Browsers and desktops
    "detectportal.firefox.com",
    "cp.cloudflare.com",
    "nmcheck.gnome.org",
    "connectivity-check.ubuntu.com",
    "network-test.debian.org",
    "conncheck.opensuse.org",
    "networkcheck.kde.org",
    "ping.archlinux.org",
)
# What Windows looks up after its probe, with the answers it wants (NlaSvc's registry values).
WINDOWS = "dns.msftncsi.com"
WINDOWS_ANSWERS = ("131.107.255.255", "fd3e:4f5a:5b81::1")
# NXDOMAIN: Firefox then leaves names to the network (its canary domain), and an iPhone says at once that iCloud Private
# Relay does not work here, as Apple advises ("Prepare your network or web server for iCloud Private Relay").
# resolver.arpa: who asks for an encrypted resolver gets none (RFC 9462, 6.4).
NEVER = ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com", "resolver.arpa")
NOBODY = 65534  # the number of `nobody`, whom dnsmasq becomes (Debian policy, 9.2.2); the firewall tells it by that
HOURS = 12
LEASES = 1100  # both networks together; a phone with another MAC address each day takes another each day


def dnsmasq(network: Network, plan: Plan, name: str, *, hosts: str, leases: str, resolv: str) -> str:
    """The file. `name` is the hub's own, `hosts` and `leases` are paths, `resolv` that of the uplinks' name servers.

    Empty without phones.
    """
    if not plan.inside:
        return ""
    lines = [
        *_where(plan),
        *_names(network, name, resolv, hosts),
        *_addresses(network, plan, leases),
    ]
    return "\n".join(lines) + "\n"


def hosts(plan: Plan, name: str) -> str:
    """The hub's own name, once a network: `localise-queries` gives each asker the address beside it."""
    addresses = [(plan.village, VILLAGE_ADDRESS), (plan.setup, SETUP_ADDRESS)]
    return "".join(f"{address} {name}\n" for interface, address in addresses if interface and name)


def _where(plan: Plan) -> list[str]:
    return [
        *(f"interface={name}" for name in plan.inside),
        "except-interface=lo",
        # Its own addresses alone, as they come: systemd-resolved may keep port 53 of 127.0.0.53.
        "bind-dynamic",
        "user=nobody",
        "log-facility=-",
        "pid-file=",
        "quiet-dhcp",
    ]


def _names(network: Network, name: str, resolv: str, hosts: str) -> list[str]:
    to_hub = [f"address=/{asked}/{PORTAL_ADDRESS}" for asked in (PROBE_NAMES if network.share_mb else ("#",))]
    # The hub's name as well: what is asked of it beside A (AAAA, HTTPS) must wait for no uplink.
    ours = [f"local=/{asked}/" for asked in ((*PROBE_NAMES, name) if network.share_mb else ("#",)) if asked]
    forward = [f"resolv-file={resolv}", "stop-dns-rebind", "domain-needed"] if network.share_mb else ["no-resolv"]
    return [
        "no-hosts",
        f"addn-hosts={hosts}",
        "localise-queries",
        "bogus-priv",
        "local-ttl=30",
        *forward,
        *to_hub,
        *ours,
        *(f"address=/{WINDOWS}/{answer}" for answer in WINDOWS_ANSWERS),
        *(f"address=/{asked}/" for asked in NEVER),
    ]


def _addresses(network: Network, plan: Plan, leases: str) -> list[str]:
    lines = [
        "dhcp-authoritative",
        f"dhcp-leasefile={leases}",
        f"dhcp-lease-max={LEASES}",
        # A phone does not name itself: nobody else sees it, and none can call itself the hub.
        "dhcp-ignore-names",
        # Nobody sits on an address of ours, and asking first would cost each phone three seconds.
        "no-ping",
    ]
    if plan.village:
        lines += _range(plan.village, "village", "10.44.0.10,10.44.3.250,255.255.252.0", VILLAGE_ADDRESS, network.api)
    if plan.setup:
        lines += _range(plan.setup, "setup", "10.45.0.10,10.45.0.250,255.255.255.0", SETUP_ADDRESS, network.api)
    return lines


def _range(interface: str, tag: str, addresses: str, hub: str, api: str) -> list[str]:
    lines = [
        # For who asks by this interface alone: a request may name another network (RFC 3011, or as a relay does), and a
        # villager could so use up the setup network's few addresses.
        f"dhcp-range=tag:{interface},set:{tag},{addresses},{HOURS}h",
        f"dhcp-option=tag:{tag},option:router,{hub}",
        f"dhcp-option=tag:{tag},option:dns-server,{hub}",
    ]
    # RFC 8910: of use only where the address has a certificate that phones believe.
    return [*lines, f"dhcp-option-force=tag:{tag},114,{api}"] if api else lines
