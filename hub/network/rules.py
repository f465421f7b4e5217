"""Whether a network can be put in force as it is wanted, on the machine there is. Pure: one sentence, or silence.

    judge(network, hardware)            # raises BadNetwork with what to correct
    able, lost = adapted(network, hardware)     # what of it this machine can do, and a sentence for what it cannot

Orders are judged and refused. At boot nobody is there to correct anything: an adapter that was pulled out must not take
the whole network down, so what was in force before is adapted.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec.structs import replace

from hub.network.countries import highest_channel
from hub.network.plan import SECOND, place, ranked
from hub.network.record import SHARE_MB, BadNetwork

if TYPE_CHECKING:
    from hub.network.hardware import Hardware
    from hub.network.record import Network, WiFi

SETUP_PASSWORD = 16  # letters and digits at least: the setup network is the way to all the rest
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")  # what udev names, within IFNAMSIZ
_API = re.compile(r"https://[A-Za-z0-9:/?&=._~%-]{1,200}")  # no comma or quote, which dnsmasq would read
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def judge(network: Network, hardware: Hardware) -> None:
    """Raise BadNetwork for the first thing that cannot be used; nothing of it was changed."""
    judge_words(network)
    judge_machine(network, hardware)


def judge_words(network: Network) -> None:
    """What is wrong on any machine."""
    _wifi(network.village, "the village's Wi-Fi")
    _wifi(network.setup, "the setup network")
    if network.setup.password is None or len(network.setup.password) < SETUP_PASSWORD:
        raise BadNetwork(
            f"The setup network needs a password of at least {SETUP_PASSWORD} characters; it has a shorter."
        )
    if network.village.name == network.setup.name:
        raise BadNetwork("The village's Wi-Fi and the setup network have the same name; give one of them another.")
    _channel(network)
    _uplink(network)
    if not 0 <= network.share_mb <= SHARE_MB:
        raise BadNetwork(f"Villagers' share is {network.share_mb} MB a day; write 0 for none, or up to {SHARE_MB}.")
    _api(network.api)
    if network.number < 0:
        raise BadNetwork("The order for the network has a number below 0; give the answers again.")


def _wifi(wifi: WiFi, what: str) -> None:
    size = len(wifi.name.encode("utf-8", "surrogatepass"))
    if not 1 <= size <= 32:
        raise BadNetwork(f"The name of {what} has {size} bytes; write 1 to 32, letters with accents count as two.")
    if not wifi.name.isprintable() or wifi.name != wifi.name.strip():
        raise BadNetwork(
            f"The name of {what} has characters that phones cannot show; write letters, digits and spaces."
        )
    if wifi.password is None:
        return
    if not 8 <= len(wifi.password) <= 63:
        raise BadNetwork(f"The password of {what} has {len(wifi.password)} characters; write 8 to 63.")
    if not all(" " <= letter <= "~" for letter in wifi.password):
        raise BadNetwork(f"The password of {what} has characters that some phones cannot type; write plain ones.")


def _channel(network: Network) -> None:
    highest = highest_channel(network.country)
    if highest is None:
        raise BadNetwork(f"{network.country!r} is no country that Wi-Fi has rules for; write its code, as in MX.")
    if not 0 <= network.channel <= highest:
        raise BadNetwork(
            f"Channel {network.channel} is not allowed in {network.country}; write 1 to {highest}, or 0 for any."
        )


def _uplink(network: Network) -> None:
    if network.uplink == "wifi":
        if network.uplink_wifi is None:
            raise BadNetwork("The uplink is a Wi-Fi without a name; write its name, or choose another uplink.")
        _wifi(network.uplink_wifi, "the uplink's Wi-Fi")
    elif network.uplink_wifi is not None:
        raise BadNetwork("A Wi-Fi is given for the uplink, but the uplink is another; choose one of the two.")
    if network.share_mb and network.uplink == "none":
        raise BadNetwork("There is no uplink to share with villagers; choose an uplink, or share nothing.")


def _api(api: str) -> None:
    if not api:
        return
    # The form first: urlsplit raises ValueError for brackets that hold no address.
    if not _API.fullmatch(api) or not _HOST.fullmatch(urlsplit(api).netloc):
        raise BadNetwork(
            f"{api!r} cannot be told to phones; write an address with a certificate, as in https://a.b/api."
        )


def judge_machine(network: Network, hardware: Hardware) -> None:
    """What is wrong on this machine."""
    for name in (network.radio, network.access_point):
        if name and (not _INTERFACE.fullmatch(name) or name in ("lo", SECOND)):
            raise BadNetwork(f"{name!r} is no name of a radio or port; choose one that the page lists.")
    _radio(network, hardware)
    _port(network, hardware)
    _way_out(network, hardware)


def _radio(network: Network, hardware: Hardware) -> None:
    if not network.radio:
        return
    if network.access_point:
        raise BadNetwork("The village's Wi-Fi is on a radio or on an access point on the cable; choose one of the two.")
    radio = hardware.radio(network.radio)
    if radio is None:
        raise BadNetwork(f"There is no radio {network.radio}; plug it in, or leave the choice to the hub.")
    if not radio.opens:
        raise BadNetwork(f"The radio {network.radio} cannot open a network for phones; choose another.")


def _port(network: Network, hardware: Hardware) -> None:
    if not network.access_point:
        return
    port = hardware.port(network.access_point)
    if port is None:
        raise BadNetwork(f"There is no wired port {network.access_point}; plug it in, or choose another.")
    if port.modem:
        raise BadNetwork(
            f"{network.access_point} is a modem or a telephone; choose a port for the access point's cable."
        )


def _way_out(network: Network, hardware: Hardware) -> None:
    plan = place(network, hardware)
    if network.uplink == "wifi" and plan.uplink_radio is None:
        raise BadNetwork("The only radio carries the village's Wi-Fi; plug in a second one to join the uplink's.")
    if network.uplink == "wifi" and not network.access_point and plan.village is None and plan.setup is None:
        raise BadNetwork("No radio is left for the village's Wi-Fi; plug in a second one, or choose another uplink.")
    if (
        network.uplink == "cable"
        and network.access_point
        and not any(port.name != network.access_point and not port.modem for port in hardware.ports)
    ):
        raise BadNetwork("The only wired port is the access point's; choose another uplink, or plug in a second port.")


def adapted(network: Network, hardware: Hardware) -> tuple[Network, str]:
    """What of `network`, which passed once, this machine can do now, and a sentence of what it cannot; "" if all."""
    lost = []
    if network.radio and hardware.radio(network.radio) not in ranked(hardware):
        network = replace(network, radio="")
        lost.append("the radio that was chosen is not there")
    if network.access_point and hardware.port(network.access_point) is None:
        network = replace(network, access_point="")
        lost.append("the port of the access point is not there")
    try:
        judge_machine(network, hardware)
    except BadNetwork:
        network = replace(network, uplink="none", uplink_wifi=None, share_mb=0)
        lost.append("the uplink has no radio or port")
    if not lost:
        return network, ""
    return network, f"Part of the machine is missing: {', and '.join(lost)}; plug it in again."


def judge_name(name: str) -> None:
    """Raise BadNetwork if `name` (HUB_NAME) is none that every phone opens, .local for instance."""
    if name and (not _HOST.fullmatch(name) or name.endswith(".local")):
        raise BadNetwork(f"HUB_NAME is {name!r}; write a name of small letters and dots, as in hub.home.arpa.")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return
    raise BadNetwork(f"HUB_NAME is {name!r}, an address; write a name, as in hub.home.arpa.")
