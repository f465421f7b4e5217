"""DHCP: what phones of each system are given, keep, and get again."""

from __future__ import annotations

import ipaddress
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from hub.addresses import SETUP_ADDRESS, SETUP_NETWORK, VILLAGE_ADDRESS, VILLAGE_NETWORK
from tests.lab.dhcp import ANDROID_WANTS, APPLE_WANTS, WINDOWS_WANTS
from tests.lab.packets import (
    ACK,
    DISCOVER,
    INFORM,
    NAK,
    OFFER,
    PORTAL,
    RELEASE,
    REQUEST,
    ROUTER,
    WANTED_ADDRESS,
    Reply,
    address_bytes,
    dhcp_frame,
)
from tests.lab.village_net import NAME, RECORD

if TYPE_CHECKING:
    from tests.lab.phone import Phone
    from tests.lab.village_net import VillageNet

HALF_A_DAY = 12 * 3600  # seconds


@pytest.mark.parametrize("wants", [ANDROID_WANTS, APPLE_WANTS, WINDOWS_WANTS], ids=["android", "apple", "windows"])
def test_a_phone_of_each_system_gets_an_address_a_way_and_a_name_server(net: VillageNet, wants: bytes) -> None:
    lease = net.phone(wants).join()
    assert ipaddress.ip_address(lease.address) in ipaddress.ip_network(VILLAGE_NETWORK)
    assert (lease.length, lease.router, lease.names) == (22, VILLAGE_ADDRESS, [VILLAGE_ADDRESS])
    assert lease.seconds == HALF_A_DAY
    # No proxy (252), no routes (121, 249), no "IPv6 alone" (108), no search list (119), and no portal API by itself.
    assert not {252, 121, 249, 108, 119, PORTAL} & set(lease.options)


def test_only_where_a_certificate_exists_phones_are_told_of_the_portals_api(net: VillageNet) -> None:
    net.box.apply(msgspec.structs.replace(RECORD, api="https://hub.example.org/captive-portal/api"))
    assert net.phone(ANDROID_WANTS).join().portal == "https://hub.example.org/captive-portal/api"
    assert net.phone(WINDOWS_WANTS).join().portal == "https://hub.example.org/captive-portal/api", (
        "even if not asked for"
    )


def test_a_phone_that_comes_back_has_its_address_again(phone: Phone) -> None:
    before = phone.address
    phone.leave()
    assert phone.join().address == before


def test_a_phone_may_keep_its_address_when_half_of_the_time_is_over(phone: Phone) -> None:
    assert phone.renew() == ACK


def test_a_computer_that_asks_for_more_is_told_no_more(phone: Phone) -> None:
    """Windows asks for a proxy's address by INFORM, again and again where nobody answers."""
    phone.wants = WINDOWS_WANTS
    told = phone.tell(INFORM, ACK)
    assert 252 not in told.options
    assert ROUTER in told.options


def test_a_phone_that_gave_its_address_back_has_it_again(phone: Phone) -> None:
    before = phone.address
    phone.tell(RELEASE)
    phone.forget()
    assert phone.join().address == before


def test_a_phone_that_forgot_the_network_still_gets_the_address_of_its_mac(phone: Phone) -> None:
    before = phone.address
    phone.forget()
    assert phone.join().address == before


def test_a_phone_with_a_new_mac_gets_another_address_and_takes_nobodys(net: VillageNet) -> None:
    phone = net.phone()
    given = set()
    for _ in range(10):
        phone.change_mac()
        given.add(phone.join().address)
    assert len(given) == 10


def test_after_a_reboot_a_phone_that_kept_its_address_is_told_at_once_that_it_may(
    net: VillageNet, phone: Phone
) -> None:
    before = phone.address
    net.box.reboot()
    assert phone.renew() == ACK, "it never noticed"
    assert phone.address == before


def test_a_crash_of_the_server_of_addresses_costs_no_phone_its_own(net: VillageNet, phone: Phone) -> None:
    net.box.stop("dnsmasq", signal.SIGKILL)
    net.box.start_names()
    assert phone.renew() == ACK
    taker = net.phone()
    taker.lease = phone.lease
    assert taker.join().address != phone.address


