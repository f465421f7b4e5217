"""Every probe that is tried: those of the shared list, and more that it has not.

    for probe in PROBES:
        page = probe.ask(phone)             # to the byte as the client sends it
        probe.online(page)                  # whether the client believes to have Internet access

The shared list's sources are named in it. MORE comes from what vendors, browsers and hotspot projects say elsewhere:
makers' own hosts for `generate_204`, Edge's path, desktops that ask for `/`, old iPhones, and odd ways of asking.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.conftest import SHARED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.phone import Page, Phone

LISTED = SHARED / "captive" / "probes.json"


@dataclass(frozen=True)
class Probe:
    """One request, and what its client takes for "online"."""

    id: str
    host: str
    path: str
    status: int
    body: str = ""
    match: str = "exact"
    version: str = "1.1"
    headers: dict[str, str] = field(default_factory=dict)
    expected_headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    kind: str | None = None

    def __str__(self) -> str:
        return self.id

    def ask(self, phone: Phone) -> Page:
        """Ask as the client does."""
        return phone.fetch(
            self.host.partition(":")[0], self.path, version=self.version, headers=self.headers, method=self.method
        )

    @property
    def is_a_check(self) -> bool:
        """Whether it asks for a verdict. Where a browser is sent to sign in, any answer with a way on will do."""
        return self.match != "any"

    def online(self, page: Page) -> bool:
        """What the client makes of the answer."""
        right = page.status == self.status and all(
            page.headers.get(name) == value for name, value in self.expected_headers.items()
        )
        if not right or (self.kind and page.headers.get_content_type() != self.kind.partition(";")[0]):
            return False
        if self.method == "HEAD":
            return True
        return {
            "exact": page.text == self.body,
            "trimmed": page.text.strip() == self.body.strip(),
            "contains": self.body in page.text,
            "startswith": page.text.startswith(self.body),
            "any": True,
        }[self.match]


def _listed(path: Path) -> list[Probe]:
    if not path.exists():
        return []
    return [_probe(given) for given in json.loads(path.read_text())["probes"] if given["request"]["scheme"] == "http"]


def _probe(given: dict[str, Any]) -> Probe:
    request, online = given["request"], given["online"]
    return Probe(
        id=given["id"],
        host=request["host"],
        path=request["path"],
        status=online["status"],
        body=online["body"],
        match=online["body_match"],
        version=request["http_version"],
        headers=request["headers"],
        expected_headers=online["headers"],
        method=request["method"],
        kind=online["content_type"],
    )


_HICLOUD = "connectivitycheck.platform.hicloud.com"
SUCCESS = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
NM = "NetworkManager is online"


def _apple(name: str, host: str, path: str, **more: Any) -> Probe:
    agent = {"User-Agent": "CaptiveNetworkSupport-306.20.1 wispr", "Connection": "close"}
    return Probe(name, host, path, 200, SUCCESS, "trimmed", "1.0", {"Host": host, **agent}, **more)


MORE = [
    # Makers of phones that are sold in Mexico, and ROMs.
    Probe("vivo", "wifi.vivo.com.cn", "/generate_204", 204),
    Probe("oppo-realme-oneplus", "conn1.oppomobile.com", "/generate_204", 204),
    Probe("oppo-second", "conn2.oppomobile.com", "/generate_204", 204),
    Probe("honor", "connectivitycheck.hihonor.com", "/generate_204", 204),
    Probe("huawei-cbg", "connectivitycheck.cbg-app.huawei.com", "/generate_204", 204),
    Probe("samsung-dm", "connectivitycheck.samsungdm.com", "/generate_204", 204),
    Probe("qualcomm", "www.qualcomm.cn", "/generate_204", 204),
    Probe("xiaomi-second", "cn.wifi.miui.com", "/generate_204", 204),
    Probe("google-cn", "www.google.cn", "/generate_204", 204),
    Probe("android-developer-fallback", "developers.google.cn", "/generate_204", 204),
    Probe("grapheneos", "connectivitycheck.grapheneos.network", "/generate_204", 204),
    Probe("a-maker-that-nobody-knows-yet", "wifi-check.brand-of-2031.example", "/generate_204", 204),
    # Seen in the logs of small hotspots that expected the bare path, and whose owners saw no sign-in page.
    Probe("android-with-a-number", "connectivitycheck.gstatic.com", "/generate_204_15267541384063288033", 204),
    Probe("huawei-with-a-uuid", _HICLOUD, "/generate_204_2f1c0a52-7a3e-4c53-9a90-4bb6d8b1a7e1", 204),
    Probe("fire-tablet", "fireoscaptiveportal.com", "/generate_204", 204),
    Probe("fire-for-children", "freetimecaptiveportal.com", "/generate_204", 204),
    Probe("fire-without-underscore", "tabletcaptiveportal.com", "/generate204", 204),
    # Browsers and apps.
    Probe("edge", "edge.microsoft.com", "/captiveportal/generate_204", 204),
    Probe("edge-http", "edge-http.microsoft.com", "/captiveportal/generate_204", 204),
    Probe("chrome-with-a-query", "www.gstatic.com", "/generate_204?t=1732617600", 204),
    Probe("facebook", "www.facebook.com", "/mobile/status.php", 204),
    Probe("cloudflare", "cp.cloudflare.com", "/", 204),
    Probe("cloudflare-path", "cp.cloudflare.com", "/generate_204", 204),
    # Apple, as it was.
    _apple("apple-root", "captive.apple.com", "/"),
    _apple("apple-www-hotspot-detect", "www.apple.com", "/hotspot-detect.html"),
    _apple("ios-7-airport", "www.airport.us", "/library/test/success.html"),
    _apple("ios-7-thinkdifferent", "www.thinkdifferent.us", "/"),
    _apple("ios-7-itools", "www.itools.info", "/"),
    _apple("ios-7-ibook", "www.ibook.info", "/"),
    _apple("ios-7-made-up-path", "www.appleiphonecell.com", "/Q2xa/9fJ2s/w.html"),
    # Windows.
    Probe("windows-ncsi-ipv6", "ipv6.msftncsi.com", "/ncsi.txt", 200, "Microsoft NCSI", kind="text/plain"),
    # Desktops.
    Probe("debian-nm", "network-test.debian.org", "/nm", 200, NM, "startswith"),
    Probe("arch-nm", "ping.archlinux.org", "/nm-check.txt", 200, NM, "startswith"),
    Probe("opensuse-nm", "conncheck.opensuse.org", "/", 200, NM, "startswith"),
    Probe("fedora-nm", "fedoraproject.org", "/static/hotspot.txt", 200, "OK", "startswith"),
    Probe("kde", "networkcheck.kde.org", "/", 200, "OK", "startswith"),
    # Odd ways to ask the same.
    Probe("android-with-a-slash-at-the-end", "connectivitycheck.gstatic.com", "/generate_204/", 204),
    Probe("android-http-1.0", "connectivitycheck.gstatic.com", "/generate_204", 204, version="1.0"),
    Probe("android-head", "connectivitycheck.gstatic.com", "/generate_204", 204, method="HEAD"),
    Probe("host-with-port", "clients3.google.com:80", "/generate_204", 204, headers={"Host": "clients3.google.com:80"}),
    Probe("host-with-last-dot", "www.gstatic.com", "/generate_204", 204, headers={"Host": "www.gstatic.com."}),
    Probe("host-in-capitals", "connect.rom.miui.com", "/generate_204", 204, headers={"Host": "Connect.ROM.MIUI.com"}),
    Probe("whole-address-as-target", "www.google.com", "http://www.google.com/gen_204", 204),
    Probe("android-4-asks-the-number", "198.51.100.1", "/generate_204", 204),
    _apple("apple-head", "captive.apple.com", "/hotspot-detect.html", method="HEAD"),
]
PROBES = [*_listed(LISTED), *MORE]
