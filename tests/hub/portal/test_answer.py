"""Every probe over a real socket, before the button and after; and what else phones ask of hosts that are not here."""

from __future__ import annotations

import pytest

from tests.hub.portal.conftest import NAME, ONE, OTHER, Box, Reply
from tests.hub.serving import serving
from tests.lab.probes import PROBES, Probe

PAGES = ["/", "/courses/precio-justo", "/items/precio-justo/cuanto-te-cuesta", "/search?q=costos", "/usage",
         "/learn/", "/technician", "/healthz", f"/media/{'0' * 64}/a.mp4"]  # fmt: skip


def test_the_shared_list_of_probes_is_tried_where_it_is(shared_data) -> None:
    assert len(PROBES) > 60
    assert {probe.id for probe in PROBES} >= {"android-7plus-http", "ios-hotspot-detect", "ubuntu-nm", "kindle-fire"}


def ask(box: Box, probe: Probe) -> Reply:
    headers = {"Host": probe.host} | probe.headers
    lines = [
        f"{probe.method} {probe.path} HTTP/{probe.version}",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return box.send("\r\n".join([*lines, "", ""]).encode())


@pytest.mark.parametrize("probe", PROBES, ids=str)
def test_a_probe_is_led_to_the_portal_until_the_button_is_pressed(box: Box, probe: Probe) -> None:
    before = ask(box, probe)
    assert before.status == 302
    assert before.location == f"http://{box.at}/welcome"
    assert before.headers["Cache-Control"] == "no-store"
    assert int(before.headers["Content-Length"]) > 4, "Android takes less for a failure"
    assert before.body or probe.method == "HEAD"
    assert box.press().status == 303
    after = ask(box, probe)
    assert after.headers["Cache-Control"] == "no-store"
    assert after.closed or probe.version == "1.1", "HTTP/1.0 ends with the connection"
    if probe.is_a_check:
        assert is_content(probe, after)
    else:
        assert (after.status, after.location) == (302, f"http://{NAME}:{box.port}/")


def is_content(probe: Probe, reply: Reply) -> bool:
    """Whether that client is content with the answer: to the byte where it asks for that."""
    text, wanted = reply.body.decode(), probe.body
    if reply.status != probe.status or any(
        reply.headers[name] != text for name, text in probe.expected_headers.items()
    ):
        return False
    if probe.kind and reply.headers.get_content_type() != probe.kind.partition(";")[0]:
        return False
    same = {"exact": text == wanted, "trimmed": text.strip() == wanted.strip(), "contains": wanted in text,
            "startswith": text.startswith(wanted)}[probe.match]  # fmt: skip
    return same or probe.method == "HEAD"


@pytest.mark.parametrize("agent", ["", "CaptiveNetworkSupport-480 wispr", "Microsoft NCSI", "Android 4", "Mozilla/5.0"])
def test_the_user_agent_changes_nothing(box: Box, agent: str) -> None:
    assert box.ask("captive.apple.com", "/generate_204", User_Agent=agent).status == 302
    box.press()
    assert box.ask("captive.apple.com", "/generate_204", User_Agent=agent).status == 204
    assert box.ask("www.google.com", "/hotspot-detect.html", User_Agent=agent).body.startswith(b"<HTML>")


def test_nobody_is_given_a_page_for_the_settings_of_a_proxy(box: Box) -> None:
    for _ in range(2):
        assert box.ask("wpad", "/wpad.dat").status == 404
        assert box.ask("wpad.home.arpa", "/WPAD.dat?x").status == 404
        box.press()


def test_one_phones_button_is_not_anothers(box: Box) -> None:
    box.press(ONE)
    assert box.ask("captive.apple.com", "/", ONE).status == 200
    assert box.ask("captive.apple.com", "/", OTHER).status == 302


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("host", ["captive.apple.com", "www.google.com", "cursos.example", "hub"])
def test_no_page_of_the_hub_opens_under_the_name_of_another(box: Box, host: str, path: str) -> None:
    """Or the sign-in window, which stays where it was opened, could show a lesson."""
    reply = box.ask(host, path)
    assert (reply.status, reply.location) == (302, f"http://{box.at}/welcome")


def test_who_typed_an_address_is_led_to_the_library_once_she_accepted(box: Box) -> None:
    box.press()
    reply = box.ask("www.facebook.com", "/some/page?of=hers")
    assert (reply.status, reply.location) == (302, f"http://{NAME}:{box.port}/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_an_app_that_sends_something_is_not_led_to_the_library(box: Box, method: str) -> None:
    assert box.ask("api.example", "/v1/report", method=method, Content_Length="0").status == 302
    box.press()
    assert box.ask("api.example", "/v1/report", method=method, Content_Length="0").status == 404
    assert box.ask("www.google.com", "/gen_204", method=method, Content_Length="0").status == 204


@pytest.mark.parametrize(
    "host", [NAME, NAME.upper(), f"{NAME}.", f"{NAME}:80", "localhost", "127.0.0.1", "10.44.0.1", "[::1]"]
)
def test_the_hubs_own_names_are_never_probes(box: Box, host: str) -> None:
    for pressed in (False, True):
        assert box.ask(host, "/generate_204").status == 404, pressed
        assert box.ask(host, "/hotspot-detect.html").status == 404, pressed
        assert box.ask(host, "/").status == 200, pressed
        box.press()


def test_http_1_0_without_a_host_is_told_by_its_path(box: Box) -> None:
    assert box.send(b"GET /hotspot-detect.html HTTP/1.0\r\n\r\n").status == 302
    assert box.send(b"GET / HTTP/1.0\r\n\r\n").status == 200, "somebody typed the number"
    box.press()
    reply = box.send(b"GET /hotspot-detect.html HTTP/1.0\r\n\r\n")
    assert reply.body.startswith(b"<HTML><HEAD><TITLE>Success")
    assert reply.closed
    assert box.send(b"GET /nada HTTP/1.0\r\n\r\n").status == 404


def test_who_types_any_number_sees_the_library(box: Box) -> None:
    assert box.ask("198.51.100.1", "/").status == 200
    assert box.ask("8.8.8.8", "/").status == 200
    assert box.ask("198.51.100.1", "/gen_204").status == 302


@pytest.mark.parametrize(
    "request_",
    [
        b"CONNECT www.google.com:443 HTTP/1.1\r\nHost: www.google.com:443\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: www.google.com\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xff\xfe<script>\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: " + b"x" * 5000 + b"\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET //generate_204 HTTP/1.1\r\nHost: www.gstatic.com\r\n\r\n",
        b"GET /%67enerate_204 HTTP/1.1\r\nHost: www.gstatic.com\r\n\r\n",
        b"POST /generate_204 HTTP/1.1\r\nHost: www.gstatic.com\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ],
    ids=lambda request_: request_[:30].decode("latin-1"),
)
def test_odd_requests_of_others_are_led_like_the_rest(box: Box, request_: bytes) -> None:
    reply = box.send(request_)
    assert (reply.status, reply.location) == (302, f"http://{box.at}/welcome")


def test_a_probe_leaves_no_cookie_and_is_no_visitor(box: Box) -> None:
    cookie = f"visitor={'5f' * 16}"
    for _ in range(2):
        for host, path in (("captive.apple.com", "/"), ("www.gstatic.com", "/generate_204"), ("x.example", "/")):
            assert "Set-Cookie" not in box.ask(host, path, Cookie=cookie).headers
        assert "Set-Cookie" not in box.ask(box.at, "/welcome", Cookie=cookie).headers
        assert "Set-Cookie" not in box.press().headers
    box.write()
    from hub.usage.models import Visit

    assert Visit.select().count() == 0


def test_who_accepted_is_still_known_when_the_web_process_starts_anew(box: Box, tmp_path) -> None:
    box.press()
    box.write()
    anew = Box(tmp_path)
    with serving(anew.server):
        assert anew.ask("captive.apple.com", "/", ONE).status == 200
        assert anew.ask("captive.apple.com", "/", OTHER).status == 302


def test_a_lease_that_moves_is_seen_by_the_next_probe(box: Box) -> None:
    box.lease(**{"6a_11_22_33_44_55": ONE})
    box.press()
    box.lease(**{"6a_11_22_33_44_55": OTHER, "7e_66_77_88_99_aa": ONE})
    assert box.ask("captive.apple.com", "/", OTHER).status == 200, "the same phone at another address"
    assert box.ask("captive.apple.com", "/", ONE).status == 302, "another phone at its old one"


def test_a_header_that_claims_another_address_is_not_believed(box: Box) -> None:
    box.press(OTHER)
    claims = {"X_Forwarded_For": OTHER, "X_Real_IP": OTHER, "Forwarded": f"for={OTHER}", "Client_IP": OTHER}
    assert box.ask("captive.apple.com", "/", ONE, **claims).status == 302


def test_a_neighbour_hub_may_use_a_name_of_its_own_network(box: Box) -> None:
    assert box.ask("caja-de-dzemul.lan", "/repository/1.root.json").status == 404, "asked of the library, not led away"
    assert box.ask("caja-de-dzemul.lan", "/repositorio").status == 302


def test_a_laptop_serves_any_name_and_still_answers_probes(laptop: Box) -> None:
    assert laptop.ask("my-laptop.lan", "/").status == 200
    assert laptop.ask("my-laptop.lan", "/healthz").status == 200
    assert laptop.ask("", "/generate_204", version="1.0").status == 404
    assert laptop.ask("www.gstatic.com", "/generate_204").location == f"http://{laptop.at}/welcome"
    laptop.press()
    assert laptop.ask("www.gstatic.com", "/generate_204").status == 204
    assert laptop.ask("www.msftconnecttest.com", "/redirect").location == f"http://{laptop.at}/"
