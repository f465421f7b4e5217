"""The technician's own network, as a box makes it at its first start: WPA2 by hostapd on a (simulated) radio."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from hub.addresses import PORTAL_ADDRESS, SETUP_ADDRESS, SETUP_NETWORK
from hub.network.plan import SECOND
from tests.guest.machine import until

ANDROID = "http://connectivitycheck.gstatic.com/generate_204"


@pytest.fixture
def setup(hub):
    """The setup network of a new box."""
    return hub.stand(stage="setup").setup


def test_a_new_box_opens_its_setup_network_with_wpa2(box, setup, phone) -> None:
    assert "state=ENABLED" in box.hostapd(SECOND)
    assert phone.sees(setup.name) == "RSN"


def test_a_technician_joins_with_the_password_of_the_box(setup, phone) -> None:
    assert phone.join(setup.name, setup.password)

    assert ip_address(phone.take_lease()) in ip_network(SETUP_NETWORK)
    assert phone.reaches(SETUP_ADDRESS)


def test_a_wrong_password_does_not_join(setup, phone) -> None:
    assert not phone.join(setup.name, "bcdf-ghjk-mnpq-rtwx-bcdf")


def test_the_questions_are_asked_on_the_setup_network(setup, phone) -> None:
    phone.join(setup.name, setup.password)
    phone.take_lease()

    assert phone.get(f"http://{SETUP_ADDRESS}/technician").status in {200, 302, 303}


def test_a_phone_on_the_setup_network_finds_the_portal_and_stays(setup, phone) -> None:
    phone.join(setup.name, setup.password)
    phone.take_lease()

    assert set(phone.resolve("connectivitycheck.gstatic.com")) == {PORTAL_ADDRESS}
    assert phone.get(ANDROID).status == 302
    phone.accept()
    assert phone.get(ANDROID).status == 204


def test_an_access_point_that_dies_comes_back_with_names(box, setup, phone) -> None:
    """Its second interface is a new one then, of which dnsmasq must hear, or the look at the network every five minutes."""
    box.run("systemctl", "kill", "--signal=KILL", "hub-access-point.service")
    until(lambda: "state=ENABLED" in box.hostapd(SECOND), 60, "the setup network")
    box.run("systemctl", "start", "hub-network-watch.service")

    assert phone.join(setup.name, setup.password)
    phone.take_lease()
    assert until(lambda: phone.resolve("captive.apple.com"), 60, "an answer to a name") == [PORTAL_ADDRESS] * 3
