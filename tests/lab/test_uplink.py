"""The uplink belongs to the hub: villagers have none of it, or so much a day as the technician shares."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import TYPE_CHECKING

import msgspec
import pytest

from hub.addresses import CABLE_ADDRESS, PORTAL_ADDRESS, SETUP_ADDRESS, VILLAGE_ADDRESS
from hub.network.firewall import TABLE, Shared
from tests.lab.internet import HOME, LAN, OUTSIDE
from tests.lab.packets import address_bytes, query, read_answer, syn_frame
from tests.lab.probes import PROBES
from tests.lab.systems import Android, Apple
from tests.lab.village_net import NAME, RECORD

if TYPE_CHECKING:
    from tests.lab.phone import Page, Phone
    from tests.lab.village_net import VillageNet

UPLINK = msgspec.structs.replace(RECORD, number=2, uplink="cable")
SHARED = msgspec.structs.replace(UPLINK, number=3, share_mb=1)
KB = 1000


def fetched(phone: Phone, size: int) -> Page:
    """A file of so many bytes from the Internet, by the name that the network gives it."""
    return phone.fetch("example.org", f"/{size}", port=443)


def received(phone: Phone, size: int) -> int:
    """How many bytes of such a file come before it ends, or nothing comes any more for half a second."""
    count = 0
    with phone.connected(OUTSIDE, 443) as line, contextlib.suppress(OSError):
        line.settimeout(0.5)
        line.sendall(f"GET /{size} HTTP/1.0\r\n\r\n".encode())
        while data := line.recv(65_536):
            count += len(data)
    return count


def taken(net: VillageNet) -> int:
    """Bytes that the box says villagers took."""
    told = json.loads(net.box.namespace.run("nft", "-j", "list", "counter", "inet", TABLE, "shared"))
    (counter,) = [entry["counter"] for entry in told["nftables"] if "counter" in entry]
    return int(counter["bytes"])


@pytest.mark.parametrize("record", [RECORD, UPLINK], ids=["no-uplink", "uplink-for-the-hub-alone"])
def test_an_uplink_is_the_hubs_alone_until_somebody_shares_it(net: VillageNet, phone: Phone, record) -> None:
    net.box.apply(record)
    before = len(net.internet.served)
    for port in (22, 443, 8080):
        assert phone.knock(OUTSIDE, port) == "reset"
    assert phone.call(OUTSIDE, 443) in {"reset", "unreachable"}
    assert phone.resolve("example.org") == PORTAL_ADDRESS
    assert phone.fetch("example.org", "/10", address=OUTSIDE).body != b"\0" * 10
    assert len(net.internet.served) == before


def test_a_shared_uplink_carries_villagers_and_the_counter_tells_how_much(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED)
    assert phone.resolve("example.org") == OUTSIDE
    page = fetched(phone, 200 * KB)
    assert len(page.body) == 200 * KB
    assert net.internet.served[-1] == f"/{200 * KB}"
    assert 200 * KB < taken(net) < 300 * KB


def test_a_shared_uplink_ends_with_its_megabytes_at_once_and_for_everybody(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED)
    assert len(fetched(phone, 600 * KB).body) == 600 * KB
    assert received(phone, 600 * KB) < 400 * KB
    other = net.phone()
    other.join()
    assert other.knock(OUTSIDE, 443) == "reset"
    assert taken(net) <= 1001 * KB
    assert phone.fetch(NAME, "/").status == 200, "the library goes on"


def test_names_asked_of_the_internet_are_of_the_villagers_share_and_end_with_it(net: VillageNet, phone: Phone) -> None:
    """Or a line that costs by the byte would carry whatever fits into names (DNS tunnels), without any end."""
    net.box.apply(SHARED, Shared(used=998 * KB, total=0))
    answers = [phone.ask(f"{number}.{'x' * 60}.example.org") for number in range(40)]
    assert answers[0].addresses == [OUTSIDE]
    assert answers[-1].addresses == []
    assert answers[-1].code, "and at once"
    assert 1_500 < taken(net) < 2_500
    assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS]
    assert phone.ask("captive.apple.com").addresses == [PORTAL_ADDRESS]
    with contextlib.closing(net.box.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)) as own:
        own.settimeout(5)
        own.sendto(query("office.example.org", "A", 7), (HOME, 53))
        assert read_answer(own.recv(4096)).addresses == [OUTSIDE], "the hub asks by itself, and has its own budget"


def test_what_was_taken_before_a_change_of_the_network_still_counts(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED, Shared(used=900 * KB, total=5_000 * KB))
    assert len(fetched(phone, 20 * KB).body) == 20 * KB
    assert received(phone, 200 * KB) < 80 * KB
    assert taken(net) > 5_020 * KB


def test_a_shared_uplink_opens_no_way_to_the_network_that_lends_it(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED)
    for there in (HOME, LAN, SETUP_ADDRESS, CABLE_ADDRESS, "100.64.0.1"):
        for port in (22, 443, 8080):
            assert phone.knock(there, port) == "reset", there


def test_a_villager_has_no_say_with_the_server_of_addresses_of_who_lends_the_uplink(
    net: VillageNet, phone: Phone
) -> None:
    """As if the hub said so: it could give the hub's own address back there, or use up all that the router has."""
    net.box.apply(SHARED)
    server = net.lan.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client = phone.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.closing(server), contextlib.closing(client):
        server.bind((HOME, 67))
        client.bind((phone.address, 68))
        client.sendto(b"give it back", (HOME, 67))
        with contextlib.closing(net.box.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)) as own:
            own.sendto(b"later", (HOME, 67))
        server.settimeout(5)
        assert server.recv(100) == b"later"


