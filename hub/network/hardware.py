"""What a machine has to make a network with: radios and wired ports, as plain values.

    hardware = Hardware(radios=(Radio(interface="wlan0"),), ports=(Port(name="eth0"),))

radios.py finds out; whoever has no such machine, as the tests, writes down what it would find.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Clients(Struct, frozen=True):
    """How many phones a radio holds at once, from `low` to `high`, and how we know."""

    low: int
    high: int
    why: str


class Radio(Struct, frozen=True, kw_only=True):
    """One Wi-Fi radio. `aps`: networks it can open at once, by the combinations that its driver lists."""

    interface: str
    phy: str = ""
    driver: str = ""
    bus: Literal["usb", "board"] = "board"
    address: str = ""  # its MAC address
    bands: tuple[str, ...] = ("2.4",)  # GHz
    aps: int = 1  # 0: it can join networks and open none
    aps_while_joined: int = 0  # networks it can open while it has joined another
    clients: Clients | None = None
    firmware: str = ""

    @property
    def opens(self) -> bool:
        """Whether phones in a village could use a network of it: 2.4 GHz is what all of them have."""
        return self.aps > 0 and "2.4" in self.bands


class Port(Struct, frozen=True, kw_only=True):
    """One wired port: of the machine, or a modem or telephone on USB that looks like one."""

    name: str
    driver: str = ""
    modem: bool = False
    carrier: bool = False


class Hardware(Struct, frozen=True, kw_only=True):
    """All of it. `resolv`: file with the name servers that uplinks gave, for dnsmasq to read."""

    radios: tuple[Radio, ...] = ()
    ports: tuple[Port, ...] = ()
    resolv: str = "/run/systemd/resolve/resolv.conf"

    def radio(self, interface: str) -> Radio | None:
        return next((radio for radio in self.radios if radio.interface == interface), None)

    def port(self, name: str) -> Port | None:
        return next((port for port in self.ports if port.name == name), None)
