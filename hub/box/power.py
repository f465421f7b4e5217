"""Whether the power supply is strong enough, as far as the machine tells: a Raspberry Pi does.

    power(Path("/"))        # Power(is_pi=True, low=False, was_low=True), or None where nobody can tell

Two places tell it. The kernel's sensor `rpi_volt` (drivers/hwmon/raspberrypi-hwmon.c) asks the firmware every two
seconds whether the voltage fell under 4.63 V since it asked last. Raspberry Pi's own kernel shows the firmware's bits
as they are in `get_throttled` (https://www.raspberrypi.com/documentation/computers/os.html#get_throttled): bit 0 is
now, bit 16 since the machine started. The sensor forgets within seconds, so the worker looks often and leaves a mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.box.files import found, number, text

if TYPE_CHECKING:
    from pathlib import Path

LOW, CAPPED, THROTTLED, SOFT_LIMIT = 1 << 0, 1 << 1, 1 << 2, 1 << 3
SINCE_START = 16  # so many bits higher stands the same for "has occurred since the machine started"
BITS = ("sys/devices/platform/soc*/*firmware*/get_throttled", "sys/devices/platform/*firmware*/get_throttled")
MARK = "low-power"  # in the folder of the machine's run


@dataclass(frozen=True)
class Power:
    """`low` now, or `was_low` at any time since the machine started, as far as somebody saw it."""

    low: bool
    was_low: bool


def is_pi(machine: Path) -> bool:
    """Whether the machine says that it is a Raspberry Pi (Devicetree's `model`)."""
    return text(machine / "proc/device-tree/model").startswith("Raspberry Pi")


def throttled(machine: Path) -> int | None:
    """The firmware's bits; None if this machine does not show them."""
    return next((bits for path in found(machine, *BITS) if (bits := number(path, 16)) is not None), None)


def alarm(machine: Path) -> bool | None:
    """What the kernel's sensor says of the last seconds; None if there is none."""
    for path in found(machine, "sys/class/hwmon/hwmon*/name"):
        if text(path) == "rpi_volt" and (value := number(path.with_name("in0_lcrit_alarm"))) is not None:
            return value != 0
    return None


def power(machine: Path, run: Path | None = None) -> Power | None:
    """How the supply fares and fared; `run` is where the worker leaves what it saw. None where nobody can tell."""
    bits, now = throttled(machine), alarm(machine)
    if bits is None and now is None:
        return None
    low = bool(now) or bool((bits or 0) & LOW)
    seen = run is not None and (run / MARK).exists()
    return Power(low, low or seen or bool((bits or 0) >> SINCE_START & LOW))


def watch(machine: Path, run: Path) -> bool:
    """Look once; leave a mark for as long as the machine runs if the voltage is low. Whether it is."""
    found_now = power(machine)
    if found_now is None or not found_now.low:
        return False
    run.mkdir(parents=True, exist_ok=True)
    (run / MARK).touch()
    return True
