"""All files of the network, from one record. Pure: nothing is read, nothing is written.

    files = render.files(network, hardware, "hub.home.arpa")
    files["nftables.nft"]                   # {path within a folder: text}

| file | of |
|---|---|
| `hostapd-<radio>.conf`, `hostapd.env` | hostapd: a file a radio, and their names for the unit |
| `dnsmasq.conf`, `hosts` | dnsmasq: addresses and names for phones |
| `nftables.nft` | nft |
| `wpa_supplicant.conf`, `wpa_supplicant.env` | wpa_supplicant, if the uplink is a Wi-Fi |
| `forwarding.conf` | sysctl: whether packets may pass from interface to interface |
| `network/05-village-hub-….network` | systemd-networkd |
| `NetworkManager/village-hub.conf` | NetworkManager, where there is one: to leave these interfaces alone |

A file that is not needed is not there. The units start what has a file (systemd/hub-access-point.service and others).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.network.access_point import hostapd, wpa_supplicant
from hub.network.firewall import nftables
from hub.network.links import network_manager, networkd
from hub.network.names import dnsmasq, hosts
from hub.network.plan import place

if TYPE_CHECKING:
    from hub.network.firewall import Shared
    from hub.network.hardware import Hardware
    from hub.network.record import Network

FOLDER = "/run/village-hub-net"
CHANNELS = (1, 6, 11)  # the three of 2.4 GHz that do not overlap


def files(
    network: Network,
    hardware: Hardware,
    name: str,
    *,
    folder: str = FOLDER,
    port: int = 80,
    channel: int = 6,
    shared: Shared | None = None,
) -> dict[str, str]:
    """{path: text} of a record that rules.judge has let pass.

    `name` is the hub's own on its network. `folder` is where state lies that the files name (leases, hostapd's
    sockets), with the files themselves in its `current`. `port` is where the pages are, `channel` the one to take if
    the record leaves it open, `shared` what villagers took of the uplink so far.
    """
    plan = place(network, hardware)
    radios = hostapd(network, plan, channel=network.channel or channel, control=f"{folder}/hostapd")
    found = {
        **radios,
        "hostapd.env": _list("FILES", [f"{folder}/current/{file}" for file in radios]),
        "dnsmasq.conf": dnsmasq(
            network, plan, name, hosts=f"{folder}/current/hosts", leases=f"{folder}/leases", resolv=hardware.resolv
        ),
        "hosts": hosts(plan, name),
        "nftables.nft": nftables(network, plan, port=port, shared=shared),
        "forwarding.conf": f"net.ipv4.ip_forward = {int(bool(network.share_mb and plan.uplinks))}\n",
        "NetworkManager/village-hub.conf": network_manager(plan),
        **{f"network/{file}": text for file, text in networkd(network, plan).items()},
    }
    if plan.uplink_radio:
        found["wpa_supplicant.conf"] = wpa_supplicant(network)
        found["wpa_supplicant.env"] = _list("INTERFACE", [plan.uplink_radio.interface])
    return {path: text for path, text in found.items() if text}


def _list(variable: str, words: list[str]) -> str:
    return f'{variable}="{" ".join(words)}"\n' if words else ""
