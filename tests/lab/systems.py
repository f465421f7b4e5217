"""How each system judges a network, so that a test can say "an Android phone says portal, then partial".

    android = Android(phone)
    android.look() == "portal"              # probes once, as when it joins; android.pop_ups counts what people see
    android.sign_in()                       # opens the sign-in window, reads, presses the button
    android.look() == "partial"             # HTTP answers and HTTPS cannot: "use without Internet?"
    android.stay()                          # the person says yes
    android.look() == "validated"

The rules are those of the systems' own source where it is public (NetworkMonitor.java of Android, shill's
portal_detector.cc, NetworkManager's nm-connectivity.c), and what vendors and hotspot projects tell elsewhere.
"""

from __future__ import annotations

import html.parser
import http.client
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urljoin

if TYPE_CHECKING:
    from tests.lab.phone import Page, Phone

FAILED = 599
SUCCESS = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"


@dataclass
class System:
    """A phone's own idea of the network. Each subclass says what its words are for "sign in" and "all is well"."""

    phone: Phone
    pop_ups: int = 0
    last: str = ""
    agent: ClassVar[str] = "Mozilla/5.0"
    captive: ClassVar[str] = "portal"

    def look(self) -> str:
        """Judge the network now. A verdict of "sign in" that is new is a pop-up."""
        self.last, before = self.verdict(), self.last
        self.pop_ups += self.last == self.captive != before
        return self.last

    def verdict(self) -> str:
        raise NotImplementedError

    def comes_back(self) -> str:
        """Out of reach and back: a new look, whose pop-up counts even if there was one before."""
        self.phone.leave()
        self.last = ""
        self.phone.join()
        return self.look()

    def window(self) -> Page:
        """What the sign-in window shows."""
        raise NotImplementedError

    def sign_in(self) -> Page:
        """Open the window and press its one button; the page that comes then."""
        return press(self.phone, self.window(), self.agent)

    def _fetched(self, host: str, path: str, version: str = "1.1", **headers: str) -> Page | None:
        """One probe; None where it fails."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            return self.phone.fetch(host, path, version=version, headers={"User-Agent": self.agent, **named})
        except (OSError, AssertionError, http.client.HTTPException):
            return None


@dataclass
class Android(System):
    """NetworkMonitor since Android 7: HTTP and HTTPS probes, fallbacks, and the rule about private addresses."""

    hosts: tuple[str, ...] = ("connectivitycheck.gstatic.com",)
    fallbacks: tuple[tuple[str, str], ...] = (("www.google.com", "/gen_204"), ("play.googleapis.com", "/generate_204"))
    https: str = "www.google.com"
    private_rule: bool = True
    without_internet: bool = False
    empty: int = FAILED  # what 200 without a body is taken for
    redirect: str = ""
    agent: ClassVar[str] = (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/60.0.3112.32 Safari/537.36"
    )

    def verdict(self) -> str:
        codes = [self._code(host, "/generate_204") for host in self.hosts]
        if any(self._is_portal(code) for code in codes):
            return "portal"
        if 204 in codes:
            return "validated" if self.without_internet or self._https() else "partial"
        more = [self._code(host, path) for host, path in self.fallbacks]
        if any(self._is_portal(code) for code in more):
            return "portal"
        return "partial" if 204 in more else "no internet"

    def _code(self, host: str, path: str) -> int:
        """The code that the probe is taken for."""
        try:
            address = self.phone.resolve(host)
        except (OSError, AssertionError):
            return FAILED
        if self.private_rule and ipaddress.ip_address(address).is_private and not _documentation(address):
            return FAILED
        page = self._fetched(host, path)
        if page is None:
            return FAILED
        self.redirect = urljoin(page.url, page.target) if page.target else page.url
        if page.status == 200 and len(page.body) <= 4:
            return self.empty if not page.body else FAILED
        return page.status

    @staticmethod
    def _is_portal(code: int) -> bool:
        return 200 <= code < 400 and code != 204

    def _https(self) -> bool:
        """Nobody but the true server has its certificate: an open door already is no success."""
        kind = self.phone.knock(self.phone.resolve(self.https), 443)
        assert kind != "silence", "443 lets the phone wait"
        return False

    def window(self) -> Page:
        """The WebView opens the probe's address, or where it sent the probe."""
        return self.phone.browse(self.redirect, **{"User-Agent": self.agent, "X-Requested-With": "com.android"})

    def stay(self) -> None:
        """ "Use this network without Internet": HTTPS is asked no more (acceptPartialConnectivity)."""
        self.without_internet = True


@dataclass
class OldAndroid(Android):
    """Android 5 and 6: one probe, no HTTPS, and an empty answer of 200 counts as 204."""

    hosts: tuple[str, ...] = ("connectivitycheck.android.com",)
    without_internet: bool = True
    private_rule: bool = False
    empty: int = 204


@dataclass
class Apple(System):
    """The Captive Network Assistant: anything but the exact page of success opens the sheet."""

    host: str = "captive.apple.com"
    path: str = "/hotspot-detect.html"
    agent: ClassVar[str] = "CaptiveNetworkSupport-390.60.1 wispr"
    captive: ClassVar[str] = "captive"
    sheet: ClassVar[str] = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"

    def verdict(self) -> str:
        page = self._fetched(self.host, self.path, version="1.0", Connection="close")
        if page is None:
            return "no internet"
        return "success" if page.status == 200 and page.text.strip() == SUCCESS else "captive"

    def window(self) -> Page:
        return self.phone.browse(f"http://{self.host}{self.path}", **{"User-Agent": self.sheet})

    def sign_in(self) -> Page:
        """The sheet's button reads "Done" only once a probe after the press succeeds; "Cancel" leaves the Wi-Fi."""
        page = press(self.phone, self.window(), self.sheet)
        assert self.verdict() == "success", "the sheet would go on saying Cancel"
        return page