def test_after_a_reboot_a_phone_that_comes_back_has_its_address_again(net: VillageNet, phone: Phone) -> None:
    before = phone.address
    net.box.reboot()
    phone.leave()
    assert phone.join().address == before


def test_a_phone_with_an_address_of_another_network_is_told_to_ask_anew(phone: Phone) -> None:
    assert phone.lease
    phone.lease = replace(phone.lease, address="192.168.1.23")
    with phone.overhearing() as heard:
        phone.join()
        kinds = [reply.kind for frame in heard.frames() if (reply := Reply.read(frame))]
    assert kinds == [NAK, OFFER, ACK]
    assert ipaddress.ip_address(phone.address) in ipaddress.ip_network(VILLAGE_NETWORK)


def test_a_technicians_phone_is_on_another_network(net: VillageNet) -> None:
    lease = net.technician().join()
    assert ipaddress.ip_address(lease.address) in ipaddress.ip_network(SETUP_NETWORK)
    assert (lease.length, lease.router, lease.names) == (24, SETUP_ADDRESS, [SETUP_ADDRESS])


@pytest.mark.parametrize("asks_by", ["subnet-selection", "an-old-address", "a-relay"])
def test_a_villager_gets_no_address_of_the_setup_network_whose_few_a_technician_needs(
    net: VillageNet, phone: Phone, asks_by: str
) -> None:
    """RFC 3011's option, an address that it says it has, or a relay that it says it is: each names another subnet."""
    there = address_bytes(SETUP_ADDRESS)
    leases = net.box.run / "village-hub-net" / "leases"
    before = leases.read_text().count(" 10.45.0.")
    with phone.overhearing() as wire:
        for kind in (DISCOVER, REQUEST):
            named = {118: there} if asks_by == "subnet-selection" else {}
            wanted = {WANTED_ADDRESS: address_bytes("10.45.0.66")} if kind == REQUEST else {}
            frame = dhcp_frame(phone.mac, kind, kind, {**named, **wanted})
            if asks_by != "subnet-selection":
                at = 14 + 20 + 8 + (12 if asks_by == "an-old-address" else 24)  # ciaddr, giaddr (RFC 2131, 2)
                frame = frame[:at] + address_bytes("10.45.0.67") + frame[at + 4 :]
            wire.send(frame)
        net.phone().join()  # asked later, and was answered
        replies = [reply for frame in wire.frames() if (reply := Reply.read(frame))]
    network = ipaddress.ip_network(SETUP_NETWORK)
    assert not [reply for reply in replies if ipaddress.ip_address(reply.address) in network]
    assert leases.read_text().count(" 10.45.0.") == before


def test_the_cable_has_no_server_of_addresses_for_somebody_elses_network(net: VillageNet) -> None:
    laptop = net.laptop()
    with laptop.overhearing() as heard:
        heard.send(dhcp_frame(laptop.mac, 1, DISCOVER, {}))
        net.phone().join()  # was asked later, and is answered
        assert not [frame for frame in heard.frames() if Reply.read(frame)]


@pytest.mark.parametrize("called", ["hub", NAME, "captive.apple.com", "technician", "wpad"])
def test_no_phone_can_call_itself_what_others_look_for(net: VillageNet, called: str) -> None:
    liar = net.phone(host_name=called)
    liar.join()
    phone = net.phone()
    phone.join()
    for name in (called, f"{called}.{NAME}", f"{called}.home.arpa"):
        assert liar.address not in phone.ask(name).addresses


def test_the_file_of_leases_tells_no_names_of_phones(net: VillageNet) -> None:
    phone = net.phone(host_name="Telefono-de-Ana")
    phone.join()
    leases = (net.box.run / "village-hub-net" / "leases").read_text()
    assert phone.address in leases
    assert "Ana" not in leases
    assert "Ana" not in net.box.log("dnsmasq")
    assert phone.mac.hex(":") not in net.box.log("dnsmasq")
