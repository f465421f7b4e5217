"""Phones of the village: each a simulated radio in a network namespace of the guest, with its own programs.

    phone = Phone(box, 1)
    assert phone.join("Dzemul", "48151623")         # wpa_supplicant; False: the password is wrong
    phone.take_lease()                              # DHCP, "10.44.0.17"
    phone.get("http://captive.apple.com/")          # Answer(status=302, to="http://hub.home.arpa/welcome", body="")
    phone.leave()

`Laptop` is one that NetworkManager manages, whose own verdict on a network is asked for.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.guest.machine import until

if TYPE_CHECKING:
    from tests.guest.machine import Done, Machine

JOIN = 60  # seconds in which a phone has joined or was refused; two or three as a rule
WRONG_KEY = "reason=WRONG_KEY"


@dataclass(frozen=True)
class Answer:
    """What a page said; status 0: nobody answered."""

    status: int
    to: str
    body: str


class Device:
    """Something with one interface, in a namespace of its own."""

    def __init__(self, box: Machine, namespace: str, interface: str) -> None:
        self.box, self.namespace, self.interface = box, namespace, interface

    def run(self, *command: str, within: float = 60, check: bool = True) -> Done:
        return self.box.run("ip", "netns", "exec", self.namespace, *command, within=within, check=check)

    def take_lease(self) -> str:
        """Ask for an address by DHCP; fails if nobody gives one."""
        asking = ("busybox", "udhcpc", "-i", self.interface, "-n", "-q", "-t", "10", "-T", "2")
        self.run(*asking, "-s", "/usr/local/lib/guest/lease.sh")
        return self.address

    @property
    def address(self) -> str:
        """Its IPv4 address that is not link-local; empty if it has none."""
        shown = self.run("ip", "-4", "-o", "address", "show", "dev", self.interface, "scope", "global").out
        found = re.search(r"inet ([\d.]+)", shown)
        return found[1] if found else ""

    def resolve(self, name: str) -> list[str]:
        """Addresses of `name` as the phone's programs get them."""
        return [line.split()[0] for line in self.run("getent", "ahostsv4", name, check=False).out.splitlines()]

    def get(self, url: str, *more: str) -> Answer:
        """One request, no redirect followed; `more` are curl's own arguments."""
        how = ("curl", "--silent", "--max-time", "20", "--write-out", "\n%{http_code} %{redirect_url}")
        body, _, end = self.run(*how, *more, url, check=False).out.rpartition("\n")
        status, _, to = end.partition(" ")
        return Answer(int(status), to, body)

    def accept(self) -> None:
        """Press the portal's button, as the window that a phone opens does."""
        assert self.get("http://hub.home.arpa/welcome").status == 200
        assert self.get("http://hub.home.arpa/welcome", "--request", "POST").status == 303

    def reaches(self, address: str) -> bool:
        """Whether somebody answers an echo request there."""
        return self.run("busybox", "ping", "-c", "3", "-W", "2", address, check=False).code == 0

    @property
    def hardware_address(self) -> str:
        return self.run("cat", f"/sys/class/net/{self.interface}/address").out.strip()

    def knows(self, other: Device) -> None:
        """Send to `other` without asking where it is."""
        there = ("lladdr", other.hardware_address, "dev", self.interface)
        self.run("ip", "neighbour", "replace", other.address, *there)


class Phone(Device):
    """Joins by wpa_supplicant, one network at a time, with a hardware address that nobody has seen before."""

    def __init__(self, box: Machine, number: int) -> None:
        super().__init__(box, f"phone{number}", f"wlan{number}")
        self._unit = f"phone{number}-joins"
        self.mac = "02:" + secrets.token_bytes(5).hex(":")

    def sees(self, name: str) -> str:
        """What a scan shows of the network `name`: how it is protected ("RSN", "open"); empty if it is not there."""
        self.run("ip", "link", "set", self.interface, "up")
        shown = self.run("iw", "dev", self.interface, "scan", "flush", check=False).out
        for station in re.split(r"^BSS ", shown, flags=re.MULTILINE):
            if f"SSID: {name}\n" in station:
                return "RSN" if "RSN:" in station else "open"
        return ""

    def join(self, name: str, password: str | None = None) -> bool:
        """Whether it joined; False when the access point let it feel that the password is wrong."""
        self.leave()
        self.run("ip", "link", "set", self.interface, "down")
        self.run("ip", "link", "set", self.interface, "address", self.mac)
        key = f'psk="{password}"' if password else "key_mgmt=NONE"
        known = f'network={{\nssid="{name}"\nscan_ssid=1\n{key}\n}}\n'
        self.box.run("sh", "-c", f"cat > /run/{self._unit}.conf", stdin=known)
        joining = ("wpa_supplicant", "-i", self.interface, "-c", f"/run/{self._unit}.conf")
        self.box.run(
            "systemd-run",
            "--quiet",
            "--collect",
            f"--unit={self._unit}",
            "ip",
            "netns",
            "exec",
            self.namespace,
            *joining,
        )
        return bool(until(self._outcome, JOIN, f"{self.namespace} to join {name}") == "joined")

    def _outcome(self) -> str:
        if "Connected to" in self.run("iw", "dev", self.interface, "link").out and self._authorized():
            return "joined"
        return "refused" if WRONG_KEY in self._journal() else ""

    def _authorized(self) -> bool:
        return "CTRL-EVENT-CONNECTED" in self._journal()

    def _journal(self) -> str:
        """What wpa_supplicant said since it was last started."""
        return self.box.sh(
            f"journalctl --quiet -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID {self._unit})",
            check=False,
        )

    def leave(self) -> None:
        """Leave the network, as a phone that walks away; what it had of it is gone."""
        self.box.run("systemctl", "stop", self._unit, check=False)
        self.run("ip", "address", "flush", "dev", self.interface, "scope", "global")


class Laptop(Device):
    """A radio that NetworkManager has in hand, with a message bus of its own beside the box's."""

    def __init__(self, box: Machine, number: int) -> None:
        super().__init__(box, f"phone{number}", f"wlan{number}")
        self.box.run("systemctl", "start", f"guest-laptop@{self.namespace}.service")

    def nmcli(self, *words: str, within: float = 90, check: bool = True) -> str:
        bus = f"DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/laptops/{self.namespace}/bus"
        return self.run("env", bus, "LC_ALL=C", "nmcli", *words, within=within, check=check).out.strip()

    def join(self, name: str, password: str | None = None) -> None:
        """Join as a click on the network's name does."""
        until(lambda: name in self.nmcli("-t", "-f", "SSID", "device", "wifi", "list", "--rescan", "yes"), 60, name)
        self.nmcli("device", "wifi", "connect", name, *(("password", password) if password else ()))

    def verdict(self) -> str:
        """What it thinks of the network, asked anew: none, portal, limited or full."""
        return self.nmcli("networking", "connectivity", "check")

    def close(self) -> None:
        self.box.run("systemctl", "stop", f"guest-laptop@{self.namespace}.service")
