"""Each file's own tool, the real one, takes what we write, and is the one that refuses a line that is wrong."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from hub.network import render
from hub.network.force import lay_out
from hub.network.record import BadNetwork, WiFi
from hub.network.shell import Done, run
from hub.network.tools import check
from tests.conftest import ROOT
from tests.hub.network.places import NAME, NO_RADIO, PI, PI_WITH_ADAPTER, network, tool

if TYPE_CHECKING:
    from pathlib import Path

SCHOOL = WiFi(name="Escuela", password="12345678")
ALL = network(stage="village", uplink="wifi", uplink_wifi=SCHOOL, share_mb=5, api="https://a.example/api")
WISHES = {
    "everything": (ALL, PI_WITH_ADAPTER),
    "a Pi": (network(), PI),
    "an open village": (network(stage="village", village=WiFi(name='"#\\ ñandú')), PI),
    "no radio": (network(uplink="cable"), NO_RADIO),
}


@pytest.fixture(autouse=True)
def _a_box() -> None:
    for name in ("nft", "dnsmasq", "hostapd", "wpa_supplicant", "unshare"):
        tool(name)
    if not os.path.exists("/usr/lib/systemd/systemd-networkd"):  # noqa: PTH110
        pytest.skip("systemd-networkd is not installed")
    if os.geteuid() != 0:
        pytest.skip("nft and networkd are asked as root")


@pytest.mark.parametrize(("wish", "machine"), WISHES.values(), ids=WISHES)
def test_the_tools_take_what_we_write(wish, machine, tmp_path: Path) -> None:
    files = render.files(wish, machine, NAME)
    lay_out(tmp_path, files)
    check(tmp_path, run)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(files), "the check leaves nothing behind"


WRONG = {
    "nft": ("nftables.nft", "table inet village_hub { chain in { } }\n", "nft"),
    "dnsmasq": ("dnsmasq.conf", "no-such-word\n", "dnsmasq"),
    "dnsmasq, an address": ("dnsmasq.conf", "dhcp-range=10.44.0.999,10.44.1.1\n", "dnsmasq"),
    "hostapd": ("hostapd-wlan1.conf", "no_such_word=1\n", "hostapd"),
    "hostapd, a key": ("hostapd-wlan1.conf", "wpa_psk=short\n", "hostapd"),
    "wpa_supplicant": ("wpa_supplicant.conf", "network={\nssid=zz\n}\n", "wpa_supplicant"),
    "networkd": ("network/05-village-hub-village.network", "NoSuchWord=1\n", "systemd-networkd"),
    "networkd, an address": (
        "network/05-village-hub-cable-eth0.network",
        "[Address]\nAddress=1.2.3.999/4\n",
        "networkd",
    ),
}


@pytest.mark.parametrize(("file", "line", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_line_is_refused_by_the_tool_that_reads_it(file: str, line: str, words: str, tmp_path: Path) -> None:
    lay_out(tmp_path, render.files(ALL, PI_WITH_ADAPTER, NAME))
    assert (tmp_path / file).exists()
    with (tmp_path / file).open("a") as end:
        end.write(line)
    with pytest.raises(BadNetwork) as caught:
        check(tmp_path, run)
    assert f"{words} does not take" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_tool_that_is_not_there_refuses_nothing(tmp_path: Path) -> None:
    lay_out(tmp_path, render.files(ALL, PI_WITH_ADAPTER, NAME))
    check(tmp_path, lambda words, **_: Done(127, f"{words[0]}: No such file"))


def test_a_program_that_hangs_is_ended() -> None:
    assert run(["sleep", "60"], seconds=0.2).code is None
    assert run(["sh", "-c", "echo ready; exec sleep 60"], until="ready") == Done(None, "ready\n")
    assert run(["sh", "-c", "echo no >&2; exit 3"]) == Done(3, "no\n")
    assert run(["/nowhere/tool"]).code == 127


def test_the_rights_of_the_unit_are_enough_for_every_check(tmp_path: Path) -> None:
    """A check that lacks a right would refuse nothing, and nobody would notice."""
    unit = (ROOT / "systemd/hub-network.service").read_text()
    words = " ".join(re.findall(r"^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)).lower().replace("cap_", "+")
    rights = ["--bounding-set", ",".join(["-all", *words.split()])]

    def as_the_unit(command, **options):
        return run([tool("setpriv"), *rights, *command], **options)

    lay_out(tmp_path, render.files(ALL, PI_WITH_ADAPTER, NAME))
    check(tmp_path, as_the_unit)
    for file, line, name in WRONG.values():
        right = (tmp_path / file).read_text()
        (tmp_path / file).write_text(right + line)
        with pytest.raises(BadNetwork, match=f"{name} does not take"):
            check(tmp_path, as_the_unit)
        (tmp_path / file).write_text(right)
