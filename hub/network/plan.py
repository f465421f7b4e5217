"""Which interface carries what: the village's network, the setup network, the cable, the uplink. Pure.

    plan = place(network, hardware)
    plan.village, plan.setup        # "wlan0", "setup0": or None where a radio holds one network, and shows the other

Where it stands on what, in this order:
1. an access point on the cable carries the village's network, and the box's own radio the setup network, always;
2. two radios carry one each, always;
3. a radio that holds two networks carries both, always: the second on an interface that hostapd makes;
4. a radio that holds one shows the setup network or the village's, by stage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from hub.network.hardware import Radio  # noqa: TC001 (msgspec reads the types of Plan's fields)

if TYPE_CHECKING:
    from hub.network.hardware import Hardware
    from hub.network.record import Network

SECOND = "setup0"  # the interface that hostapd makes on a radio that holds two networks


class Plan(Struct, frozen=True, kw_only=True):
    """Names of interfaces; None or empty: nothing carries it now."""

    village: str | None = None
    setup: str | None = None
    village_radio: Radio | None = None
    setup_radio: Radio | None = None
    uplink_radio: Radio | None = None
    cables: tuple[str, ...] = ()
    modems: tuple[str, ...] = ()
    uplinks: tuple[str, ...] = ()
    always_both: bool = True  # False: the one radio shows the setup network or the village's, by stage

    @property
    def inside(self) -> tuple[str, ...]:
        """Interfaces of phones."""
        return tuple(name for name in (self.village, self.setup) if name)


def place(network: Network, hardware: Hardware) -> Plan:
    """Decide. What cannot be placed is left out; rules.judge has said so before."""
    uplink = uplink_radio(network, hardware)
    free = [radio for radio in ranked(hardware) if uplink is None or radio.interface != uplink.interface]
    cables = tuple(port.name for port in hardware.ports if not port.modem and port.name != network.access_point)
    modems = tuple(port.name for port in hardware.ports if port.modem)
    rest = Plan(
        uplink_radio=uplink,
        cables=cables,
        modems=modems,
        uplinks={
            "cable": cables,
            "modem": modems,
            "wifi": (uplink.interface,) if uplink else (),
            "none": (),
        }[network.uplink],
    )
    if network.access_point:
        return _outside(network, hardware, rest, free)
    return _inside(network, rest, free)


def ranked(hardware: Hardware) -> list[Radio]:
    """Radios that can open a network, the best for a village first: a USB adapter holds more phones than a board's."""
    able = [radio for radio in hardware.radios if radio.opens]
    return sorted(able, key=lambda radio: (-_phones(radio), -radio.aps, radio.interface))


def _phones(radio: Radio) -> int:
    return radio.clients.high if radio.clients else 32


def uplink_radio(network: Network, hardware: Hardware) -> Radio | None:
    """The radio that joins the uplink's Wi-Fi: one that opens nothing if there is one, never the village's."""
    if network.uplink != "wifi":
        return None
    best = ranked(hardware)
    village = None if network.access_point else network.radio or (best[0].interface if best else None)
    others = [radio for radio in hardware.radios if radio.interface != village]
    return next((radio for radio in others if not radio.opens), others[-1] if others else None)


def _outside(network: Network, hardware: Hardware, rest: Plan, free: list[Radio]) -> Plan:
    """The village's network is an access point's on the cable; without a radio, that port is the way in at first."""
    radio = free[0] if free else None
    if hardware.port(network.access_point) is None:
        return _with(rest, setup=radio and radio.interface, setup_radio=radio)
    if radio is None and network.stage == "setup":
        return _with(rest, cables=(*rest.cables, network.access_point), always_both=False)
    return _with(rest, village=network.access_point, setup=radio and radio.interface, setup_radio=radio)


def _inside(network: Network, rest: Plan, free: list[Radio]) -> Plan:
    village = next((radio for radio in free if radio.interface == network.radio), free[0] if free else None)
    if village is None:
        return rest
    other = next((radio for radio in free if radio.interface != village.interface), None)
    if other is not None:
        return _with(
            rest,
            village=village.interface,
            village_radio=village,
            setup=other.interface,
            setup_radio=other,
        )
    if village.aps > 1:
        return _with(rest, village=village.interface, village_radio=village, setup=SECOND, setup_radio=village)
    if network.stage == "setup":
        return _with(rest, setup=village.interface, setup_radio=village, always_both=False)
    return _with(rest, village=village.interface, village_radio=village, always_both=False)


def _with(plan: Plan, **changes: object) -> Plan:
    values = {name: getattr(plan, name) for name in plan.__struct_fields__}
    return Plan(**{**values, **changes})
