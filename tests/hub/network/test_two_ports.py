"""Two laptops on two ports of one box, which has the same address on both, are both answered: in networks of their own."""

from __future__ import annotations

import configparser
import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from hub.addresses import CABLE_ADDRESS
from hub.network import render
from tests.hub.network.places import NAME, NO_RADIO, network, tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Space:
    """A network namespace, held by a process that sleeps."""

    def __init__(self, held: contextlib.ExitStack) -> None:
        self.holder = subprocess.Popen(
            [tool("unshare"), "--net", "sh", "-c", "echo ready; exec sleep 100"], stdout=subprocess.PIPE
        )
        held.callback(self.end)
        assert self.holder.stdout is not None
        self.holder.stdout.readline()

    def end(self) -> None:
        self.holder.kill()
        self.holder.wait()

    def run(self, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", "-t", str(self.holder.pid), "-n"]
        return subprocess.run([*enter, *words], check=check, capture_output=True, text=True, timeout=20)


@pytest.fixture
def spaces() -> Iterator[list[Space]]:
    """A box and two laptops."""
    if os.geteuid() != 0:
        pytest.skip("networks of one's own are root's")
    for name in ("nft", "ip", "curl"):
        tool(name)
    with contextlib.ExitStack() as held:
        yield [Space(held) for _ in range(3)]


def as_networkd_does(box: Space, text: str) -> None:
    """What the file says, by hand."""
    told = configparser.ConfigParser(strict=False)
    told.optionxform = str
    told.read_string(text)
    name, route, rule = told["Match"]["Name"], told["Route"], told["RoutingPolicyRule"]
    box.run("ip", "address", "add", told["Address"]["Address"], "dev", name, "scope", "link")
    box.run("ip", "route", "add", route["Destination"], "dev", name, "scope", route["Scope"], "table", route["Table"])
    box.run("ip", "rule", "add", "fwmark", rule["FirewallMark"], "table", rule["Table"], "priority", rule["Priority"])


def test_a_laptop_on_either_port_is_answered(spaces: list[Space], tmp_path: Path) -> None:
    box, *laptops = spaces
    files = render.files(network(), NO_RADIO, NAME)
    box.run("ip", "link", "set", "lo", "up")
    for number, laptop in enumerate(laptops):
        port = f"eth{number}"
        box.run("ip", "link", "add", port, "type", "veth", "peer", "name", "cable", "netns", str(laptop.holder.pid))
        box.run("ip", "link", "set", port, "up")
        laptop.run("ip", "link", "set", "cable", "up")
        laptop.run("ip", "address", "add", f"169.254.7.{number + 1}/16", "dev", "cable")
        as_networkd_does(box, files[f"network/05-village-hub-{'cable-' + port}.network"])
    (tmp_path / "rules").write_text(files["nftables.nft"])
    (tmp_path / "page").write_text("the hub")
    box.run("nft", "-f", tmp_path / "rules")
    serve = ["nsenter", "-t", str(box.holder.pid), "-n", "python3", "-m", "http.server", "80", "-d", str(tmp_path)]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for laptop in laptops:
                asked = laptop.run(
                    *("curl", "-s", "-m", "5", "--retry", "9", "--retry-connrefused", "--retry-delay", "1"),
                    f"http://{CABLE_ADDRESS}/page",
                    check=False,
                )
                assert asked.stdout == "the hub"
        finally:
            server.terminate()
