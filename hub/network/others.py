"""Other programs that set up the same interfaces, found by what they leave in /etc; a sentence for each.

    others(Path("/"), plan)     # ["/etc/network/interfaces sets up eth0 as well; …"]

NetworkManager, a system's wpa_supplicant and rfkill are dealt with (links.py, force.py). What an administrator wrote by
hand is his: it is pointed out, and not touched.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hub.network.plan import Plan

_NAMED = re.compile(r"^\s*(?:auto|iface|allow-\w+)\s+(.*)$", re.MULTILINE)


def others(root: Path, plan: Plan) -> list[str]:
    """Sentences for who reads `hub network show` or the technician's page."""
    radios = (plan.village_radio, plan.setup_radio, plan.uplink_radio)
    ours = {*plan.inside, *plan.cables, *plan.modems, *(radio.interface for radio in radios if radio)}
    found = [
        f"/{file.relative_to(root)} sets up {name} as well; take it out there, or the two undo each other's work."
        for file in _interfaces(root / "etc/network")
        for name in sorted(_words(file) & ours)
    ]
    if re.search(r"^ENABLED=yes", _text(root / "etc/ufw/ufw.conf"), re.MULTILINE):
        found.append("ufw is on and refuses phones what the hub allows; switch it off with `ufw disable`.")
    return found


def _interfaces(folder: Path) -> Iterator[Path]:
    yield folder / "interfaces"
    if (folder / "interfaces.d").is_dir():
        yield from sorted(path for path in (folder / "interfaces.d").iterdir() if path.is_file())


def _words(file: Path) -> set[str]:
    return {word for line in _NAMED.findall(_text(file)) for word in line.split()}


def _text(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text("utf-8", "replace")
    return ""
