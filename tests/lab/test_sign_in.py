"""A person with a phone of each system: the window opens, says how to find the library, has one button, and stays shut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hub.addresses import SETUP_ADDRESS, VILLAGE_ADDRESS
from tests.lab.dhcp import Lease
from tests.lab.systems import CONTENT, SYSTEMS, Android, Apple, System, Windows, press, seen
from tests.lab.village_net import NAME

if TYPE_CHECKING:
    from tests.lab.phone import Phone
    from tests.lab.village_net import VillageNet


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.__name__)
def test_a_phone_of_each_system_shows_the_window_once_and_is_content_afterwards(
    phone: Phone, system: type[System]
) -> None:
    owner = system(phone)
    assert owner.look() == system.captive
    owner.sign_in()
    if isinstance(owner, Android) and not owner.without_internet:
        assert owner.look() == "partial", "HTTPS cannot succeed: the phone asks whether to stay"
        owner.stay()
    assert owner.look() in CONTENT
    for _ in range(5):
        assert owner.comes_back() in CONTENT
    assert owner.pop_ups == 1


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.__name__)
def test_the_window_has_one_button_no_script_and_no_way_into_content(phone: Phone, system: type[System]) -> None:
    owner = system(phone)
    owner.look()
    for page in (owner.window(), owner.sign_in()):
        there = seen(page)
        assert there.loads == []
        assert [link for link in there.links if "/welcome" not in link] == []
        assert NAME in page.text
        assert VILLAGE_ADDRESS in page.text, "who uses private DNS resolves no name"
        assert len(page.body) < 60_000
        assert len(there.buttons) <= 1


def test_the_window_has_a_code_for_the_camera_of_another_phone(phone: Phone) -> None:
    android = Android(phone)
    android.look()
    assert "<svg" in android.window().text or "data:image" in android.window().text


@pytest.mark.parametrize(("language", "word"), [("es-MX,es;q=0.9", "es"), ("en-US,en;q=0.9", "en")])
def test_the_window_speaks_the_phones_language(phone: Phone, language: str, word: str) -> None:
    android = Android(phone)
    android.look()
    page = phone.browse(android.redirect, **{"Accept-Language": language})
    assert f'lang="{word}' in page.text


def test_the_button_counts_for_this_phone_alone(net: VillageNet, phone: Phone) -> None:
    other = net.phone()
    other.join()
    owner, neighbour = Apple(phone), Apple(other)
    neighbour.look()
    owner.look()
    owner.sign_in()
    assert owner.look() == "success"
    assert neighbour.look() == "captive"
    neighbour.sign_in()
    assert neighbour.look() == "success"


def test_opening_the_window_without_pressing_changes_nothing(phone: Phone) -> None:
    owner = Apple(phone)
    owner.look()
    for _ in range(3):
        owner.window()
        assert owner.verdict() == "captive"
    phone.browse(f"http://{NAME}/")
    assert owner.verdict() == "captive", "nor does the library"


def test_no_link_and_no_page_of_elsewhere_can_press_the_button(phone: Phone) -> None:
    owner = Apple(phone)
    owner.look()
    form = seen(owner.window()).forms[0]
    assert form.get("method", "get").lower() == "post"
    phone.browse(f"http://{NAME}{form['action']}" if form["action"].startswith("/") else form["action"])
    assert owner.verdict() == "captive"


def test_a_phone_that_keeps_no_cookies_presses_the_button_all_the_same(phone: Phone) -> None:
    owner = Apple(phone)
    owner.look()
    page = owner.window()
    phone.cookies.clear()
    press(phone, page, owner.sheet)
    assert owner.look() == "success"


def test_windows_opens_its_browser_at_the_portal_and_then_finds_the_library(phone: Phone) -> None:
    owner = Windows(phone)
    assert owner.look() == "sign in"
    assert "<form" in owner.window().text
    owner.sign_in()
    assert owner.look() == "internet"


def test_the_api_answers_by_the_rules_of_its_rfc(phone: Phone) -> None:
    """RFC 8908: it is there for whoever was told of it; over http here, since the lab has no certificate."""
    for captive in (True, False):
        page = phone.fetch(NAME, "/captive-portal/api", headers={"Accept": "application/captive+json"})
        assert page.status == 200
        assert page.headers.get_content_type() == "application/captive+json"
        assert "private" in page.headers["Cache-Control"] or "no-store" in page.headers["Cache-Control"]
        told = json.loads(page.body)
        assert told["captive"] is captive
        assert len(page.body) <= 4096
        if captive:
            assert told["user-portal-url"] in {f"http://{NAME}/welcome", f"http://{VILLAGE_ADDRESS}/welcome"}
            owner = Apple(phone)
            owner.look()
            owner.sign_in()


def test_a_phone_that_asks_by_number_alone_signs_in_too(phone: Phone) -> None:
    """Strict private DNS: no name resolves. The printed number opens the library, and the portal's page is there."""
    page = phone.browse(f"http://{VILLAGE_ADDRESS}/welcome")
    assert page.status == 200
    press(phone, page, "Mozilla/5.0")
    assert Android(phone).look() == "partial"


def test_a_phone_with_addresses_written_by_hand_signs_in_as_well(net: VillageNet) -> None:
    """No lease is known of it: its address stands for it."""
    phone = net.phone()
    phone.use("10.44.0.5", 22, VILLAGE_ADDRESS)  # below those that are given out
    phone.lease = Lease("10.44.0.5", "255.255.252.0", VILLAGE_ADDRESS, ["8.8.8.8"], 0, "", None, {})
    owner = Apple(phone)
    assert owner.look() == "captive"
    owner.sign_in()
    assert owner.look() == "success"


def test_a_technician_on_the_setup_network_is_led_to_the_technicians_pages(net: VillageNet) -> None:
    phone = net.technician()
    phone.join()
    owner = Android(phone)
    assert owner.look() == "portal", "the page opens by itself: nothing has to be typed"
    page = owner.window()
    assert f"{SETUP_ADDRESS}/technician" in page.text
    owner.sign_in()
    assert owner.look() == "partial"
    assert phone.browse("http://www.periodico.example/").url.startswith(f"http://{SETUP_ADDRESS}/technician")


def test_what_a_phone_did_leaves_no_trace_in_the_logs(net: VillageNet, phone: Phone) -> None:
    owner = Apple(phone)
    owner.look()
    owner.sign_in()
    for name in ("web", "dnsmasq"):
        said = net.box.log(name)
        assert phone.address not in said
        assert phone.mac.hex(":") not in said.lower()
