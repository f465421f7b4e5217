"""What a villager cannot do: reach staff, each other, the cable, the uplink, or anything of the box but its library."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING

import msgspec
import pytest

from hub.addresses import CABLE_ADDRESS, PORTAL_ADDRESS, SETUP_ADDRESS, VILLAGE_ADDRESS
from tests.lab.internet import HOME, OUTSIDE
from tests.lab.packets import address_bytes, checksum, query, syn_frame, udp_frame
from tests.lab.village_net import BOX_WITH_TWO_PORTS, NAME, RECORD

if TYPE_CHECKING:
    from tests.lab.phone import Overheard, Phone
    from tests.lab.village_net import VillageNet

CLOSED = {"reset", "unreachable"}  # and at once: "silence" is what a phone waits for in vain
STAFF = "/technician"
STAFF_PAGES = (
    *(
        f"{STAFF}{rest}"
        for rest in ("", "/", "/sign-in", "//sign-in", "/visit", "/acceptance", "/label", "/../technician")
    ),
    *(
        "//technician",
        "/./technician",
        "/%74echnician",
        "/technician%2fvisit",
        "/TECHNICIAN",
        "/technician;a=b",
        "/metrics",
    ),
)
SERVERS = [21, 22, 23, 139, 445, 3306, 5000, 5353, 5432, 6379, 8000, 8080, 8081, 8443, 9090]
IPV6 = b"\x86\xdd"
ALL_NODES = b"\x33\x33\0\0\0\1"


@pytest.mark.parametrize("where", [VILLAGE_ADDRESS, PORTAL_ADDRESS, OUTSIDE, "8.8.8.8"])
def test_443_and_853_are_reset_at_once_wherever_they_are_asked(phone: Phone, where: str) -> None:
    for port in (443, 853):
        assert phone.knock(where, port) == "reset"
        assert phone.call(where, port) in CLOSED, "QUIC"


def test_no_other_server_of_the_box_is_within_a_villagers_reach(net: VillageNet, phone: Phone) -> None:
    with net.box.listening(*SERVERS):
        for port in SERVERS:
            assert phone.knock(VILLAGE_ADDRESS, port) in CLOSED, port
    assert phone.knock(VILLAGE_ADDRESS, 80) == "open"


@pytest.mark.parametrize("port", [1, 68, 69, 123, 161, 443, 500, 1900, 4500, 5353, 5355, 51820])
def test_no_other_datagram_is_taken_and_none_waits(phone: Phone, port: int) -> None:
    assert phone.call(VILLAGE_ADDRESS, port) in CLOSED


@pytest.mark.parametrize("where", [SETUP_ADDRESS, CABLE_ADDRESS, "192.168.1.2", HOME, "10.45.0.77", "169.254.9.9"])
def test_the_boxs_other_addresses_are_not_there_for_a_villager(net: VillageNet, phone: Phone, where: str) -> None:
    with net.box.listening(22):
        for port in (22, 443, 8080):
            assert phone.knock(where, port) in CLOSED
    if phone.knock(where, 80) == "open":
        page = phone.fetch(where, STAFF)
        assert page.status != 200
        assert b"password" not in page.body


def test_the_setup_and_the_cables_address_are_closed_to_villagers_altogether(phone: Phone) -> None:
    for where in (SETUP_ADDRESS, CABLE_ADDRESS):
        for port in (53, 80):
            assert phone.knock(where, port) in CLOSED


@pytest.mark.parametrize("host", [NAME, VILLAGE_ADDRESS, SETUP_ADDRESS, CABLE_ADDRESS, "localhost", "127.0.0.1"])
def test_a_villager_is_refused_every_staff_page_whatever_the_name_it_asks_for(phone: Phone, host: str) -> None:
    claims = {"X-Forwarded-For": "10.45.0.7", "Forwarded": "for=10.45.0.7", "X-Real-IP": "127.0.0.1"}
    for path in STAFF_PAGES:
        for claim in ({}, claims):
            page = phone.fetch(host, path, address=VILLAGE_ADDRESS, headers=claim)
            assert page.status in {301, 302, 303, 307, 308, 403, 404}, path
            assert b"<input" not in page.body, "a form to sign in"
            assert not page.target or host == NAME or "/technician" not in page.target or page.status == 308, path
            if page.target:
                assert phone.fetch(
                    host, page.target.partition(host)[2] or page.target, address=VILLAGE_ADDRESS
                ).status in {403, 404}


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_a_villager_is_refused_staff_pages_by_any_method(phone: Phone, method: str) -> None:
    page = phone.fetch(NAME, f"{STAFF}/sign-in", method=method, body=b"name=a&password=b" if method == "POST" else b"")
    assert 400 <= page.status < 500


def test_a_technician_comes_in_by_the_setup_network(net: VillageNet) -> None:
    technician = net.technician()
    technician.join()
    page = technician.browse(f"http://{NAME}{STAFF}")
    assert page.status == 200
    assert page.url.startswith(f"http://{SETUP_ADDRESS}{STAFF}/visit"), "by the number, which the village has not"
    assert technician.browse(f"http://{SETUP_ADDRESS}{STAFF}").status == 200


def test_a_technician_comes_in_by_a_laptop_that_is_plugged_in(net: VillageNet) -> None:
    laptop = net.laptop()
    laptop.use("169.254.7.7", 16, "")
    page = laptop.browse(f"http://{CABLE_ADDRESS}{STAFF}")
    assert page.status == 200
    assert page.url.startswith(f"http://{CABLE_ADDRESS}{STAFF}/visit")


def test_whoever_is_on_somebody_elses_network_that_the_cable_goes_to_finds_no_hub(net: VillageNet) -> None:
    neighbour = net.laptop()
    neighbour.use("192.168.1.50", 24, "")
    with net.box.listening(22):
        for port in (22, 53, 80, 443, 8080):
            assert neighbour.knock("192.168.1.2", port, patience=0.3) != "open"


def _answers_of_the_hub(heard: Overheard, to: str) -> list[bytes]:
    """Packets to an address, and ARP questions for it."""
    return [frame for frame in heard.frames() if address_bytes(to) in (frame[30:34], frame[38:42])]


@pytest.mark.parametrize("target", [VILLAGE_ADDRESS, SETUP_ADDRESS])
def test_a_villager_who_claims_a_technicians_address_is_not_heard(net: VillageNet, phone: Phone, target: str) -> None:
    technician = net.technician()
    technician.join()
    to = phone.hub_mac()
    with technician.overhearing() as heard, phone.overhearing() as wire:
        technician.ask(NAME)
        heard.frames()
        wire.send(syn_frame(phone.mac, technician.address, target, 80, to))
        wire.send(udp_frame(phone.mac, (technician.address, 5000), (target, 53), query(NAME, "A", 1), to))
        assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS], "sent later, and answered"
        assert _answers_of_the_hub(heard, technician.address) == []


def test_a_villager_who_claims_a_laptops_address_is_not_heard(net: VillageNet, phone: Phone) -> None:
    laptop = net.laptop()
    laptop.use("169.254.7.7", 16, "")
    assert laptop.knock(CABLE_ADDRESS, 80) == "open"
    to = phone.hub_mac()
    with laptop.overhearing() as heard, phone.overhearing() as wire:
        for target in (CABLE_ADDRESS, VILLAGE_ADDRESS):
            wire.send(syn_frame(phone.mac, "169.254.7.7", target, 80, to))
        assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS]
        assert _answers_of_the_hub(heard, "169.254.7.7") == []


@pytest.mark.parametrize("claimed", ["10.45.0.66/24", "169.254.9.9/16", "192.168.1.77/24"])
def test_a_villager_who_takes_an_address_of_another_network_gets_nowhere(phone: Phone, claimed: str) -> None:
    address, _, length = claimed.partition("/")
    phone.namespace.ip("route flush table main", f"addr add {address}/{length} dev wlan0")
    phone.namespace.ip(*(f"route replace {there}/32 dev wlan0" for there in (SETUP_ADDRESS, CABLE_ADDRESS)))
    for there in (SETUP_ADDRESS, CABLE_ADDRESS):
        assert phone.knock(there, 80, source=address, patience=0.3) != "open"


def test_a_villager_who_takes_the_hubs_own_address_is_not_taken_for_it(net: VillageNet, phone: Phone) -> None:
    to = phone.hub_mac()
    with phone.overhearing() as wire:
        for source in (VILLAGE_ADDRESS, SETUP_ADDRESS, "127.0.0.1"):
            wire.send(syn_frame(phone.mac, source, VILLAGE_ADDRESS, 80, to))
        assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS]
        assert not [frame for frame in wire.frames() if frame[23] == socket.IPPROTO_TCP]


def test_a_technicians_phone_does_not_reach_the_villages_side_nor_the_cable(net: VillageNet, phone: Phone) -> None:
    technician = net.technician()
    technician.join()
    with phone.overhearing() as heard:
        for there in (VILLAGE_ADDRESS, CABLE_ADDRESS, phone.address):
            assert technician.knock(there, 80) in CLOSED
        phone.ask(NAME)
        assert _answers_of_the_hub(heard, technician.address) == []


@pytest.mark.parametrize("isolated", [True, False], ids=["isolated-radio", "radio-that-lets-them"])
def test_one_phone_does_not_reach_another(net: VillageNet, isolated: bool) -> None:
    """The second radio is an access point on the cable without isolation: then the box at least carries nothing over."""
    one, other = net.phone(isolated=isolated), net.phone(isolated=isolated)
    one.join()
    other.join()
    to = one.hub_mac()
    server = other.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.closing(server), other.overhearing() as heard, one.overhearing() as wire:
        server.bind((other.address, 8080))
        server.listen()
        heard.frames()
        wire.send(syn_frame(one.mac, one.address, other.address, 8080, to))  # by way of the box
        if isolated:
            wire.send(syn_frame(one.mac, one.address, other.address, 8080, other.mac))
            wire.send(udp_frame(one.mac, (one.address, 5000), ("10.44.3.255", 5000), b"all of you"))
        assert one.ask(NAME).addresses == [VILLAGE_ADDRESS]
        other.ask(NAME)
        assert not [frame for frame in heard.frames() if address_bytes(one.address) in frame]


@pytest.mark.parametrize("to", [OUTSIDE, HOME, "8.8.8.8"])
def test_no_villager_reaches_the_uplink_unless_it_is_shared(net: VillageNet, phone: Phone, to: str) -> None:
    for port in (22, 443, 8080):
        assert phone.knock(to, port) in CLOSED
    for port in (123, 443, 5000):
        assert phone.call(to, port) in CLOSED
    before = len(net.internet.served)
    assert phone.fetch(to, "/10", headers={"Host": "example.org"}, address=to).body != b"\0" * 10
    assert len(net.internet.served) == before, "the hub answered, and not the Internet"


def test_ipv6_from_a_villager_gets_no_answer_at_all(net: VillageNet, phone: Phone) -> None:
    with phone.overhearing() as wire:
        for source in ("fe80::7", "fd00::7", "2001:db8::7"):
            for message in (b"\x80\0\0\0\0\7\0\1", b"\x85\0\0\0\0\0\0\0"):  # echo request, router solicitation
                wire.send(_ipv6(phone.mac, source, message))
        assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS]
        assert not [frame for frame in wire.frames() if frame[12:14] == IPV6]


def _ipv6(mac: bytes, source: str, message: bytes) -> bytes:
    """An ICMPv6 message to all nodes (RFC 4443)."""
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, "ff02::1")
    pseudo = ends + struct.pack("!II", len(message), 58)
    message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
    return ALL_NODES + mac + IPV6 + struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + ends + message


def test_the_lab_would_see_an_answer_by_ipv6(net: VillageNet) -> None:
    """So that the test before this one cannot pass by a fault of its own packets."""
    one, other = net.phone(isolated=False), net.phone(isolated=False)
    one.join()
    other.namespace.ip("addr add fe80::9/64 dev wlan0 nodad")
    with one.overhearing() as wire:
        wire.send(_ipv6(one.mac, "fe80::7", b"\x80\0\0\0\0\7\0\1"))
        one.ask(NAME)
        assert [frame for frame in wire.frames() if frame[12:14] == IPV6]


def test_an_access_point_on_the_cable_carries_the_villages_network_behind_the_same_walls(other_net) -> None:
    net = other_net(msgspec.structs.replace(RECORD, access_point="eth1"), BOX_WITH_TWO_PORTS)
    phone, technician = net.phone(isolated=False), net.technician()
    assert net.box.plan.village == "eth1"
    phone.join()
    technician.join()
    assert phone.ask("captive.apple.com").addresses == [PORTAL_ADDRESS]
    assert phone.knock(SETUP_ADDRESS, 80) in CLOSED
    assert phone.fetch(NAME, STAFF).status in {403, 404}
    assert technician.browse(f"http://{NAME}{STAFF}").status == 200
