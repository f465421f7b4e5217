"""hostapd's files: one a radio, with one network or two.

Nothing that a person typed stands in them as text: a network's name is hexadecimal (`ssid2`), and its password is the
key that IEEE 802.11i-2004, H.4 derives of both: PBKDF2 with HMAC-SHA1, 4096 rounds, 256 bits.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.network.hardware import Radio
    from hub.network.plan import Plan
    from hub.network.record import Network, WiFi

SETUP_PHONES = 8  # a technician's own; the others are the village's


def key(wifi: WiFi) -> str:
    """The pre-shared key of a network, as 64 hexadecimal digits."""
    return hashlib.pbkdf2_hmac("sha1", (wifi.password or "").encode(), wifi.name.encode(), 4096, 32).hex()


def hostapd(network: Network, plan: Plan, *, channel: int, control: str) -> dict[str, str]:
    """{file name: text}; empty where no radio opens a network. `control`: folder for hostapd_cli."""
    files: dict[str, list[str]] = {}
    if plan.village and plan.village_radio:
        radio = plan.village_radio
        files[radio.interface] = _radio(network, radio, channel, control) + _network(network.village)
    if plan.setup and plan.setup_radio:
        radio = plan.setup_radio
        own = [*_network(network.setup), f"max_num_sta={SETUP_PHONES}"]
        if radio.interface in files:
            files[radio.interface] += ["", *_second(plan.setup, radio, control), *own]
        else:
            files[radio.interface] = _radio(network, radio, channel, control) + own
    return {f"hostapd-{name}.conf": "\n".join(lines) + "\n" for name, lines in files.items()}


def _radio(network: Network, radio: Radio, channel: int, control: str) -> list[str]:
    return [
        f"interface={radio.interface}",
        "driver=nl80211",
        f"ctrl_interface={control}",
        f"country_code={network.country}",
        # Tells phones the rules of the country (IEEE 802.11d).
        "ieee80211d=1",
        "hw_mode=g",
        f"channel={channel}",
        "ieee80211n=1",
        # Without WMM a radio is held to the speeds of 802.11g.
        "wmm_enabled=1",
    ]


def _second(interface: str, radio: Radio, control: str) -> list[str]:
    """A network on an interface that hostapd makes. Its address differs in the bit for local administration."""
    lines = [f"bss={interface}"]
    if radio.address:
        first = int(radio.address[:2], 16) ^ 0x02
        lines.append(f"bssid={first:02x}{radio.address[2:]}")
    # hostapd takes neither of these over from the first network.
    return [*lines, f"ctrl_interface={control}", "wmm_enabled=1"]


def _network(wifi: WiFi) -> list[str]:
    lines = [
        f"ssid2={wifi.name.encode().hex()}",
        "utf8_ssid=1",
        "auth_algs=1",
        # A phone reaches the hub and no other phone.
        "ap_isolate=1",
    ]
    if wifi.password is None:
        return lines
    return [*lines, "wpa=2", "wpa_key_mgmt=WPA-PSK", "rsn_pairwise=CCMP", f"wpa_psk={key(wifi)}"]


def wpa_supplicant(network: Network) -> str:
    """The file for the radio that joins the uplink's Wi-Fi."""
    wifi = network.uplink_wifi
    if wifi is None:
        return ""
    secret = ["key_mgmt=NONE"] if wifi.password is None else ["key_mgmt=WPA-PSK", f"psk={key(wifi)}"]
    lines = [
        f"country={network.country}",
        "update_config=0",
        "network={",
        f"    ssid={wifi.name.encode().hex()}",
        "    scan_ssid=1",
        *(f"    {line}" for line in secret),
        "}",
    ]
    return "\n".join(lines) + "\n"