@dataclass
class Windows(System):
    """NCSI of Windows 10 and 11: a text to the letter, and a name whose address is known."""

    host: str = "www.msftconnecttest.com"
    path: str = "/connecttest.txt"
    text: bytes = b"Microsoft Connect Test"
    agent: ClassVar[str] = "Microsoft NCSI"
    captive: ClassVar[str] = "sign in"

    def verdict(self) -> str:
        page = self._fetched(self.host, self.path, Connection="Close")
        if page is None:
            return "no internet"
        if page.status == 200 and page.body == self.text:
            known = self.phone.ask("dns.msftncsi.com").addresses == ["131.107.255.255"]
            return "internet" if known else "no internet"
        return "sign in"

    def window(self) -> Page:
        """The browser opens this address, which the hub must not take for a check."""
        return self.phone.browse("http://www.msftconnecttest.com/redirect", **{"User-Agent": "Mozilla/5.0 Edg/120"})


@dataclass
class NetworkManager(System):
    """nm-connectivity.c: the header, or how the text begins; or 204 where nothing is expected."""

    host: str = "nmcheck.gnome.org"
    path: str = "/check_network_status.txt"
    text: bytes = b"NetworkManager is online"
    agent: ClassVar[str] = "NetworkManager/1.42"

    def verdict(self) -> str:
        page = self._fetched(self.host, self.path, Connection="close")
        if page is None:
            return "limited"
        if page.headers.get("X-NetworkManager-Status") == "online":
            return "full"
        if page.status == 204 and not self.text:
            return "full"
        return "full" if page.status == 200 and self.text and page.body.startswith(self.text) else "portal"

    def window(self) -> Page:
        return self.phone.browse(f"http://{self.host}{self.path}", **{"User-Agent": "Mozilla/5.0 (X11; Linux)"})


@dataclass
class Firefox(System):
    """The bar "You must log in to this network": any other text than the canonical one."""

    host: str = "detectportal.firefox.com"
    path: str = "/canonical.html"
    text: str = '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'

    def verdict(self) -> str:
        page = self._fetched(self.host, self.path, Cache_Control="no-cache")
        if page is None:
            return "no internet"
        return "unlocked" if page.status == 200 and page.text.strip() == self.text.strip() else "portal"

    def window(self) -> Page:
        return self.phone.browse(f"http://{self.host}{self.path}", **{"User-Agent": self.agent})


@dataclass
class ChromeOS(System):
    """shill: redirects and other texts are a portal; 204 with HTTPS failing is "no connectivity", which it keeps."""

    hosts: tuple[str, ...] = ("www.gstatic.com",)

    def verdict(self) -> str:
        page = self._fetched("www.gstatic.com", "/generate_204")
        if page is None:
            return "no internet"
        return "connected" if page.status == 204 else "portal"

    def window(self) -> Page:
        return self.phone.browse("http://www.gstatic.com/generate_204", **{"User-Agent": self.agent})


@dataclass
class FireOS(System):
    """Fire tablets and Kindles: a number within a page."""

    number: bytes = b"81ce4465-7167-4dcb-835b-dcc9e44c112a"

    def verdict(self) -> str:
        page = self._fetched("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html")
        if page is None:
            return "no internet"
        return "connected" if page.status == 200 and self.number in page.body else "portal"

    def window(self) -> Page:
        address = "http://spectrum.s3.amazonaws.com/kindle-wifi/wifiredirect.html"
        return self.phone.browse(address, **{"User-Agent": self.agent})


SYSTEMS: tuple[type[System], ...] = (Android, OldAndroid, Apple, Windows, NetworkManager, Firefox, ChromeOS, FireOS)
CONTENT = {"validated", "success", "internet", "full", "unlocked", "connected"}


def _documentation(address: str) -> bool:
    """Python calls these private too (RFC 5737); Android means RFC 1918, link-local and loopback alone."""
    nets = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(net) for net in nets)


@dataclass
class _Seen(html.parser.HTMLParser):
    """What of a page matters here: forms with their fields, links, and what must be loaded."""

    forms: list[dict[str, str]] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(given)
        elif tag == "button" or (tag == "input" and given.get("type") == "submit"):
            self.buttons.append(given)
        elif tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "script":
            self.loads.append(given.get("src", "inline"))
        elif tag == "link" or "src" in given or "style" in given:
            self.loads.append(given.get("href", "") or given.get("src", "") or given["style"])

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def seen(page: Page) -> _Seen:
    """The page as a person meets it."""
    parser = _Seen()
    parser.feed(page.text)
    return parser


def press(phone: Phone, page: Page, agent: str) -> Page:
    """Press the page's one button."""
    assert page.status == 200, page
    there = seen(page)
    (form,) = there.forms
    (button,) = there.buttons
    fields = dict(there.fields)
    if "name" in button:
        fields[button["name"]] = button.get("value", "")
    data = "&".join(f"{quote(name)}={quote(value)}" for name, value in fields.items()).encode()
    target = urljoin(page.url, form.get("action") or page.url)
    if form.get("method", "get").lower() == "post":
        return phone.browse(target, data or b"_=", **{"User-Agent": agent})
    return phone.browse(f"{target}?{data.decode()}" if data else target, **{"User-Agent": agent})
