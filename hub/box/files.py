"""Files that a kernel shows below sys/ and proc/: short, and missing or odd on many a machine.

text(machine / "proc/1/comm")           # "systemd", or "" if it cannot be read
number(machine / "sys/…/temp")          # 48312, or None
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 64 * 1024  # bytes of any of them worth reading


def text(path: Path) -> str:
    """What stands there without the space around it; empty if nothing does, or nobody may read it."""
    try:
        with path.open("rb") as file:
            return file.read(LONGEST).decode("utf-8", errors="replace").strip()
    except (OSError, ValueError):
        return ""


def number(path: Path, base: int = 10) -> int | None:
    """The whole number that stands there; None if none does."""
    try:
        return int(text(path)[:64], base)
    except ValueError:
        return None


def found(machine: Path, *patterns: str) -> list[Path]:
    """What matches any of the patterns below `machine`, in order, each once."""
    try:
        return sorted({path for pattern in patterns for path in machine.glob(pattern)})
    except OSError:
        return []
