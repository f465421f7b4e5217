"""The village's network: joined by phones over a (simulated) radio or by a wire, with the portal that keeps them."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from hub.addresses import CABLE_ADDRESS, PORTAL_ADDRESS, SETUP_ADDRESS, VILLAGE_ADDRESS, VILLAGE_NETWORK
from hub.network.record import WiFi
from tests.guest.phones import Device, Laptop

if TYPE_CHECKING:
    from collections.abc import Iterator

ANDROID = "http://connectivitycheck.gstatic.com/generate_204"
APPLE = "http://captive.apple.com/hotspot-detect.html"
WINDOWS = "http://www.msftconnecttest.com/connecttest.txt"
RADIO, UPLINK_PORT, SECOND_PORT = "wlan0", "enp0s2", "enp0s3"


@pytest.fixture
def village(hub):
    """The village's network, as the box is left."""
    return hub.stand(stage="village").village


@pytest.fixture
def joined(village, phone):
    """A phone on it that has an address and has accepted nothing yet."""
    assert phone.join(village.name, village.password)
    phone.take_lease()
    return phone


def test_a_phone_joins_and_gets_an_address_of_the_village(joined) -> None:
    assert ip_address(joined.address) in ip_network(VILLAGE_NETWORK)
    assert joined.resolve("hub.home.arpa") == [VILLAGE_ADDRESS] * 3
    assert set(joined.resolve("captive.apple.com")) == {PORTAL_ADDRESS}


def test_a_wrong_password_does_not_join(village, phone) -> None:
    assert not phone.join(village.name, "00000000")


def test_a_phone_is_led_to_the_portal_until_it_accepts(joined) -> None:
    before = [joined.get(url) for url in (ANDROID, APPLE, WINDOWS)]
    joined.accept()
    android, apple, windows = (joined.get(url) for url in (ANDROID, APPLE, WINDOWS))

    assert {(answer.status, answer.to.rpartition("/")[2]) for answer in before} == {(302, "welcome")}
    assert android.status == 204
    assert "Success" in apple.body
    assert windows.body == "Microsoft Connect Test"


def test_what_cannot_be_answered_is_refused_at_once(joined) -> None:
    """curl's 7 is a refused connection; 28 would be a phone that waits."""
    for port in (443, 853):
        asked = ("curl", "--silent", "--max-time", "20", f"telnet://{PORTAL_ADDRESS}:{port}")
        assert joined.run(*asked, check=False).code == 7


def test_staff_pages_are_refused_on_the_villages_network(joined) -> None:
    assert joined.get(f"http://{VILLAGE_ADDRESS}/").status == 200
    assert joined.get(f"http://{VILLAGE_ADDRESS}/technician").status == 403
    for address in (SETUP_ADDRESS, CABLE_ADDRESS):
        assert joined.get(f"http://{address}/technician").status in {0, 302}


def test_both_networks_are_there_at_once_on_a_radio_that_holds_two(hub, village, phone, other_phone) -> None:
    setup = hub.network.setup

    assert phone.join(village.name, village.password)
    assert other_phone.join(setup.name, setup.password)
    assert ip_address(phone.take_lease()) in ip_network(VILLAGE_NETWORK)
    assert other_phone.take_lease().startswith("10.45.0.")


def test_two_phones_do_not_reach_each_other(village, joined, other_phone) -> None:
    assert other_phone.join(village.name, village.password)
    other_phone.take_lease()

    assert other_phone.reaches(VILLAGE_ADDRESS)
    assert not other_phone.reaches(joined.address)
    # Nor past the hub's own rules, by the radio alone: a neighbour whose hardware address is known.
    other_phone.knows(joined)
    assert not other_phone.reaches(joined.address)


def test_a_network_without_a_password_is_open(hub, village, phone) -> None:
    name = hub.stand(stage="village", village=WiFi(name=village.name)).village.name

    assert phone.sees(name) == "open"
    assert phone.join(name)
    assert ip_address(phone.take_lease()) in ip_network(VILLAGE_NETWORK)


def test_channel_and_country_are_the_ones_chosen(box, hub, phone) -> None:
    network = hub.stand(stage="village", country="US", channel=11)

    assert re.search(r"channel 11 ", box.run("iw", "dev", RADIO, "info").out)
    assert "country US" in box.run("iw", "reg", "get").out
    assert phone.join(network.village.name, network.village.password)


def test_a_name_with_accents_and_signs_is_the_one_that_phones_see(hub, phone) -> None:
    wifi = WiFi(name='Biblioteca "Ñandú" 1', password='clave con "comillas" y \\')
    hub.stand(stage="village", village=wifi)

    assert phone.join(wifi.name, wifi.password)


@pytest.mark.parametrize(
    "wanted",
    [
        {"channel": 14},
        {"country": "ZZ"},
        {"village": WiFi(name="x" * 33)},
        {"radio": "wlan7"},
        {"access_point": "eth9"},
    ],
    ids=lambda wanted: next(iter(wanted)),
)
def test_a_bad_order_leaves_the_old_network_running_and_says_why(box, hub, village, joined, wanted) -> None:
    before, started = hub.network, box.sh("systemctl show -P MainPID hub-access-point.service")

    came = hub.change(stage="village", **wanted)

    assert came["ok"] is False
    assert came["sentence"].endswith(".")
    assert hub.network == before
    assert box.sh("systemctl show -P MainPID hub-access-point.service") == started
    assert joined.reaches(VILLAGE_ADDRESS)


def test_an_access_point_on_the_cable_carries_the_village(box, hub, phone) -> None:
    """Its phones are `laptop`, at the far end of the second wired port."""
    network = hub.stand(stage="village", access_point=SECOND_PORT)
    wired = Device(box, "laptop", "wire")
    wired.run("ip", "link", "set", "wire", "up")

    assert ip_address(wired.take_lease()) in ip_network(VILLAGE_NETWORK)
    assert wired.get(ANDROID).status == 302
    assert wired.get(f"http://{VILLAGE_ADDRESS}/technician").status == 403
    assert phone.join(network.setup.name, network.setup.password)  # which the box's own radio has now


@pytest.fixture
def without_uplink(box) -> Iterator[None]:
    """Nothing in the first wired port."""
    box.run("ip", "link", "set", UPLINK_PORT, "down")
    yield
    box.run("ip", "link", "set", UPLINK_PORT, "up")


@pytest.mark.usefixtures("without_uplink")
def test_a_laptop_on_the_cable_finds_the_hub_by_an_address_of_its_own(box, village) -> None:
    wired = Device(box, "laptop", "wire")
    wired.run("ip", "address", "replace", "169.254.7.7/16", "dev", "wire")
    wired.run("ip", "link", "set", "wire", "up")

    assert wired.get(f"http://{CABLE_ADDRESS}/technician").status in {200, 302, 303}
    asked = wired.run(
        "busybox", "udhcpc", "-i", "wire", "-n", "-q", "-t", "3", "-T", "1", "-s", "/bin/true", check=False
    )
    assert asked.code != 0, "the box gave out an address on somebody else's cable"


def test_networkmanager_itself_goes_from_portal_to_full(box, village) -> None:
    laptop = Laptop(box, 2)
    try:
        laptop.join(village.name, village.password)
        before = laptop.verdict()
        laptop.accept()
        after = laptop.verdict()
    finally:
        laptop.close()

    assert (before, after) == ("portal", "full")
