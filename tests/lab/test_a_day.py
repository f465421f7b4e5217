"""No loop of pop-ups: whatever happens to a phone, its lease, its MAC or the hub, the window opens once and stays shut."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from hub.addresses import VILLAGE_ADDRESS
from tests.lab.packets import ACK, RELEASE
from tests.lab.systems import Android, Apple, Firefox, FireOS, NetworkManager, System, Windows
from tests.lab.village_net import NAME, RECORD
from tests.town import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.phone import Phone
    from tests.lab.village_net import VillageNet

HOURS = 12  # so long "yes" holds


@pytest.fixture
def owner(phone: Phone) -> Apple:
    """An iPhone, the strictest, whose owner has pressed the button."""
    apple = Apple(phone)
    apple.look()
    apple.sign_in()
    apple.look()
    assert apple.pop_ups == 1
    return apple


def lose_leases(net: VillageNet) -> None:
    """dnsmasq begins anew without what it knew, as after a fault."""
    net.box.stop("dnsmasq")
    (net.box.run / "village-hub-net" / "leases").unlink()
    net.box.start_names()


def forget_lease(phone: Phone) -> None:
    """The phone forgets it, and the hub keeps it."""
    phone.forget()
    phone.join()


def test_a_phone_whose_lease_the_hub_lost_is_not_asked_again(net: VillageNet, owner: Apple) -> None:
    lose_leases(net)
    assert owner.look() == "success", "before it has asked for its address again"
    assert owner.comes_back() == "success"
    assert owner.pop_ups == 1


def test_a_phone_that_forgot_its_lease_is_not_asked_again(net: VillageNet, owner: Apple) -> None:
    forget_lease(owner.phone)
    assert owner.look() == "success"


def test_a_phone_that_is_given_another_address_is_not_asked_again(net: VillageNet, owner: Apple) -> None:
    before = owner.phone.address
    lose_leases(net)
    taker = net.phone()
    taker.lease = owner.phone.lease
    assert taker.join().address == before, "somebody who came first has it now"
    owner.phone.forget()
    assert owner.phone.join().address != before
    assert owner.comes_back() == "success"
    assert owner.pop_ups == 1
    assert Apple(taker).look() == "captive", "whoever has the address of one who said yes has not said it"


def test_a_phone_that_gave_its_address_back_is_not_asked_again(owner: Apple) -> None:
    owner.phone.tell(RELEASE)
    owner.phone.forget()
    owner.phone.join()
    assert owner.look() == "success"


def test_a_computer_that_keeps_its_name_and_changes_its_mac_is_asked_once_more(net: VillageNet) -> None:
    """A client's own id (option 61) keeps it the address; who said yes is told by the MAC."""
    laptop = net.phone()
    laptop.client_id = b"\xff" + b"of-the-laptop"
    before = laptop.join().address
    owner = Windows(laptop)
    owner.look()
    owner.sign_in()
    assert owner.look() == "internet"
    laptop.change_mac()
    assert laptop.join().address == before
    assert owner.look() == "sign in"
    owner.sign_in()
    for _ in range(3):
        assert owner.comes_back() == "internet"
    assert owner.pop_ups == 2


def test_an_order_for_the_network_breaks_no_connection_and_asks_nobody_again(net: VillageNet, owner: Apple) -> None:
    phone = owner.phone
    with phone.connected(VILLAGE_ADDRESS, 80) as line:
        assert phone.over(line, NAME, "/").status == 200
        net.box.apply(msgspec.structs.replace(RECORD, number=7, channel=11))
        assert phone.over(line, NAME, "/").status == 200
    assert phone.renew() == ACK
    assert owner.look() == "success"


def test_a_phone_with_a_new_mac_is_asked_once_more_and_then_left_alone(owner: Apple) -> None:
    """Randomised MACs, as some phones take each day: to the hub it is another phone."""
    for times in (2, 3):
        owner.phone.change_mac()
        owner.phone.join()
        assert owner.look() == "captive"
        owner.sign_in()
        for _ in range(3):
            assert owner.comes_back() == "success"
        assert owner.pop_ups == times


def test_a_phone_that_takes_its_old_mac_again_is_not_asked(owner: Apple) -> None:
    mine = owner.phone.mac
    owner.phone.change_mac()
    owner.phone.join()
    assert owner.verdict() == "captive"
    owner.phone.change_mac(mine)
    owner.phone.join()
    assert owner.verdict() == "success"


def test_a_restart_of_the_pages_asks_nobody_again(net: VillageNet, owner: Apple) -> None:
    net.box.restart_web()
    assert owner.comes_back() == "success"
    assert owner.pop_ups == 1


def test_a_crash_of_the_pages_asks_nobody_again(net: VillageNet, owner: Apple) -> None:
    kept = net.box.run / "village-hub" / "portal.json"
    mac = owner.phone.mac.hex(":").encode()
    assert until(lambda: kept.exists() and mac in kept.read_bytes()), "it is written every few seconds"
    net.box.stop("web", signal.SIGKILL)
    net.box.start_web()
    assert owner.comes_back() == "success"


