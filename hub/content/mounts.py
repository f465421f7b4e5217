"""File systems that are plugged in, and the repositories on them: found by looking, nothing is read but names.

for place in repositories(Path("/media")):
    place       # /media/stick, or /media/stick/village-hub
"""

from __future__ import annotations

import re
from pathlib import Path

TABLE = Path("/proc/self/mountinfo")  # proc(5)
ESCAPED = re.compile(r"\\([0-7]{3})")  # a space in a name stands there as \040
FOLDER = "village-hub"
SIGNED, ANY = "metadata/timestamp.json", "catalogue.json"


def mounted(under: Path) -> list[Path]:
    """Where file systems are mounted below the folder `under`, in order."""
    try:
        lines = TABLE.read_text("utf-8", errors="surrogateescape").splitlines()
    except OSError:  # no Linux: nothing is found by itself there
        return []
    found = set()
    for line in lines:
        fields = line.split(" ")
        if len(fields) > 4:
            place = Path(ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
            if under in place.parents:
                found.add(place)
    return sorted(found)


def repositories(under: Path) -> list[Path]:
    """Repositories, signed or not, at the top of those file systems or in a folder FOLDER there."""
    return [place for top in mounted(under) for place in (top, top / FOLDER) if stamp(place)]


def stamp(place: Path) -> str:
    """What tells one state of the repository at `place` from another; empty if there is none, or it is gone."""
    for name in (SIGNED, ANY):
        try:
            seen = (place / name).stat()
        except OSError:
            continue
        return f"{seen.st_dev}-{seen.st_ino}-{seen.st_size}-{seen.st_mtime_ns}"
    return ""
