"""How much memory the machine has and could give, in bytes.

memory(Path("/"))       # Memory(total=948_123_648, free=612_000_000), or None
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.box.files import text

if TYPE_CHECKING:
    from pathlib import Path

KIB = 1024
LEAST = 32 * 2**20  # bytes; below, the kernel soon ends a process


@dataclass(frozen=True)
class Memory:
    """`free` is what the kernel could give without swapping (MemAvailable, proc(5))."""

    total: int
    free: int

    @property
    def short(self) -> bool:
        return self.free < LEAST


def memory(machine: Path) -> Memory | None:
    """None where proc/meminfo tells neither."""
    told: dict[str, int] = {}
    for line in text(machine / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        value = rest.split()[:1]
        if value and value[0].isdecimal():
            told[name] = int(value[0]) * KIB
    if "MemTotal" not in told or "MemAvailable" not in told:
        return None
    return Memory(told["MemTotal"], told["MemAvailable"])
