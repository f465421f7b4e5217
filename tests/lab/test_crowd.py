"""Two hundred phones at once, and one that storms: the others are answered."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from hub.addresses import VILLAGE_ADDRESS
from tests.lab.packets import DISCOVER, dhcp_frame, query, syn_frame, udp_frame
from tests.lab.systems import Android, Apple
from tests.lab.village_net import NAME
from tests.town import until

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.lab.phone import Phone
    from tests.lab.village_net import VillageNet

MANY = 200
AT_ONCE = 50  # threads of the test's that act for them


def all_of(things: list[Any], act: Callable[[Any], Any]) -> list[Any]:
    """`act` for all of them, AT_ONCE at a time; the first fault is raised."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(act, things))


def test_two_hundred_phones_join_at_once_probe_press_and_stay(net: VillageNet) -> None:
    phones = [net.phone() for _ in range(MANY)]
    leases = all_of(phones, lambda phone: phone.join())
    assert len({lease.address for lease in leases}) == MANY
    owners = [(Android if number % 3 else Apple)(phone) for number, phone in enumerate(phones)]
    assert set(all_of(owners, lambda owner: owner.look())) == {"portal", "captive"}
    assert {page.status for page in all_of(owners, lambda owner: owner.sign_in())} == {200}
    assert set(all_of(owners, lambda owner: owner.look())) == {"partial", "success"}
    assert {owner.pop_ups for owner in owners} == {1}
    pages = all_of(phones, lambda phone: phone.fetch(NAME, "/").status)
    assert set(pages) == {200}
    net.box.restart_web()
    assert set(all_of(owners, lambda owner: owner.verdict())) == {"partial", "success"}


def syns(phone: Phone, to: bytes) -> list[bytes]:
    """Connections that are begun and never answered."""
    return [syn_frame(phone.mac, phone.address, VILLAGE_ADDRESS, 80, to, 1024 + n) for n in range(3000)]


def questions(phone: Phone, to: bytes) -> list[bytes]:
    """Names, thousands of them."""
    ends = (phone.address, 5000), ("8.8.8.8", 53)
    return [udp_frame(phone.mac, *ends, query(f"n{n}.example", "A", n), to) for n in range(3000)]


def discovers(phone: Phone, _to: bytes) -> list[bytes]:
    """The same phone asks for an address again and again."""
    return [dhcp_frame(phone.mac, n, DISCOVER, {}) for n in range(1000)]


def strangers(phone: Phone, _to: bytes) -> list[bytes]:
    """A phone that says each time that it is another one, to have all addresses."""
    return [dhcp_frame(b"\x02" + secrets.token_bytes(5), n, DISCOVER, {}) for n in range(1000)]


def garbage(phone: Phone, to: bytes) -> list[bytes]:
    """Datagrams to ports where nobody is."""
    return [
        udp_frame(phone.mac, (phone.address, 5000), (VILLAGE_ADDRESS, n), b"x" * 100, to) for n in range(2000, 5000)
    ]


@pytest.mark.parametrize("storm", [syns, questions, discovers, strangers, garbage], ids=lambda storm: storm.__name__)
def test_a_storm_from_one_phone_leaves_the_others_answered(
    net: VillageNet, phone: Phone, storm: Callable[[Phone, bytes], list[bytes]]
) -> None:
    other = net.phone()
    owner = Apple(other)
    with phone.overhearing() as wire:
        frames = storm(phone, phone.hub_mac())
        for frame in frames[: len(frames) // 2]:
            wire.send(frame)
        other.join()
        for frame in frames[len(frames) // 2 :]:
            wire.send(frame)
    assert owner.look() == "captive"
    owner.sign_in()
    assert owner.look() == "success"
    assert other.fetch(NAME, "/").status == 200


def test_a_phone_that_asks_for_page_after_page_leaves_the_others_answered(net: VillageNet, phone: Phone) -> None:
    other = net.phone()
    other.join()
    owner = Apple(other)

    def ask_again_and_again(number: int) -> int:
        with phone.connected(VILLAGE_ADDRESS, 80) as line:
            return sum(phone.over(line, NAME, f"/?page={number}-{n}").status for n in range(20))

    with ThreadPoolExecutor(20) as pool:
        storming = [pool.submit(ask_again_and_again, number) for number in range(20)]
        assert owner.look() == "captive"
        owner.sign_in()
        assert owner.look() == "success"
        assert other.fetch(NAME, "/").status == 200
        assert {storm.result() for storm in storming} == {20 * 200}, "and none of its own requests is lost"


def test_a_phone_that_holds_all_the_connections_it_can_get_leaves_the_others_some(
    net: VillageNet, phone: Phone
) -> None:
    """It opens them, begins to ask, and never ends."""
    other = net.phone()
    other.join()
    held: list[socket.socket] = []
    refused = 0
    try:
        for _ in range(150):
            try:
                line = phone.connected(VILLAGE_ADDRESS, 80)
                line.send(b"GET / HTTP/1.1\r\nHost: ")
                held.append(line)
            except OSError:
                refused += 1
        assert refused > 50, "a phone has so many connections and no more"
        assert len(held) >= 20, "enough for any browser"
        owner = Apple(other)
        assert owner.look() == "captive"
        owner.sign_in()
        assert other.fetch(NAME, "/").status == 200
    finally:
        for line in held:
            line.close()
    assert until(lambda: phone.knock(VILLAGE_ADDRESS, 80) == "open"), "and it is served itself when it has let go"
