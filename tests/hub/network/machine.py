"""A box made of a folder and a runner that answers as its programs would: `iw`, `systemctl`, `nft`, `hostapd_cli`, `ip`.

    box = FakeBox(tmp_path)
    box.order(network(number=1, stage="village"))
    box.apply()                     # Outcome; what ran is in box.ran
    box.fails["nft -f"] = "…"       # from now on this command fails with these words
    box.dies_before = 7             # the process is killed before its seventh step
    box.power_cut()                 # what is in /run is gone

A step is a command or a durable write, so that a test can end the process between any two.
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import hub.network.apply
from content_cache import durable
from hub.addresses import VILLAGE_ADDRESS
from hub.box.orders import order, outcome
from hub.network.apply import Applier, Outcome
from hub.network.keep import Keep
from hub.network.record import Network, encode
from hub.network.shell import Done
from hub.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

SAMPLES = Path(__file__).parent / "samples"


class Killed(BaseException):
    """kill -9: nothing of ours runs after it."""


class FakeBox:
    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.settings = Settings(
            data=root / "var/lib/village-hub", run=root / "run/village-hub", name="hub.home.arpa", port=80
        )
        self.keep = Keep(root)
        self.radios = ["pi-brcmfmac"]
        self.fails: dict[str, str] = {}
        self.ran: list[str] = []
        self.active: set[str] = set()
        self.heard: list[str] = []  # addresses at which dnsmasq listens
        self.rules = ""  # the firewall that is loaded
        self.steps = 0
        self.dies_before = 0
        self.now = 100.0  # seconds since the machine's start
        self._card("eth0")
        (root / "var/lib/village-hub").mkdir(parents=True)
        (root / "proc/sys/net/ipv4").mkdir(parents=True)
        (root / "proc/sys/net/ipv4/ip_forward").write_text("0\n")
        (root / "proc/sys/kernel/random").mkdir(parents=True)
        self.power_on()
        for module in (hub.network.keep, hub.network.force, hub.network.watch):
            monkeypatch.setattr(module, "write_file", self.write_file)
        # Nobody cuts the power of this machine, and its disk has others to serve.
        monkeypatch.setattr(durable.os, "fsync", lambda _: None)
        monkeypatch.setattr(hub.network.force, "replace_link", self.replace_link)
        monkeypatch.setattr(hub.network.force, "PATIENCE", 0.0)
        monkeypatch.setattr(hub.network.apply, "RADIO_SECONDS", 0.0)
        for module in (hub.network.apply, hub.network.keep, hub.network.share, hub.network.facts):
            monkeypatch.setattr(module, "seconds_of_boot", lambda: self.now)

    def _card(self, name: str) -> None:
        folder = self.root / "sys/class/net" / name
        folder.mkdir(parents=True)
        (folder / "type").write_text("1\n")

    def power_on(self) -> None:
        (self.root / "run/village-hub").mkdir(parents=True)
        (self.root / "proc/sys/kernel/random/boot_id").write_text(f"{uuid.uuid4()}\n")

    def power_cut(self) -> None:
        shutil.rmtree(self.root / "run")
        self.active.clear()
        self.heard.clear()
        self.rules, self.now, self.dies_before = "", 20.0, 0
        self.power_on()

    def order(self, network: Network | bytes) -> None:
        order(self.settings, "network", network if isinstance(network, bytes) else encode(network))

    def apply(self) -> Outcome:
        self.steps = 0
        self.ran.clear()
        return Applier(self.settings, self.root, self.run).apply()

    def told(self) -> dict[str, object]:
        return outcome(self.settings, "network") or {}

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.dies_before:
            raise Killed

    def write_file(self, path: Path, data: bytes, *, mode: int = 0o644) -> None:
        self._step()
        durable.write_file(path, data, mode=mode)

    def replace_link(self, path: Path, target: str) -> None:
        self._step()
        durable.replace_link(path, target)

    # What the programs answer

    def run(self, words: Sequence[str], *, seconds: float = 0, until: str = "") -> Done:
        self._step()
        line = " ".join(words)
        self.ran.append(line)
        for start, reason in self.fails.items():
            if line.startswith(start):
                return Done(1, f"{reason}\n")
        answer = getattr(self, f"_{words[0].replace('-', '_')}", None)
        text = answer(words) if answer else ""
        return text if isinstance(text, Done) else Done(None if until else 0, text)

    def _iw(self, words: Sequence[str]) -> str:
        if words[1] == "phy":
            return "".join((SAMPLES / f"{name}.phy").read_text("utf-8") for name in self.radios)
        if words[-1] == "scan":
            return (SAMPLES / "busy-1-and-6.scan").read_text("utf-8")
        return (SAMPLES / "pi-with-adapter.dev").read_text("utf-8") if self.radios else ""

    def _systemctl(self, words: Sequence[str]) -> Done:
        verb, unit = words[1], words[-1]
        if verb in ("start", "restart"):
            if unit == "hub-names.service" and (verb == "restart" or unit not in self.active):
                self.heard = self._addresses()
            self.active.add(unit)
        if verb == "stop":
            self.active.discard(unit)
        return Done(0 if verb != "is-active" or unit in self.active else 3, "")

    def _addresses(self) -> list[str]:
        """The hub's own, of interfaces that are there: a radio's are once hostapd runs."""
        if list(self.keep.current.glob("hostapd-*.conf")) and "hub-access-point.service" not in self.active:
            return []
        texts = [file.read_text("utf-8") for file in self.keep.networkd.glob("*.network")]
        lines = [line for text in texts for line in text.split("\n")]
        return [line[8:].partition("/")[0] for line in lines if line.startswith("Address=")]

    def _ss(self, _: Sequence[str]) -> str:
        """dnsmasq listens at the addresses that were there when it started, and hears of no later one."""
        heard = self.heard if "hub-names.service" in self.active else []
        return "".join(f"UNCONN 0 0 {address}:53 0.0.0.0:*\n" for address in heard)

    def _nft(self, words: Sequence[str]) -> str:
        if words[1] == "-f":
            self.rules = Path(words[2]).read_text("utf-8")
        return ""

    def _hostapd_cli(self, words: Sequence[str]) -> str:
        """hostapd answers to a socket of the asker's, which it must see: each service has a /tmp of its own."""
        seen = "-s" in words and Path(words[words.index("-s") + 1]) == self.keep.run
        return "state=ENABLED\n" if seen and "hub-access-point.service" in self.active else ""

    def _ip(self, words: Sequence[str]) -> str:
        """networkd has given each interface the address of its file."""
        lines = [file.read_text("utf-8") for file in self.keep.networkd.glob("*.network")]
        mine = [text for text in lines if f"Name={words[-1]}\n" in text]
        return "".join(
            f"2: {words[-1]}    inet {line[8:]} scope\n"
            for text in mine
            for line in text.split("\n")
            if line.startswith("Address=")
        )

    # What is in force

    def in_force(self) -> str:
        """Which network phones see: by what every part has that makes it. "mixed" if the parts do not agree."""
        current = self.keep.current
        texts = [file.read_text("utf-8") for file in current.glob("hostapd-*.conf")]
        seen = {
            bytes.fromhex(line[6:]).decode() for text in texts for line in text.split("\n") if line.startswith("ssid2=")
        }
        village = any(VILLAGE_ADDRESS in file.read_text("utf-8") for file in self.keep.networkd.glob("*.network"))
        agree = self.rules == (current / "nftables.nft").read_text("utf-8") and village == (
            "from_village" in self.rules
        )
        names = ",".join(sorted(seen))
        return names if agree and "hub-names.service" in self.active else f"mixed {names}"
