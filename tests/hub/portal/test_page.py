"""The page in the sign-in window, and the API: what they say, to whom, and what they must not have."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from hub.portal.models import PortalSignIn
from hub.portal.routes import qr_code
from hub.portal.where import find
from tests.hub.portal.conftest import NAME, ONE, OTHER, Box

if TYPE_CHECKING:
    from hub.portal.where import Here

VILLAGER, TECHNICIAN, ON_CABLE = "10.44.0.7", "10.45.0.7", "169.254.9.9"


def text(box: Box, path: str = "/welcome", phone: str = ONE, **headers: str) -> str:
    return box.ask(box.at, path, phone, **headers).body.decode()


def from_there(
    box: Box, address: str, method: str = "GET", path: str = "/welcome", host: str = "10.44.0.1", arrived: str = ""
) -> tuple:
    """A request from an address that this machine does not have."""
    environ = EnvironBuilder(path=path, method=method, headers={"Host": host}).get_environ()
    environ |= {"REMOTE_ADDR": address, "SERVER_PORT": "80"}
    if arrived:
        environ["hub.arrived_at"] = lambda: (arrived, 80)
    chunks, status, headers = run_wsgi_app(box.app.wsgi_app, environ, buffered=True)
    return status[:3], headers, b"".join(chunks).decode()


def test_the_page_has_one_button_and_nowhere_else_to_go(box: Box) -> None:
    page = text(box).replace("url(#weave)", "")
    assert page.count("<button") == page.count("<form") == 1
    assert 'action="/welcome"' in page
    for other in ("<a ", "<script", "<link", "<img", "<iframe", "src=", "url(", "style=", "onclick"):
        assert other not in page, other


def test_the_page_tells_the_name_and_the_number_before_and_after(box: Box) -> None:
    for _ in range(2):
        page = text(box)
        assert f"<strong>{NAME}:{box.port}</strong>" in page
        assert f"<strong>{box.at}</strong>" in page
        assert str(qr_code(f"http://{NAME}:{box.port}/")) in page
        box.press()
    assert "<button" not in text(box)
    assert "<button" in text(box, phone=OTHER)


def test_the_page_is_small_and_whole(box: Box) -> None:
    reply = box.ask(box.at, "/welcome")
    assert len(reply.body) < 5500
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.body.lstrip().startswith(b"<!doctype html>")
    assert b"<svg" in reply.body


def test_only_the_pages_own_styles_are_let_in(box: Box) -> None:
    import base64
    import hashlib

    reply = box.ask(box.at, "/welcome")
    (style,) = re.findall(r"<style>(.*?)</style>", reply.body.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("languages", "language", "words"),
    [("es-MX,es;q=0.9", "es", "Seguir"), ("en-US,en", "en", "Continue"), ("yua", "es", "Seguir"), ("", "es", "Seguir")],
)
def test_it_speaks_the_phones_language(box: Box, languages: str, language: str, words: str) -> None:
    page = text(box, Accept_Language=languages)
    assert f'<html lang="{language}">' in page
    assert words in page


def test_the_button_leads_back_to_the_page_and_nowhere_else(box: Box) -> None:
    for target in ("/welcome", "/welcome?next=http://evil.example/", "/welcome?url=//evil.example"):
        reply = box.ask(box.at, target, method="POST", Content_Length="0", Referer="http://evil.example/")
        assert (reply.status, reply.location) == (303, "/welcome")


def test_a_form_of_another_page_does_no_more_than_the_button(box: Box) -> None:
    """It needs no token: whoever is led to press it has joined the hub's Wi-Fi, and gains what everybody may have."""
    reply = box.ask(box.at, "/welcome", method="POST", Content_Length="0", Origin="http://evil.example")
    assert reply.status == 303
    assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_press_nothing(box: Box, method: str) -> None:
    assert box.ask(box.at, "/welcome", method=method, Content_Length="0").status == 405
    assert box.ask("captive.apple.com", "/").status == 302


def test_a_look_from_afar_counts_no_page(box: Box) -> None:
    box.ask(box.at, "/welcome", method="HEAD")
    assert box.acceptance.evidence(0.0).pages == 0
    box.ask(box.at, "/welcome")
    assert box.acceptance.evidence(0.0).pages == 1


@pytest.mark.parametrize(
    ("address", "url", "own"),
    [
        (VILLAGER, "http://10.44.0.1/welcome", "10.44.0.1"),
        (f"::ffff:{VILLAGER}", "http://10.44.0.1/welcome", "10.44.0.1"),
        (TECHNICIAN, "http://10.45.0.1/welcome", "10.45.0.1"),
        (ON_CABLE, "http://169.254.44.1/welcome", "169.254.44.1"),
    ],
)
def test_each_network_is_led_to_the_hubs_number_there(box: Box, address: str, url: str, own: str) -> None:
    status, headers, _ = from_there(box, address, path="/generate_204", host="www.gstatic.com")
    assert (status, headers["Location"]) == ("302", url)
    assert own in from_there(box, address)[2]


def test_where_the_firewall_leads_port_80_to_another_phones_are_told_no_port() -> None:
    environ = {"REMOTE_ADDR": VILLAGER, "SERVER_PORT": "8080"}
    here: Here = find(environ)
    assert (here.at, here.port) == ("10.44.0.1", "")
    assert find(environ | {"REMOTE_ADDR": ON_CABLE}).at == "169.254.44.1:8080"


