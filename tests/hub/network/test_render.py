"""One record, every file: what stands in them, by stage and machine; and what each file's own tool says."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from hub.addresses import PORTAL_ADDRESS
from hub.network import render
from hub.network.firewall import Shared
from hub.network.hardware import Hardware
from hub.network.record import WiFi
from tests.hub.network.places import NAME, NO_RADIO, PI, PI_WITH_ADAPTER, network, tool

if TYPE_CHECKING:
    from pathlib import Path

MACHINES = {"pi": PI, "adapter": PI_WITH_ADAPTER, "no radio": NO_RADIO, "nothing": Hardware()}
WISHES = {
    "setup": network(),
    "trial": network(stage="trial"),
    "village": network(stage="village"),
    "open": network(stage="village", village=WiFi(name="Abierta")),
    "shared": network(stage="village", uplink="cable", share_mb=50, api="https://hub.example/captive-portal/api"),
    "outside": network(stage="village", access_point="eth0"),
    "modem": network(stage="village", uplink="modem", share_mb=1),
    "uplink by Wi-Fi": network(stage="village", uplink="wifi", uplink_wifi=WiFi(name="Escuela", password="12345678")),
}
EVERY = [pytest.param(wish, machine, id=f"{a}, {b}") for a, wish in WISHES.items() for b, machine in MACHINES.items()]


def files(wish, machine=PI, **options) -> dict[str, str]:
    return render.files(wish, machine, NAME, **options)


def lay_out(folder: Path, found: dict[str, str]) -> None:
    for path, text in found.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.mark.parametrize(("wish", "machine"), EVERY)
def test_nft_takes_every_ruleset(wish, machine, tmp_path: Path) -> None:
    lay_out(tmp_path, files(wish, machine))
    subprocess.run(
        [tool("unshare"), "-n", tool("nft"), "-c", "-f", tmp_path / "nftables.nft"], check=True, capture_output=True
    )


@pytest.mark.parametrize(("wish", "machine"), EVERY)
def test_dnsmasq_takes_every_file_of_its_own(wish, machine, tmp_path: Path) -> None:
    found = files(wish, machine)
    lay_out(tmp_path, found)
    if "dnsmasq.conf" not in found:
        assert machine in (NO_RADIO, MACHINES["nothing"])
        return
    subprocess.run([tool("dnsmasq"), "--test", "-C", tmp_path / "dnsmasq.conf"], check=True, capture_output=True)


def test_a_radio_that_holds_one_network_shows_it_by_stage() -> None:
    shown = {stage: files(network(stage=stage))["hostapd-wlan0.conf"] for stage in ("setup", "trial", "village")}
    names = {stage: text.count(f"ssid2={b'Biblioteca'.hex()}\n") for stage, text in shown.items()}
    assert names == {"setup": 0, "trial": 1, "village": 1}
    assert all(text.count("ssid2=") == 1 for text in shown.values())


def test_two_radios_carry_both_networks_at_all_stages() -> None:
    for stage in ("setup", "trial", "village"):
        found = files(network(stage=stage), PI_WITH_ADAPTER)
        assert f"ssid2={b'Biblioteca'.hex()}\n" in found["hostapd-wlan1.conf"]
        assert f"ssid2={b'hub-setup-7K'.hex()}\n" in found["hostapd-wlan0.conf"]


def test_a_radio_that_holds_two_networks_carries_both_at_all_stages() -> None:
    one = Hardware(radios=PI_WITH_ADAPTER.radios[1:], ports=PI.ports)
    for stage in ("setup", "trial", "village"):
        text = files(network(stage=stage), one)["hostapd-wlan1.conf"]
        assert text.count("ssid2=") == 2
        assert "bss=setup0\nbssid=02:0f:11:22:33:44\n" in text
        assert text.count("ctrl_interface=") == 2, "nobody could ask hostapd how the second network fares"
        assert "interface=setup0\n" in files(network(stage=stage), one)["dnsmasq.conf"]


def test_with_an_access_point_outside_the_radio_keeps_the_setup_network() -> None:
    found = files(network(stage="village", access_point="eth0"))
    assert found["hostapd-wlan0.conf"].count(f"ssid2={b'hub-setup-7K'.hex()}\n") == 1
    assert "Name=eth0" in found["network/05-village-hub-village.network"]
    assert "network/05-village-hub-cable.network" not in found


def test_without_a_radio_the_access_points_port_is_the_way_in_at_first() -> None:
    wish = network(access_point="eth0")
    first = files(wish, NO_RADIO)
    assert all(f"network/05-village-hub-cable-{name}.network" in first for name in ("eth0", "eth1"))
    left = files(network(stage="village", access_point="eth0"), NO_RADIO)
    assert "Name=eth1\n" in left["network/05-village-hub-cable.network"]
    assert "10.44.0.1/22" in left["network/05-village-hub-village.network"]


def test_no_password_and_no_name_stands_in_any_file_as_it_was_typed() -> None:
    wish = network(uplink="wifi", uplink_wifi=WiFi(name="Escuela", password="clave-de-la-escuela"))
    for text in files(wish, PI_WITH_ADAPTER).values():
        for secret in ("48151623", "correct-horse-battery", "clave-de-la-escuela", "Biblioteca", "Escuela"):
            assert secret not in text


def test_the_key_of_a_password_is_that_of_the_standard() -> None:
    """IEEE 802.11i-2004, H.4.1: the test vector for the password "password" on the network "IEEE"."""
    text = files(network(stage="village", village=WiFi(name="IEEE", password="password")))["hostapd-wlan0.conf"]
    assert "wpa_psk=f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e\n" in text


def test_an_open_network_has_no_key_and_keeps_phones_apart_all_the_same() -> None:
    text = files(network(stage="village", village=WiFi(name="Abierta")))["hostapd-wlan0.conf"]
    assert "wpa" not in text
    assert "ap_isolate=1\n" in text


def test_nothing_passes_through_the_box_unless_a_share_was_given() -> None:
    shut = files(network(stage="village", uplink="cable"))
    assert shut["forwarding.conf"] == "net.ipv4.ip_forward = 0\n"
    assert "masquerade" not in shut["nftables.nft"]
    assert "no-resolv\n" in shut["dnsmasq.conf"]
    given = files(network(stage="village", uplink="cable", share_mb=7), shared=Shared(used=123, total=456))
    assert given["forwarding.conf"] == "net.ipv4.ip_forward = 1\n"
    assert "quota share { over 7000000 bytes used 123 bytes }" in given["nftables.nft"]
    assert "counter shared { packets 0 bytes 456 }" in given["nftables.nft"]


def test_a_cable_that_is_not_the_uplink_gives_no_way_out() -> None:
    assert "UseGateway=no" in files(network())["network/05-village-hub-cable.network"]
    assert "UseGateway" not in files(network(uplink="cable"))["network/05-village-hub-cable.network"]


def test_a_telephone_that_only_charges_is_left_alone() -> None:
    assert "network/05-village-hub-modem.network" not in files(network(), PI_WITH_ADAPTER)
    assert "Name=usb0" in files(network(uplink="modem"), PI_WITH_ADAPTER)["network/05-village-hub-modem.network"]


def test_option_114_is_given_only_where_there_is_a_certificate() -> None:
    assert ",114," not in files(network())["dnsmasq.conf"]
    assert ",114,https://a.example/api\n" in files(network(api="https://a.example/api"))["dnsmasq.conf"]


def test_network_manager_leaves_every_interface_of_ours_alone() -> None:
    text = files(network(uplink="modem"), PI_WITH_ADAPTER)["NetworkManager/village-hub.conf"]
    for name in ("wlan0", "wlan1", "eth0", "eth1", "usb0"):
        assert f"interface-name:{name}" in text


def test_with_a_shared_uplink_the_names_that_phones_only_probe_stay_the_hubs(shared_data: Path) -> None:
    """What people open as well, as www.google.com, is theirs then; the others would cost the portal."""
    used = {"clients3.google.com", "play.googleapis.com", "spectrum.s3.amazonaws.com"} | {
        f"www.{name}" for name in ("apple.com", "google.com", "gstatic.com")
    }
    listed = json.loads((shared_data / "captive/probes.json").read_text())["probes"]
    hosts = {probe["request"]["host"] for probe in listed if probe["request"]["scheme"] == "http"} - used
    text = files(WISHES["shared"])["dnsmasq.conf"]
    lead_here = re.findall(rf"^address=/([^/]+)/{re.escape(PORTAL_ADDRESS)}$", text, re.MULTILINE)
    assert not [host for host in hosts if not any(host == name or host.endswith(f".{name}") for name in lead_here)]
    assert "#" not in lead_here
