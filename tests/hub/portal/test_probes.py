"""Which request is a probe, and what its platform wants to hear: the table, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.portal.probes import (
    APPLE_PAGE,
    BY_HOST,
    BY_PATH,
    LANDING,
    WHOLE_HOSTS,
    Whose,
    answer_by_path,
    answer_to,
    host_of,
    whose,
)

NAME = "hub.home.arpa"


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("captive.apple.com", "captive.apple.com"),
        ("Captive.Apple.COM", "captive.apple.com"),
        ("captive.apple.com.", "captive.apple.com"),
        ("captive.apple.com:80", "captive.apple.com"),
        ("captive.apple.com.:8080", "captive.apple.com"),
        (" captive.apple.com ", "captive.apple.com"),
        ("10.44.0.1:80", "10.44.0.1"),
        ("[fd00::1]:80", "fd00::1"),
        ("fd00::1", "fd00::1"),
        ("", ""),
        ("a.example, b.example", "a.example, b.example"),
        ("x" * 400, "?"),
    ],
)
def test_a_host_is_read_without_port_case_or_last_dot(header: str, host: str) -> None:
    assert host_of(header) == host


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://captive.apple.com/hotspot-detect.html", "captive.apple.com"),
        ("http://captive.apple.com:80", "captive.apple.com"),
        ("HTTP://Captive.Apple.com/", "captive.apple.com"),
        ("http://somebody@captive.apple.com/", "captive.apple.com"),
        ("http://[", "?"),
        ("/redirect?to=http://elsewhere.example/", "www.msftconnecttest.com"),
        ("*", "www.msftconnecttest.com"),
    ],
)
def test_a_whole_address_goes_before_the_host_header(target: str, host: str) -> None:
    assert host_of("www.msftconnecttest.com", target) == host


@pytest.mark.parametrize(
    "host",
    [NAME, "HUB.home.arpa.".lower().rstrip("."), "localhost", "me.localhost", "127.0.0.1", "10.44.0.1", "10.45.0.1",
     "169.254.44.1", "192.168.1.20", "::1", "fd00::1", "fe80::1"],
)  # fmt: skip
def test_the_hubs_own_names_and_numbers_are_never_a_probe(host: str) -> None:
    assert whose(host, NAME) is Whose.OURS


@pytest.mark.parametrize("host", ["", "198.51.100.1", "142.250.64.78", "2607:f8b0:4008:80c::200e"])
def test_of_no_host_or_a_strange_number_the_path_alone_can_tell(host: str) -> None:
    assert whose(host, NAME) is Whose.UNTOLD


@pytest.mark.parametrize(
    "host", ["captive.apple.com", "hub", "hub.home.arpa.evil.example", "home.arpa", "10.44.0.1.example", "a, b", "?"]
)
def test_all_other_names_are_of_others(host: str) -> None:
    assert whose(host, NAME) is Whose.THEIRS
    assert whose(host, "") is Whose.THEIRS


def test_a_hub_without_a_name_has_numbers_alone() -> None:
    assert whose(NAME, "") is Whose.THEIRS
    assert whose("HUB.HOME.ARPA".lower(), "Hub.Home.Arpa") is Whose.OURS, "a setting in capitals is the same name"


@pytest.mark.parametrize(
    "path",
    ["/generate_204", "/gen_204", "/generate204", "/captiveportal/generate_204", "/v2/generate_204", "/204", "/net_204/",
     "/generate_204/", "/GENERATE_204", "/mobile/status.php", "/generate_204_152675413840", "/generate_204_2f1c-7a3e"],
)  # fmt: skip
def test_no_content_is_told_by_the_path_at_any_host(path: str) -> None:
    for host in ("connectivitycheck.gstatic.com", "a-maker-of-2031.example"):
        found = answer_to(host, path)
        assert found is not None
        assert (found.status, found.body, found.type) == ("204 No Content", b"", "")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("captive.apple.com", APPLE_PAGE),
        ("www.apple.com", APPLE_PAGE),
        ("www.thinkdifferent.us", APPLE_PAGE),
        ("connectivity-check.ubuntu.com", b""),
        ("conncheck.opensuse.org", b"NetworkManager is online"),
        ("networkcheck.kde.org", b"OK"),
        ("ctest.cdn.nintendo.net", b"ok"),
        ("cp.cloudflare.com", b""),
        ("204.pop-os.org", b""),
        ("captiveportal.kuketz.de", b""),
        ("detectportal.brave-http-only.com", b""),
        ("connectivitycheck.gstatic.com", b""),
    ],
)
def test_the_root_means_another_thing_at_each_host(host: str, expected: bytes) -> None:
    found = answer_to(host, "/")
    assert found is not None
    assert found.body.rstrip() == expected
    assert answer_to(host, "") == found, "as in GET http://captive.apple.com HTTP/1.0"


@pytest.mark.parametrize("host", ["www.facebook.com", "cursos.example", "204th.example", "captivated.example", "hub"])
def test_the_root_of_any_other_host_is_a_page_that_somebody_typed(host: str) -> None:
    assert answer_to(host, "/") is None


def test_old_iphones_make_up_paths() -> None:
    for host in ("www.ibook.info", "captive.apple.com"):
        found = answer_to(host, "/Q2xa/9fJ2s/w.html")
        assert found is not None
        assert found.body.strip() == APPLE_PAGE
    assert answer_to("www.apple.com", "/iphone/") is None


@pytest.mark.parametrize(
    ("host", "path", "header"),
    [
        ("connectivity-check.ubuntu.com", "/", ("X-NetworkManager-Status", "online")),
        ("nmcheck.gnome.org", "/check_network_status.txt", ("X-NetworkManager-Status", "online")),
        ("ipv4.connman.net", "/online/status.html", ("X-ConnMan-Status", "online")),
        ("conntest.nintendowifi.net", "/", ("X-Organization", "Nintendo")),
        ("ctest.cdn.nintendo.net", "/", ("X-Organization", "Nintendo")),
    ],
)
def test_some_clients_look_at_a_header(host: str, path: str, header: tuple[str, str]) -> None:
    found = answer_to(host, path)
    assert found is not None
    assert header in found.headers


@pytest.mark.parametrize("path", ["/redirect", "/kindle-wifi/wifiredirect.html"])
def test_where_a_platform_opens_a_page_to_sign_in_is_no_check(path: str) -> None:
    assert answer_to("www.msftconnecttest.com", path) is LANDING


def test_bytes_are_those_of_the_makers_own_servers() -> None:
    assert [len(answer_to("", path).body) for path in ("/hotspot-detect.html", "/library/test/success.html")] == [
        69,
        68,
    ]
    assert answer_by_path("/connecttest.txt").body == b"Microsoft Connect Test"
    assert answer_by_path("/ncsi.txt").body == b"Microsoft NCSI"
    assert answer_by_path("/success.txt").body == b"success\n"
    assert len(answer_by_path("/canonical.html").body) == 90
    assert answer_by_path("/check_network_status.txt").body == b"NetworkManager is online"


def test_no_page_of_the_hub_lies_where_a_probe_does(tmp_path) -> None:
    """Or a request without a host could be either."""
    from hub.app import create_app
    from hub.settings import Settings

    pages = {str(rule) for rule in create_app(Settings(data=tmp_path)).url_map.iter_rules()}
    assert not [page for page in pages if answer_by_path(page)]


@given(st.text(), st.text(), st.text())
def test_nothing_that_is_sent_can_upset_it(header: str, target: str, path: str) -> None:
    host = host_of(header, target)
    if whose(host, NAME) is Whose.THEIRS:
        found = answer_to(host, path)
        known = {*BY_PATH.values(), *BY_HOST.values(), *WHOLE_HOSTS.values(), answer_by_path("/gen_204"), None}
        assert found in known