def test_a_box_that_carries_packets_carries_none_from_one_villager_to_another(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED)
    other = net.phone()
    other.join()
    to = phone.hub_mac()
    with other.overhearing() as heard, phone.overhearing() as wire:
        wire.send(syn_frame(phone.mac, phone.address, other.address, 8080, to))
        wire.send(syn_frame(phone.mac, "192.168.1.77", OUTSIDE, 443, to))
        assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS]
        other.ask(NAME)
        assert not [frame for frame in heard.frames() if address_bytes(phone.address) in frame]
    assert "192.168.1.77" not in net.lan.run("ip", "neigh"), "a forged address went out"


def test_nobody_beyond_a_shared_uplink_reaches_a_villager(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED)
    neighbour = net.laptop()
    neighbour.use("192.168.1.50", 24, LAN)
    with phone.overhearing() as heard:
        assert neighbour.knock(phone.address, 80, patience=0.3) != "open"
        assert neighbour.knock(VILLAGE_ADDRESS, 80, patience=0.3) != "open"
        phone.ask(NAME)
        assert not [frame for frame in heard.frames() if address_bytes("192.168.1.50") in frame]


def test_a_shared_uplink_leaves_the_portal_and_the_hubs_name_as_they_were(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED)
    assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS]
    assert phone.ask("captive.apple.com").addresses == [PORTAL_ADDRESS]
    assert phone.ask("connectivitycheck.gstatic.com").addresses == [PORTAL_ADDRESS]
    for where in (VILLAGE_ADDRESS, PORTAL_ADDRESS, "8.8.8.8"):
        assert phone.knock(where, 853) == "reset"
    for where in (VILLAGE_ADDRESS, PORTAL_ADDRESS):
        assert phone.knock(where, 443) == "reset"


# Hosts that people open as well, or that other things are at: they must lead to themselves.
OPENED = {
    "developers.google.cn",
    "edge-http.microsoft.com",
    "edge.microsoft.com",
    "fedoraproject.org",
    "play.googleapis.com",
    "spectrum.s3.amazonaws.com",
    "wifi-check.brand-of-2031.example",
    "www.apple.com",
    "www.facebook.com",
    "www.google.cn",
    "www.google.com",
    "www.gstatic.com",
    "www.qualcomm.cn",
}


def test_hosts_that_are_nothing_but_probes_stay_ours_while_the_uplink_is_shared(net: VillageNet, phone: Phone) -> None:
    """Or a phone of such a maker would be told nothing, and leave, as soon as the uplink is down."""
    net.box.apply(SHARED)
    hosts = {probe.host.partition(":")[0] for probe in PROBES} - OPENED - {PORTAL_ADDRESS}
    assert {host for host in hosts if phone.ask(host).addresses != [PORTAL_ADDRESS]} == set()
    assert {host for host in OPENED if phone.ask(host).addresses != [OUTSIDE]} == set()


def test_with_a_shared_uplink_a_phone_believes_in_the_internet_and_stays_when_it_is_gone(
    net: VillageNet, phone: Phone
) -> None:
    net.box.apply(SHARED)
    android, apple = Android(phone), Apple(phone)
    assert (android.look(), apple.look()) == ("portal", "captive")
    android.sign_in()
    assert phone.knock(OUTSIDE, 443) == "open"
    net.lan.ip("link set box down")
    try:
        assert apple.look() == "success"
        assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS]
        assert phone.fetch(NAME, "/").status == 200
        assert phone.fetch("connectivitycheck.gstatic.com", "/generate_204").status == 204
    finally:
        net.lan.ip("link set box up")


def test_no_name_of_the_internet_leads_a_villager_to_a_private_address(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED)
    assert phone.ask("rebind.example.org").addresses == []


def test_taking_the_uplink_back_ends_what_is_under_way(net: VillageNet, phone: Phone) -> None:
    net.box.apply(SHARED)
    with phone.connected(OUTSIDE, 443) as line:
        net.box.apply(UPLINK)
        before = len(net.internet.served)
        line.settimeout(0.5)
        line.sendall(b"GET /10 HTTP/1.0\r\n\r\n")
        with pytest.raises(OSError, match=r"reset|refused|timed out"):
            line.recv(100)
        assert len(net.internet.served) == before


def test_a_technicians_phone_on_the_setup_network_has_no_internet_either(net: VillageNet) -> None:
    net.box.apply(SHARED)
    technician = net.technician()
    technician.join()
    assert technician.knock(OUTSIDE, 8080) == "reset"
    before = len(net.internet.served)
    technician.fetch("example.org", "/10", address=OUTSIDE)
    assert len(net.internet.served) == before
