"""Whether a hardware watchdog would restart this machine if it hung, and who feeds it.

    watchdog(Path("/"))     # Watchdog(name="Broadcom BCM2835 Watchdog timer", seconds=15, fed=True, by_systemd=True)

Read from sys/class/watchdog (Documentation/ABI/testing/sysfs-class-watchdog): `state` is active once somebody holds it.
systemd does where RuntimeWatchdogSec= is set (systemd-system.conf(5)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.box.files import found, number, text

if TYPE_CHECKING:
    from pathlib import Path

SOFTWARE = "Software Watchdog"  # softdog, which hangs together with its kernel
FILES = ("usr/lib/systemd/system.conf.d/*.conf", "etc/systemd/system.conf", "etc/systemd/system.conf.d/*.conf")
OFF = {"", "0", "off", "infinity"}


@dataclass(frozen=True)
class Watchdog:
    """The device's own `name`, the `seconds` that it waits, whether somebody feeds it, and whether that is systemd."""

    name: str
    seconds: int | None
    fed: bool
    by_systemd: bool


def watchdog(machine: Path) -> Watchdog | None:
    """The first one in hardware; None if there is none."""
    for path in found(machine, "sys/class/watchdog/watchdog*"):
        name, state = text(path / "identity"), text(path / "state")
        if not name.startswith(SOFTWARE) and (name or state):
            fed = state == "active"
            return Watchdog(name[:80], number(path / "timeout"), fed, fed and _systemd_feeds(machine))
    return None


def _systemd_feeds(machine: Path) -> bool:
    """Whether systemd runs the machine and was told to."""
    value = ""
    for pattern in FILES:
        for path in found(machine, pattern):
            for line in text(path).splitlines():
                name, _, given = line.partition("=")
                value = given.strip() if name.strip() == "RuntimeWatchdogSec" else value
    runs = (machine / "run/systemd/system").is_dir()  # sd_booted(3); who is process 1 is hidden from our units
    return runs and value.lower() not in OFF