@pytest.mark.parametrize(
    ("end", "at"), [("192.168.1.20", "192.168.1.20"), ("::ffff:192.168.1.20", "192.168.1.20"), ("fd00::1", "[fd00::1]")]
)
def test_elsewhere_the_number_is_where_the_request_arrived(end: str, at: str) -> None:
    here = find({"REMOTE_ADDR": "192.168.1.77", "SERVER_PORT": "80", "hub.arrived_at": lambda: (end, 80)})
    assert (here.at, here.has_portal) == (at, False)


def test_a_phone_that_hung_up_meanwhile_upsets_nothing() -> None:
    def gone() -> tuple[str, int]:
        raise OSError

    assert find({"REMOTE_ADDR": "192.168.1.77", "SERVER_PORT": "80", "hub.arrived_at": gone}).at == "127.0.0.1"
    assert find({"REMOTE_ADDR": "nonsense", "SERVER_PORT": "80"}).at == "127.0.0.1"


def test_villagers_are_told_the_library_and_technicians_their_pages(box: Box) -> None:
    village, setup, cable = (from_there(box, address)[2] for address in (VILLAGER, TECHNICIAN, ON_CABLE))
    assert f"<strong>{NAME}</strong>" in village
    assert "<strong>10.44.0.1</strong>" in village
    assert "technician" not in village
    assert "<strong>10.45.0.1/technician</strong>" in setup
    assert NAME not in setup
    assert "<strong>169.254.44.1/technician</strong>" in cable


def test_whoever_typed_an_address_on_the_setup_network_is_led_to_the_staff_pages(box: Box) -> None:
    from_there(box, TECHNICIAN, "POST", host="10.45.0.1")
    _, headers, _ = from_there(box, TECHNICIAN, path="/", host="www.google.com")
    assert headers["Location"] == "http://10.45.0.1/technician"
    from_there(box, VILLAGER, "POST")
    assert from_there(box, VILLAGER, path="/", host="www.google.com")[1]["Location"] == f"http://{NAME}/"


def test_no_header_makes_one_phone_another(box: Box) -> None:
    """The server drops such headers; nobody here would read them either."""
    from_there(box, VILLAGER, "POST")
    environ = EnvironBuilder(path="/", headers={"Host": "captive.apple.com"}).get_environ()
    environ |= {"REMOTE_ADDR": "10.44.0.8", "HTTP_X_FORWARDED_FOR": VILLAGER, "HTTP_FORWARDED": f"for={VILLAGER}"}
    assert run_wsgi_app(box.app.wsgi_app, environ, buffered=True)[1].startswith("302")


def test_a_technicians_phone_is_no_guest_of_the_village(box: Box) -> None:
    """Or the check at the end of a visit would pass by the phone that looks at it."""
    for _ in range(2):
        from_there(box, TECHNICIAN, path="/generate_204", host="www.gstatic.com")
        from_there(box, TECHNICIAN, host="10.45.0.1")
        from_there(box, TECHNICIAN, "POST", host="10.45.0.1")
    assert box.acceptance.evidence(0.0)[1:] == (0, 0, 0, 0, ())
    box.write()
    assert PortalSignIn.select().count() == 0
    from_there(box, VILLAGER, "POST")
    box.write()
    assert (box.acceptance.evidence(0.0).accepted, PortalSignIn.select().count()) == (1, 1)


def test_in_the_network_of_the_uplink_the_hub_may_have_any_name(box: Box) -> None:
    assert from_there(box, "192.168.1.77", path="/", host="raspberrypi.lan")[0] == "200"


def test_the_api_says_whether_a_phone_is_captive(box: Box) -> None:
    before = box.ask(box.at, "/captive-portal/api", Accept="application/captive+json")
    assert (before.status, before.headers["Content-Type"]) == (200, "application/captive+json")
    assert before.headers["Cache-Control"] == "private"
    told = {"captive": True, "user-portal-url": f"http://{box.at}/welcome", "can-extend-session": True}
    assert json.loads(before.body) == told
    box.press()
    box.seconds += 100
    after = json.loads(box.ask(box.at, "/captive-portal/api").body)
    assert after == told | {"captive": False, "seconds-remaining": 12 * 3600 - 100}
    assert json.loads(box.ask(box.at, "/captive-portal/api", OTHER).body)["captive"]


def test_pages_are_made_once_and_not_kept_without_end(box: Box) -> None:
    for _ in range(3):
        text(box)
    assert len(box.app.extensions["portal_pages"]) == 1
    for number in range(100):
        from_there(box, "192.168.1.77", arrived=f"192.168.1.{number}")
    assert 1 < len(box.app.extensions["portal_pages"]) <= 64


def test_the_programme_has_its_name_and_colour_on_the_page(tmp_path) -> None:
    from tests.hub.serving import serving

    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "programme.toml").write_text('name = "Mujeres del maíz & más"\ncolour = "#1f5fa8"\n')
    box = Box(tmp_path)
    with serving(box.server):
        page = text(box)
        assert "Mujeres del maíz &amp; más" in page
        assert "--accent:#1f5fa8" in page
