"""Kits that lie on sticks: offered to the technician, who chooses one; none is ever taken by itself (hub/carry/kit.py).

for kit in kits_below(Path("/media")):
    kit.place, kit.name         # "/media/sda1/village-hub-dzemul.kit", "village-hub-dzemul.kit"
"""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from hub.carry.kit import BadKit, read
from hub.content.mounts import FOLDER, mounted
from wire.kit import LONGEST, SUFFIX

MOST = 20  # kits offered
MOST_FILES = 5000  # looked at in each folder; a stick can hold so many that their names fill the memory


class KitFile(NamedTuple):
    """Where it lies, and what it is called."""

    place: str
    name: str


def kits_below(under: Path) -> list[KitFile]:
    """Files that may be kits, at the top of each stick or in its folder of ours; links are not followed."""
    found: list[KitFile] = []
    for top in mounted(under):
        for folder in (top, top / FOLDER):
            with suppress(OSError):
                found += [KitFile(str(path), path.name) for path in _files(folder) if _may_be(path)]
    return found[:MOST]


def read_kit(place: str, under: Path) -> bytes:
    """The kit at `place`, if it is one of those that are offered. Raises BadKit."""
    if place not in {kit.place for kit in kits_below(under)}:
        raise BadKit("gone")
    return read(Path(place))


def _files(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(folder / entry.name for entry in islice(entries, MOST_FILES) if entry.name.endswith(SUFFIX))


def _may_be(path: Path) -> bool:
    if path.suffix != SUFFIX or path.name.startswith(".") or path.is_symlink():
        return False
    return path.is_file() and path.stat().st_size <= LONGEST
