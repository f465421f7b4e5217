"""dnsmasq's file of leases, as it is found: whole, half written, gone, or not what it should be."""

from __future__ import annotations

import os
import time
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from hub.addresses import SETUP_NETWORK, VILLAGE_NETWORK
from hub.portal.leases import Leases

if TYPE_CHECKING:
    from pathlib import Path

VILLAGE, SETUP = ip_network(VILLAGE_NETWORK), ip_network(SETUP_NETWORK)
FILE = """\
1764329999 6a:11:22:33:44:55 10.44.0.7 Galaxy-A05 01:6a:11:22:33:44:55
0 06-AA:BB:CC:DD:EE:FF 10.44.1.9 * *
1764329999 02:00:00:00:00:01 10.45.0.7 Phone-of-a-technician *
duid 00:01:00:01:2c:5f:00:00:00:00:00:00
1764329999 123456 fd00::7 * 00:01
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "leases"


def test_an_address_belongs_to_the_mac_that_has_its_lease(path: Path) -> None:
    path.write_text(FILE)
    leases = Leases(path)
    assert leases.mac("10.44.0.7") == "6a:11:22:33:44:55"
    assert leases.mac("10.44.1.9") == "aa:bb:cc:dd:ee:ff", "with the kind of its network before it, and in capitals"
    assert leases.mac("10.44.0.8") == ""
    assert leases.count(VILLAGE) == 2
    assert leases.count(SETUP) == 1


def test_what_is_new_in_the_file_is_seen_at_once(path: Path) -> None:
    leases = Leases(path)
    assert leases.mac("10.44.0.7") == "", "no file yet"
    path.write_text(FILE)
    assert leases.mac("10.44.0.7") == "6a:11:22:33:44:55"
    path.write_text("1764329999 6a:11:22:33:44:66 10.44.0.7 another *\n")
    assert leases.mac("10.44.0.7") == "6a:11:22:33:44:66"
    path.unlink()
    assert leases.mac("10.44.0.7") == ""
    assert leases.count(VILLAGE) == 0


def test_a_file_that_changed_within_a_tick_of_the_clock_is_read_a_second_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text(FILE)
    leases, stamp = Leases(path), path.stat()
    assert leases.mac("10.44.0.7") == "6a:11:22:33:44:55"
    with path.open("r+") as file:
        file.write(FILE.replace("6a:11:22:33:44:55 10", "6a:11:22:33:44:66 10"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert leases.mac("10.44.0.7") == "6a:11:22:33:44:55", "nothing tells that it changed"
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 1.1)
    assert leases.mac("10.44.0.7") == "6a:11:22:33:44:66"


@pytest.mark.parametrize("cut", [1, 30, 45, len(FILE.splitlines()[0])])
def test_of_a_line_that_is_half_written_nothing_is_believed(path: Path, cut: int) -> None:
    path.write_text(FILE[:cut])
    assert Leases(path).count(VILLAGE) == 0


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00garbage\n" * 50, b"\n\n\n", b"a b c d e\n"])
def test_whatever_else_lies_there_is_no_lease(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert Leases(path).count(VILLAGE) == 0


def test_a_folder_in_its_place_is_no_lease(path: Path) -> None:
    path.mkdir()
    assert Leases(path).mac("10.44.0.7") == ""
