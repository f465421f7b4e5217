"""How hot the machine is, and whether it has slowed itself down for that.

    heat(Path("/"))     # Heat(celsius=61.3, hot=80.0, slowed=False, was_slowed=False), or None where nobody tells

The kernel's thermal zones tell thousandths of a degree (Documentation/driver-api/thermal/sysfs-api.rst). A Raspberry Pi
slows its cores from 80 °C on (https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#frequency-management)
and says so in the bits of power.py; elsewhere a zone's own trip points say what is hot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.box.files import found, number, text
from hub.box.power import LOW, SINCE_START, THROTTLED, is_pi, throttled

if TYPE_CHECKING:
    from pathlib import Path

HOT_PI = 80.0  # degrees Celsius
HOT = 90.0  # where no zone has a trip point
BELOW_TRIP = 5.0  # so many degrees before the machine acts
BELIEVABLE = range(-40_000, 150_000)  # thousandths of a degree; a zone without a sensor tells anything


@dataclass(frozen=True)
class Heat:
    """Of the zone that is nearest to its limit: degrees Celsius, and from which on that is too `hot`."""

    celsius: float
    hot: float
    slowed: bool
    was_slowed: bool

    @property
    def too_hot(self) -> bool:
        return self.celsius >= self.hot or self.slowed


def heat(machine: Path) -> Heat | None:
    """None if no zone tells a temperature that can be believed."""
    zones = [zone for path in found(machine, "sys/class/thermal/thermal_zone*") if (zone := _zone(path, machine))]
    if not zones:
        return None
    celsius, hot = max(zones, key=lambda zone: zone[0] - zone[1])
    bits = throttled(machine) or 0
    return Heat(celsius, hot, _slowed(bits), _slowed(bits >> SINCE_START))


def _slowed(bits: int) -> bool:
    """Whether the cores were slowed for heat; low voltage slows them as well."""
    return bool(bits & THROTTLED) and not bits & LOW


def _zone(zone: Path, machine: Path) -> tuple[float, float] | None:
    value = number(zone / "temp")
    if value is None or value not in BELIEVABLE:
        return None
    return value / 1000, HOT_PI if is_pi(machine) else _limit(zone)


def _limit(zone: Path) -> float:
    trips = []
    for kind in found(zone, "trip_point_*_type"):
        value = number(kind.with_name(kind.name.replace("_type", "_temp")))
        if text(kind) in {"hot", "critical"} and value is not None and value > 0 and value in BELIEVABLE:
            trips.append(value / 1000 - BELOW_TRIP)
    return min(trips, default=HOT)
