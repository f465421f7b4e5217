"""The fewest bytes that an update takes without cleverness: a zstd patch of each changed file, each new file packed.

    floor = floor_of(old, new)          # of two folders
    floor.patches, floor.changed_packed, floor.changed

Level 19 with the old file as dictionary is what `zstd -19 --patch-from` does; nothing is counted for names and hashes.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

import zstandard

if TYPE_CHECKING:
    from pathlib import Path

LEVEL = 19


class Floor(NamedTuple):
    """Of the files that changed or are new: how many, the sum of patches (or packed, if none), the sum packed."""

    changed: int
    patches: int
    packed: int

    @property
    def aim(self) -> int:
        """What an update may take on the wire at most, as the plan has it."""
        return int(1.05 * self.patches) + 50 * self.changed + 7000


def kept_floor(old: Path, new: Path) -> Floor:
    """The same of a pair that never changes: worked out once, and kept beside it."""
    kept = old.parent / "floor.json"
    if not kept.exists():
        kept.write_text(json.dumps(floor_of(old, new)))
    return Floor(*json.loads(kept.read_text()))


def floor_of(old: Path, new: Path) -> Floor:
    """Compare by path; what is the same somewhere in the old folder costs nothing."""
    had = {hashlib.sha256(path.read_bytes()).digest() for path in _files(old)}
    changed = patches = packed = 0
    for path in _files(new):
        data = path.read_bytes()
        if hashlib.sha256(data).digest() not in had:
            base = old / path.relative_to(new)
            whole = min(len(data), len(_pack(data, b"")))
            changed += 1
            packed += whole
            patches += min(whole, len(_pack(data, base.read_bytes()))) if base.is_file() else whole
    return Floor(changed, patches, packed)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _pack(data: bytes, base: bytes) -> bytes:
    window = max(10, (len(data) + len(base)).bit_length())
    large = len(base) > 2**23  # else it looks no further than level 19 does, as the command without --long
    parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=window, enable_ldm=large)
    base_of = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if base else None
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=base_of).compress(data)