def test_while_the_pages_are_down_no_phone_is_told_that_it_must_sign_in(net: VillageNet, owner: Apple) -> None:
    net.box.stop("web")
    assert owner.verdict() == "no internet"
    net.box.start_web()
    assert owner.look() == "success"


def test_a_reboot_asks_once_more_and_never_again(net: VillageNet, owner: Apple) -> None:
    net.box.reboot()
    assert owner.comes_back() == "captive"
    owner.sign_in()
    for _ in range(3):
        assert owner.comes_back() == "success"
    assert owner.pop_ups == 2


def test_after_a_reboot_nothing_of_who_said_yes_is_left(net: VillageNet, owner: Apple) -> None:
    mac, address = owner.phone.mac.hex(":"), owner.phone.address
    net.box.stop("web")  # which writes what it knows
    there = list(net.box.run.rglob("*"))
    assert any(file.is_file() and mac.encode() in file.read_bytes() for file in there), "until then"
    net.box.reboot()
    for file in (*net.folder.rglob("*"), *net.box.run.rglob("*")):
        data = file.read_bytes() if file.is_file() else b""
        assert mac.encode() not in data, file
        assert address.encode() not in data, file


def test_a_file_of_another_boot_lets_nobody_in(net: VillageNet, owner: Apple) -> None:
    """If it were copied, or /run were no tmpfs."""
    net.box.stop("web")
    kept = (net.box.run / "village-hub" / "portal.json").read_bytes()
    assert owner.phone.mac.hex(":").encode() in kept
    net.box.power_off()
    net.box.power_on()
    net.box.stop("web")
    (net.box.run / "village-hub" / "portal.json").write_bytes(kept)
    net.box.start_web()
    assert owner.verdict() == "captive"


@pytest.mark.parametrize("broken", [b'{"boot": 7}', b"\xff" * 100], ids=["not-ours", "garbage"])
def test_a_broken_file_costs_one_more_press_and_no_more(net: VillageNet, owner: Apple, broken: bytes) -> None:
    net.box.stop("web")
    (net.box.run / "village-hub" / "portal.json").write_bytes(broken)
    net.box.start_web()
    assert owner.look() == "captive"
    owner.sign_in()
    assert owner.comes_back() == "success"


def test_yes_holds_for_twelve_hours_of_the_boxs_own_clock(net: VillageNet, owner: Apple) -> None:
    net.box.restart_web(hours=HOURS - 0.1)
    assert owner.comes_back() == "success"
    net.box.restart_web(hours=0.2)
    assert owner.comes_back() == "captive"
    owner.sign_in()
    net.box.restart_web(hours=HOURS - 0.1)
    assert owner.comes_back() == "success", "from the second press on"
    assert owner.pop_ups == 2


def test_a_day_in_the_village_shows_each_phone_the_window_as_often_as_it_must(net: VillageNet) -> None:
    """24 hours: phones come and go, the pages restart, the leases are lost, one phone changes its MAC.

    Yes holds 12 hours, so who is there all day is asked at 0 and after 12; the one with a new MAC once more.
    """
    makers: list[Callable[[Phone], System]] = [Android, Apple, Windows, NetworkManager, Firefox, FireOS]
    owners = [maker(net.phone()) for maker in makers]
    for owner in owners:
        owner.phone.join()
    for hours, happens in ((0, None), (5, lose_leases), (6, owners[0].phone.change_mac), (2, None), (7, lose_leases)):
        if hours:
            net.box.restart_web(hours=hours)
        if happens is lose_leases:
            lose_leases(net)
        elif happens:
            happens()
        for owner in owners * 2:
            if owner.comes_back() == owner.captive:
                owner.sign_in()
                if isinstance(owner, Android):
                    owner.stay()
    asked = {type(owner).__name__: owner.pop_ups for owner in owners}
    # The one with the new MAC pressed at hour 11, so it is not asked at 13; nor is anybody at 20.
    assert asked == dict.fromkeys(asked, 2)
    assert {owner.last for owner in owners} == {"validated", "success", "internet", "full", "unlocked", "connected"}


EVIDENCE = """
from hub.clock import Clock
from hub.portal.acceptance import evidence
from hub.settings import Settings
found = evidence(Settings.load(), Clock(), 0.0)
print(found.leases, found.pages, found.accepted, found.online, *found.phones)
"""


def test_the_check_at_the_end_of_a_visit_sees_that_a_phone_came_and_signed_in_and_not_which(
    net: VillageNet, owner: Apple
) -> None:
    end = owner.phone.mac.hex()[-2:]

    def told() -> list[str]:
        return net.box.program(sys.executable, "-c", EVIDENCE).split()

    assert until(lambda: end in told()[4:]), "it is written every few seconds"
    leases, pages, accepted, online = (int(number) for number in told()[:4])
    assert min(leases, pages, accepted, online) >= 1
    assert all(len(phone) == 2 for phone in told()[4:])
