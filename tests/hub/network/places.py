"""Machines and records that tests of the network use: a box with one radio, two, none; a village's wishes."""

from __future__ import annotations

import shutil

import pytest

from hub.network.hardware import Clients, Hardware, Port, Radio
from hub.network.record import Network, WiFi

BOARD = Radio(
    interface="wlan0",
    phy="phy0",
    driver="brcmfmac",
    address="b8:27:eb:12:34:56",
    aps_while_joined=1,
    clients=Clients(4, 10, "default firmware"),
)
ADAPTER = Radio(interface="wlan1", phy="phy1", driver="mt76x2u", bus="usb", address="00:0f:11:22:33:44", aps=2)
CABLE = Port(name="eth0", driver="bcmgenet", carrier=True)
SECOND_CABLE = Port(name="eth1", driver="r8152")
TELEPHONE = Port(name="usb0", driver="rndis_host", modem=True)
PI = Hardware(radios=(BOARD,), ports=(CABLE,))
PI_WITH_ADAPTER = Hardware(radios=(BOARD, ADAPTER), ports=(CABLE, SECOND_CABLE, TELEPHONE))
NO_RADIO = Hardware(ports=(CABLE, SECOND_CABLE))
NAME = "hub.home.arpa"


def network(**changes: object) -> Network:
    """A record as first boot writes it, but for `changes`."""
    values: dict[str, object] = {
        "number": 1,
        "village": WiFi(name="Biblioteca", password="48151623"),
        "setup": WiFi(name="hub-setup-7K", password="correct-horse-battery"),
    }
    return Network(**{**values, **changes})


def tool(name: str) -> str:
    """The path of a program that a box has; the test is skipped where it lacks."""
    found = shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found
