"""Every probe of every client: a portal before the button is pressed, and the Internet's own answer afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hub.addresses import VILLAGE_ADDRESS
from tests.lab.probes import PROBES, SUCCESS, Probe
from tests.lab.systems import Android
from tests.lab.village_net import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.phone import Page, Phone
    from tests.lab.village_net import VillageNet

CHECKS = [probe for probe in PROBES if probe.is_a_check]
ELSEWHERE = [probe for probe in PROBES if not probe.is_a_check]
HOLDS = (204, 511)


def test_all_of_the_shared_list_is_tried(shared_data: Path) -> None:
    listed = json.loads((shared_data / "captive" / "probes.json").read_text())
    http = {probe["id"] for probe in listed["probes"] if probe["request"]["scheme"] == "http"}
    assert http <= {probe.id for probe in PROBES}
    rest = {probe["id"]: probe["request"]["port"] for probe in listed["probes"] if probe["id"] not in http}
    assert set(rest.values()) == {443}, "these are reset at once: test_walls.py"
    assert [name["name"] for name in listed["dns_probes"]] == ["dns.msftncsi.com"], "test_names.py"


@pytest.mark.parametrize("probe", CHECKS, ids=str)
def test_a_probe_meets_the_portal_and_after_the_button_the_answer_that_its_client_wants(
    phone: Phone, probe: Probe
) -> None:
    before = probe.ask(phone)
    assert not probe.online(before)
    assert opens_a_window(before), before
    Android(phone).look()
    sign_in(phone)
    after = probe.ask(phone)
    assert probe.online(after), after
    for page in (before, after):
        assert "no-store" in page.headers.get("Cache-Control", ""), "a phone that keeps it would believe it tomorrow"
        assert "Set-Cookie" not in page.headers


@pytest.mark.parametrize("probe", ELSEWHERE, ids=str)
def test_where_a_system_sends_its_browser_to_sign_in_the_portal_is_found(phone: Phone, probe: Probe) -> None:
    page = phone.browse(f"http://{probe.host}{probe.path}")
    assert page.status == 200
    assert "<form" in page.text
    sign_in(phone)
    assert phone.browse(f"http://{probe.host}{probe.path}").status == 200


@pytest.mark.parametrize(
    "host", [NAME, NAME.upper(), f"{NAME}:80", f"{NAME}.", VILLAGE_ADDRESS, f"{VILLAGE_ADDRESS}:80"]
)
def test_the_hubs_own_names_are_never_probes(phone: Phone, host: str) -> None:
    paths = sorted({probe.path for probe in PROBES if probe.path.startswith("/")} - {"/"})
    before = [phone.fetch(host, path, address=VILLAGE_ADDRESS) for path in paths]
    sign_in(phone)
    after = [phone.fetch(host, path, address=VILLAGE_ADDRESS) for path in paths]
    for path, one, other in zip(paths, before, after, strict=True):
        assert one.status == other.status == 404, path
        assert SUCCESS not in one.text + other.text


def test_the_library_opens_by_the_hubs_name_and_by_its_number_whether_the_button_was_pressed_or_not(
    phone: Phone,
) -> None:
    for pressed in (False, True):
        if pressed:
            sign_in(phone)
        for host in (NAME, VILLAGE_ADDRESS):
            page = phone.fetch(host, "/")
            assert page.status == 200
            assert "/welcome" not in page.text


@pytest.mark.parametrize("path", ["/", "/some/article.html", "/index.php?id=3", "/favicon.ico", "/robots.txt"])
def test_a_page_of_the_internet_leads_to_the_portal_and_not_into_the_library(phone: Phone, path: str) -> None:
    """An old address typed by hand, without https: people learn where they are."""
    page = phone.fetch("www.periodico.example", path)
    assert page.status in {302, 303, 307, 404, 511}
    if page.target:
        assert page.target.startswith((f"http://{NAME}/", f"http://{VILLAGE_ADDRESS}/"))


def test_after_the_button_a_page_of_the_internet_leads_to_the_library(phone: Phone) -> None:
    sign_in(phone)
    page = phone.browse("http://www.periodico.example/some/article.html")
    assert (page.status, page.url) == (200, f"http://{NAME}/")


def test_a_client_that_names_no_host_is_told_by_the_path(phone: Phone) -> None:
    """HTTP/1.0 need not name it."""

    def asks(path: str) -> Page:
        return phone.fetch("captive.apple.com", path, version="1.0", headers={"Host": None})

    assert asks("/hotspot-detect.html").target
    assert asks("/generate_204").target
    sign_in(phone)
    assert SUCCESS in asks("/hotspot-detect.html").text
    assert asks("/generate_204").status == 204


def test_a_connection_that_was_open_before_the_button_hears_the_new_answer(phone: Phone) -> None:
    """Android asks again over the connection that it has."""
    host = "connectivitycheck.gstatic.com"
    with phone.connected(phone.resolve(host), 80) as line:
        assert phone.over(line, host, "/generate_204").status == 302
        sign_in(phone)
        assert phone.over(line, host, "/generate_204").status == 204


@pytest.mark.parametrize("pressed", [False, True], ids=["before", "after"])
def test_a_user_agent_changes_no_answer(phone: Phone, pressed: bool) -> None:
    if pressed:
        sign_in(phone)
    agents = [
        "",
        "curl/8",
        "Mozilla/5.0 (Linux; Android 16) Chrome/140",
        "Dalvik/2.1.0 (Linux; U; Android 10)",
        "wispr" * 50,
    ]
    for host, path in (("captive.apple.com", "/hotspot-detect.html"), ("www.gstatic.com", "/generate_204")):
        pages = [phone.fetch(host, path, headers={"User-Agent": agent}) for agent in agents]
        assert len({(page.status, page.body, page.target) for page in pages}) == 1


def test_garbage_where_probes_come_in_gets_an_answer_and_no_fault(net: VillageNet, phone: Phone) -> None:
    hosts = ["", "[", "[::1", "a" * 1000, "xn--", "%00", "é.example", ":80", "http://", "10.44.0.1.example", "a b"]
    for host in hosts:
        for path in ("/generate_204", "/", "//", "/%2e%2e/%00", "*"):
            page = phone.fetch("www.gstatic.com", path, headers={"Host": host})
            assert page.status < 500, (host, path)
    assert "Traceback" not in net.box.log("web")


def opens_a_window(page: Page) -> bool:
    """Whether Android and Apple would both show the sign-in page for it."""
    return (300 <= page.status < 400 and bool(page.target)) or (page.status == 200 and len(page.body) > 4)


def sign_in(phone: Phone) -> None:
    """Press the button."""
    Android(phone, redirect="http://connectivitycheck.gstatic.com/generate_204").sign_in()
