"""Whose address is it: the leases that dnsmasq gave, from its own file.

    leases = Leases(Path("/run/village-hub-net/leases"))
    leases.mac("10.44.0.7")         # "6a:11:22:33:44:55", or "" if there is no lease

A line is `<expiry> <MAC> <address> <name> <client id>` (dnsmasq(8), --dhcp-leasefile). dnsmasq writes the file in
place, so what is read may be half of it: such an address has no lease for a moment. The times are of the wall clock,
which may be anything here, and are not read; dnsmasq takes out what has ended.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from hub.addresses import address_of, within

if TYPE_CHECKING:
    from pathlib import Path

    from hub.addresses import Network

LINE = re.compile(
    r"\d+ (?:[0-9a-f]{2}-)?((?:[0-9a-f]{2}:){5}[0-9a-f]{2}) (\d{1,3}(?:\.\d{1,3}){3}) .*\n", re.IGNORECASE
)
LARGEST = 1 << 20  # bytes; a lease takes some 80
FRESH = 1.0  # seconds; two writes within a tick of the clock leave the file with the same time and size


class _Read(NamedTuple):
    sign: tuple[int, int, int]
    at: float
    macs: dict[str, str]


class Leases:
    """The leases of `path` as they are now; may be asked from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = _Read((0, 0, 0), float("-inf"), {})

    def mac(self, address: str) -> str:
        """The MAC that has a lease of `address`, in lower case; "" if none is known to have one."""
        return self._look().get(address, "")

    def count(self, network: Network) -> int:
        """How many phones have a lease of an address in `network`."""
        return len({mac for address, mac in self._look().items() if within(address_of(address), [network])})

    def _look(self) -> dict[str, str]:
        try:
            sign = _sign(self.path)
            known = self._read
            if sign != known.sign or time.monotonic() - known.at > FRESH:
                with self.path.open(encoding="ascii", errors="replace") as file:
                    text = file.read(LARGEST)
                self._read = known = _Read(sign, time.monotonic(), _macs(text))
        except OSError:  # the service that writes it has not started, or this is no box
            return {}
        return known.macs


def _sign(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)  # noqa: PTH116 (asked for each probe)
    return found.st_ino, found.st_mtime_ns, found.st_size


def _macs(text: str) -> dict[str, str]:
    return {match[2]: match[1].lower() for match in map(LINE.fullmatch, text.splitlines(keepends=True)) if match}
