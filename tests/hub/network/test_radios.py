"""Radios read from what `iw` prints for real adapters, ports and firmware from a folder laid out as /sys and /lib are."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.network.hardware import Hardware, Radio
from hub.network.plan import ranked
from hub.network.radios import advice, broadcom, emptiest, look, parse_interfaces, parse_phys
from tests.hub.network.places import ADAPTER, BOARD

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> str:
    return (SAMPLES / name).read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "aps", "while_joined", "bands"),
    [
        ("pi-brcmfmac", 1, 1, ("2.4", "5")),
        ("mt76x2u", 2, 1, ("2.4", "5")),
        ("ath9k_htc", 2, 1, ("2.4",)),
        ("rtl8xxxu", 0, 0, ("2.4",)),
        ("hwsim", 2048, 2047, ("2.4", "5")),
        ("new-iw", 1, 1, ("2.4", "5")),
        ("no-2.4-GHz", 2, 1, ("5",)),
    ],
)
def test_a_radio_tells_how_many_networks_it_holds(name: str, aps: int, while_joined: int, bands: tuple[str]) -> None:
    (phy,) = parse_phys(sample(f"{name}.phy"))
    assert (phy.aps, phy.aps_while_joined, phy.bands) == (aps, while_joined, bands)


def test_several_radios_are_told_apart() -> None:
    phys = parse_phys(sample("pi-brcmfmac.phy") + sample("mt76x2u.phy") + sample("rtl8xxxu.phy"))
    assert [(phy.name, phy.aps) for phy in phys] == [("phy0", 1), ("phy1", 2), ("phy2", 0)]


def test_the_interface_of_a_radio_is_the_one_with_a_name_that_hostapd_did_not_make() -> None:
    assert parse_interfaces(sample("pi-with-adapter.dev")) == {
        0: ("wlan0", "b8:27:eb:12:34:56"),
        1: ("wlan1", "00:0f:11:22:33:44"),
    }
    assert parse_interfaces(sample("two-networks.dev")) == {0: ("wlan0", "00:00:00:00:00:00")}


@pytest.mark.parametrize("text", ["", "command failed: No such device (-19)\n", "Wiphy \n", "phy#0\n"])
def test_a_machine_without_radios_has_none(text: str) -> None:
    assert look(Path("/nowhere"), lambda _: text).radios == ()


def test_the_emptiest_channel_is_that_which_hears_least_of_others() -> None:
    assert emptiest(sample("busy-1-and-6.scan")) == 11
    assert emptiest(sample("busy-11.scan")) == 1
    assert emptiest("") == 6


def card(machine: Path, name: str, *, driver: str = "", where: str = "platform", kind: str = "1", **files: str) -> Path:
    """One network card, as /sys/class/net shows it."""
    folder = machine / "sys/class/net" / name
    folder.mkdir(parents=True)
    (folder / "type").write_text(f"{kind}\n")
    if driver:
        device = machine / "sys/devices" / where / name
        device.mkdir(parents=True)
        drivers = machine / "sys/bus/drivers" / driver
        drivers.mkdir(parents=True, exist_ok=True)
        (device / "driver").symlink_to(drivers)
        (folder / "device").symlink_to(device)
        for file, text in files.items():
            (device / file).write_text(text)
    return folder


def test_ports_are_told_from_modems_radios_and_bridges(tmp_path: Path) -> None:
    (card(tmp_path, "eth0", driver="bcmgenet") / "carrier").write_text("1\n")
    card(tmp_path, "eth1", driver="r8152", where="usb1/1-1")
    card(tmp_path, "usb0", driver="rndis_host", where="usb1/1-2")
    card(tmp_path, "wwan0", driver="qmi_wwan", where="usb1/1-3", kind="65534")
    (card(tmp_path, "wlan0", driver="brcmfmac") / "phy80211").mkdir()
    card(tmp_path, "docker0")
    card(tmp_path, "lo", kind="772")
    found = [(port.name, port.modem, port.carrier) for port in look(tmp_path, lambda _: "").ports]
    assert found == [("eth0", False, True), ("eth1", False, False), ("usb0", True, False), ("wwan0", True, False)]


def pi(machine: Path, firmware: bytes, name: str = "cyfmac43455-sdio.bin") -> Radio:
    """The radio of a Raspberry Pi 4 whose firmware file, behind links as Raspberry Pi OS lays them, holds `firmware`."""
    (card(machine, "wlan0", driver="brcmfmac", where="platform/mmc1", device="0xa9bf\n") / "phy80211").mkdir()
    (machine / "lib/firmware/brcm").mkdir(parents=True)
    (machine / "lib/firmware/cypress").mkdir()
    (machine / "etc/alternatives").mkdir(parents=True)
    (machine / "lib/firmware/cypress" / name).write_bytes(firmware)
    (machine / "etc/alternatives/cyfmac43455-sdio.bin").symlink_to(f"/lib/firmware/cypress/{name}")
    (machine / "lib/firmware/brcm/brcmfmac43455-sdio.bin").symlink_to("/etc/alternatives/cyfmac43455-sdio.bin")
    said = {"phy": sample("pi-brcmfmac.phy"), "dev": sample("pi-with-adapter.dev")}
    (radio,) = look(machine, lambda words: said[words[1]]).radios
    return radio


def test_a_pis_own_radio_holds_few_phones_with_its_usual_firmware(tmp_path: Path) -> None:
    radio = pi(tmp_path, b"..Version: 7.45.241 (1a2f2fa CY) CRC", "cyfmac43455-sdio-standard.bin")
    assert (radio.driver, radio.bus, radio.firmware) == ("brcmfmac", "board", "cyfmac43455-sdio-standard.bin 7.45.241")
    assert radio.clients is not None
    assert (radio.clients.low, radio.clients.high) == (4, 10)
    assert "4 to 10 phones" in advice(radio)
    assert "USB Wi-Fi adapter or an access point on the cable" in advice(radio)


def test_with_the_minimal_firmware_it_holds_nineteen(tmp_path: Path) -> None:
    radio = pi(tmp_path, b"..Version: 7.45.241 (1a2f2fa CY) CRC", "cyfmac43455-sdio-minimal.bin")
    assert radio.clients is not None
    assert (radio.clients.low, radio.clients.high) == (19, 19)


def test_other_firmware_is_known_by_its_version() -> None:
    assert broadcom("brcmfmac43430-sdio.bin 7.45.98.38").high == 24
    assert broadcom("").high == 10


def test_an_adapter_is_taken_before_the_boards_own_radio() -> None:
    deaf = Radio(interface="wlan2", aps=0)
    only_5 = Radio(interface="wlan3", bands=("5",), aps=4)
    assert ranked(Hardware(radios=(BOARD, deaf, only_5, ADAPTER))) == [ADAPTER, BOARD]


def test_no_advice_is_given_on_a_radio_that_nobody_knows_a_limit_of() -> None:
    assert advice(ADAPTER) == ""
