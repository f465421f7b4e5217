"""Which request asks whether there is an Internet, and the answer that says yes. No I/O.

    host = host_of("Captive.Apple.com.:80", "/hotspot-detect.html")     # "captive.apple.com"
    whose(host, "hub.home.arpa")                                        # Whose.THEIRS
    answer_to(host, "/hotspot-detect.html")                             # Answer("200 OK", b"<HTML>…")

The path says which probe it is, whoever asks and wherever: makers of phones have hundreds of hosts for `/generate_204`
and add more. The host breaks ties, since `/` means another thing to each. The user agent is never looked at; what
others took for versions in it broke with Android 10. Sources and what each client does: docs/operating/portal.md.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from hub.addresses import PORTAL_ADDRESS, address_of

PORTAL = address_of(PORTAL_ADDRESS)
LONGEST_HOST = 300  # characters; a name has at most 253


class Whose(Enum):
    """Who is meant by a request's host."""

    OURS = "ours"
    THEIRS = "theirs"
    UNTOLD = "untold"


class Answer(NamedTuple):
    """What the platform's own server would say."""

    status: str
    body: bytes = b""
    type: str = ""
    headers: tuple[tuple[str, str], ...] = ()


NM_ONLINE = (("X-NetworkManager-Status", "online"),)  # enough for NetworkManager, whatever the body
CONNMAN_ONLINE = (("X-ConnMan-Status", "online"),)
NINTENDO = (("X-Organization", "Nintendo"),)
TEXT, TEXT_UTF8, HTML = "text/plain", "text/plain; charset=UTF-8", "text/html"
APPLE_PAGE = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"

EMPTY = Answer("204 No Content")
NM_EMPTY = Answer("204 No Content", headers=NM_ONLINE)
APPLE = Answer("200 OK", APPLE_PAGE + b"\n", HTML)  # 69 bytes, as captive.apple.com sends
APPLE_LIBRARY = Answer("200 OK", APPLE_PAGE, HTML)  # 68, as www.apple.com sends
CONNECT_TEST = Answer("200 OK", b"Microsoft Connect Test", TEXT)
NCSI = Answer("200 OK", b"Microsoft NCSI", TEXT)
FIREFOX = Answer("200 OK", b"success\n", TEXT)
FIREFOX_PAGE = Answer(
    "200 OK", b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>', HTML
)
NM = Answer("200 OK", b"NetworkManager is online", TEXT_UTF8, NM_ONLINE)
NM_LINE = Answer("200 OK", b"NetworkManager is online\n", TEXT_UTF8, NM_ONLINE)
OK = Answer("200 OK", b"OK", TEXT, NM_ONLINE)
OK_LINE = Answer("200 OK", b"OK\n", TEXT, NM_ONLINE)
CONNMAN = Answer("200 OK", b"<html><body>online</body></html>\n", HTML, CONNMAN_ONLINE)
KINDLE = Answer("200 OK", b"81ce4465-7167-4dcb-835b-dcc9e44c112a", HTML)
CONNECTED = Answer("200 OK", b"<!doctype html><title>Connected</title><p>Connected</p>\n", HTML, NM_ONLINE)
SWITCH = Answer("200 OK", b"ok", TEXT, NINTENDO)
WII = Answer(
    "200 OK",
    b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    b'"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
    b'<html><head><title>HTML Page</title></head><body bgcolor="#FFFFFF">This is test.html page</body></html>',
    HTML,
    NINTENDO,
)
# No probe but the page that a platform opens for its person to sign in: the portal's, and the library's afterwards.
LANDING = Answer("302 Found")

BY_PATH = {
    "/hotspot-detect.html": APPLE,
    "/hotspotdetect.html": APPLE,
    "/library/test/success.html": APPLE_LIBRARY,
    "/library/test/success": APPLE_LIBRARY,
    "/connecttest.txt": CONNECT_TEST,
    "/ncsi.txt": NCSI,
    "/redirect": LANDING,
    "/canonical.html": FIREFOX_PAGE,
    "/success.txt": FIREFOX,
    "/check_network_status.txt": NM,  # GNOME's 24 bytes, no newline; NetworkManager compares the beginning
    "/nm-check.txt": NM_LINE,
    "/nm": NM_LINE,
    "/connectivity-check.html": CONNECTED,
    "/static/hotspot.txt": OK,
    "/online/status.html": CONNMAN,
    "/mobile/status.php": EMPTY,  # Facebook's apps and devices
    "/kindle-wifi/wifistub.html": KINDLE,
    "/kindle-wifi/wifistub-eink.html": KINDLE,
    "/kindle-wifi/wifistub-echo.html": KINDLE,
    "/kindle-wifi/wifiredirect.html": LANDING,
}
# The last part of a path: Android and every maker's own, Chrome, Edge (/captiveportal/generate_204), Steam (/204). Some
# makers put a number of chance behind it, against caches: /generate_204_15267541384063288033, or a UUID.
NO_CONTENT = re.compile(r"(?:(?:generate|gen)_?|net_)?204(?:[_-].*)?")

