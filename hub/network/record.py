"""The one record from which all files of the network are written: hostapd, dnsmasq, nftables, systemd-networkd.

    network = decode(Path("network.json").read_bytes())     # raises BadNetwork, with a sentence
    encode(network)                                         # the same again

The technician's page and `hub first-boot` write it as an order (hub/box/orders.py); root reads it there, judges it
again and puts it in force (apply.py). It holds the Wi-Fi's passwords and no other secret.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from hub.errors import HubError

LARGEST = 16 * 1024  # bytes of the encoded record
SHARE_MB = 100_000  # a day, the most that villagers may be given; beyond, somebody typed bytes

Stage = Literal["setup", "trial", "village"]
Uplink = Literal["cable", "wifi", "modem", "none"]
Text = Annotated[str, Meta(max_length=255)]
Number = Annotated[int, Meta(le=2**53)]  # the next must fit into a database as well


class BadNetwork(HubError):
    """A record that cannot be used; the old one keeps running, and the sentence says what to correct."""

    exit_code = 64


class WiFi(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A network to open or to join. `password` None: open to all."""

    name: Text
    password: Text | None = None


class Network(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is wanted of the network.

    `number` rises with each order. `stage`: `setup` has the technician's own network alone on a radio that holds one;
    `trial` shows the village's for some minutes, then goes back; `village` is how the box is left. A radio that holds
    two networks has both at all stages.

    `radio` and `access_point` name interfaces: the radio that the village's Wi-Fi is on (empty: the best there is),
    and the wired one that an external access point hangs on (empty: none). `channel` 0: the emptiest of 1, 6, 11.
    `share_mb` is what villagers may take of the uplink in 24 hours, 0 nothing. `api` is the https address of the
    captive portal API (RFC 8908) where a certificate exists.
    """

    number: Number = 0
    stage: Stage = "setup"
    village: WiFi
    setup: WiFi
    country: Text = "MX"
    channel: int = 0
    radio: Text = ""
    access_point: Text = ""
    uplink: Uplink = "none"
    uplink_wifi: WiFi | None = None
    share_mb: int = 0
    api: Text = ""


def encode(network: Network) -> bytes:
    """As JSON, the way it is kept."""
    return msgspec.json.encode(network)


def decode(data: bytes) -> Network:
    """The record in `data`; raises BadNetwork. What it says is judged by rules.judge."""
    if len(data) > LARGEST:
        raise BadNetwork("The order for the network is too long to be one; give the answers again.")
    try:
        return msgspec.json.decode(data, type=Network)
    except (msgspec.MsgspecError, ValueError) as error:
        # It may name a field of anybody's making, and goes to root's terminal and journal.
        why = "".join(sign for sign in str(error)[:200] if sign.isprintable())
        raise BadNetwork(f"The order for the network cannot be read ({why}); give the answers again.") from None