BY_HOST = {  # where the path is `/`
    "www.apple.com": APPLE,
    "apple.com": APPLE,
    "gsp1.apple.com": APPLE,
    "connectivity-check.ubuntu.com": NM_EMPTY,
    "start.ubuntu.com": CONNECTED,
    "conncheck.opensuse.org": NM,
    "network-test.debian.org": NM_LINE,
    "nmcheck.gnome.org": NM,
    "ping.archlinux.org": Answer(
        "200 OK", b"This domain is used for connectivity checking (captive portal detection).\n", TEXT, NM_ONLINE
    ),
    "networkcheck.kde.org": OK_LINE,
    "capnet.elementary.io": CONNECTED,
    "cp.cloudflare.com": EMPTY,
    "test.steampowered.com": EMPTY,
    "conntest.nintendowifi.net": WII,
    "ctest.cdn.nintendo.net": SWITCH,
    "ctest.cdn.n.nintendoswitch.cn": SWITCH,
    "connman.vn.tesla.services": CONNMAN,
    "connman.vn.cloud.tesla.cn": CONNMAN,
}
# Hosts that are nothing but a probe, asked for paths of chance: iPhones before iOS 9 make them up.
WHOLE_HOSTS = {
    "captive.apple.com": APPLE,
    "captive.g.aaplimg.com": APPLE,
    "netcts.cdn-apple.com": APPLE,
    "attwifi.apple.com": APPLE,
    "iphone-ld.apple.com": APPLE,
    "captive.roku.com": SWITCH._replace(headers=()),
} | {
    f"{prefix}{name}": APPLE
    for prefix in ("", "www.")
    for name in ("appleiphonecell.com", "itools.info", "ibook.info", "airport.us", "thinkdifferent.us")
}
# Names that say what they are for: 204.pop-os.org, captiveportal.kuketz.de, detectportal.brave-http-only.com.
TELLS = re.compile(r"(?:204|captive-?portal|captive|detect-?portal|connectivity-?check|conncheck|network-?check)\.")


def host_of(header: str, target: str = "/") -> str:
    """The host that a request is for, in lower case, without port or last dot; "" if it names none.

    `target` is the request's as it was sent: a whole address there goes before the Host header (RFC 9112, 3.2.2).
    """
    if target[:1] not in {"/", "*", ""} and "://" in target[:10]:
        header = _authority(target[:2000]) or header
    return _host(header) if len(header) <= LONGEST_HOST else "?"


def _authority(target: str) -> str:
    try:
        return urlsplit(target).netloc.rpartition("@")[2]
    except ValueError:
        return "?"


@lru_cache(maxsize=1024)
def _host(header: str) -> str:
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    if colon and ":" not in name and not port.strip("0123456789"):
        host = name
    return host.rstrip(".")


@lru_cache(maxsize=1024)
def whose(host: str, name: str) -> Whose:
    """Whether the hub itself is meant: by its `name`, by a number of its networks, or on this very machine.

    Where no host is named, as HTTP/1.0 allows, or a number of others, as Android 4 does with what the name server told
    it, the path alone can tell.
    """
    if host == "localhost" or host.endswith(".localhost") or (name and host == name.lower().rstrip(".")):
        return Whose.OURS
    number = address_of(host)
    if number is not None and (number == PORTAL or number.is_global):
        return Whose.UNTOLD
    return Whose.OURS if number is not None else Whose.THEIRS if host else Whose.UNTOLD


def answer_to(host: str, path: str) -> Answer | None:
    """The answer to a probe at `host`, which is not our own; LANDING for a page to sign in at; None for no probe."""
    path = path.rstrip("/").lower() or "/"
    found = answer_by_path(path)
    if found is None and path == "/":
        found = BY_HOST.get(host)
    return found or WHOLE_HOSTS.get(host) or (EMPTY if path == "/" and TELLS.match(host) else None)


def answer_by_path(path: str) -> Answer | None:
    """The same where the host is not known: HTTP/1.0 need not name it."""
    path = path.rstrip("/").lower()
    return BY_PATH.get(path) or (EMPTY if NO_CONTENT.fullmatch(path.rpartition("/")[2]) else None)
