"""Bytes of a delta, beside a zstd patch of each file, on real and made pairs of releases.

    python -m benchmarks.delta_bytes [PAIR...]

The aim is that of the plan, without what a visit costs on the wire (benchmarks/delivery.py counts that): 1.05 x (zstd
patches + new files) + 50 bytes for each changed file. Each delta is applied to a hub that has the old files, and every
file of the new release that the delta is to make must come out whole.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.floor import floor_of
from benchmarks.pairs import pairs
from content_cache.delta.format import read_delta, reader_of
from content_cache.delta.release import write_delta
from tests.simulators.deltas import Hub, Releases

if TYPE_CHECKING:
    from content_cache.records import Blob


def main(names: list[str]) -> None:
    """Print the table."""
    print("| pair | files | **delta** | of it records | patches | aim | made in | applied in | left as objects |")
    print("|---" * 9 + "|")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as work:
        for name, (old, new) in pairs(names=names or None).items():
            print(f"| {' | '.join(map(str, measured(Path(work, name), old, new)))} |", flush=True)


def measured(folder: Path, old: Path, new: Path) -> list[object]:
    """The row of one pair; `folder` is named for it."""
    releases = Releases(folder / "repository")
    first, second = (releases.release({folder.name: files_of(side)}) for side in (old, new))
    began = time.perf_counter()
    edge = write_delta(releases.repository, first, second)
    made = time.perf_counter() - began
    path, floor = releases.root / edge.path, floor_of(old, new)
    applied, left = taken(folder / "hub", releases, first, second, path)
    records = read_delta(reader_of(path)).records.packed
    sizes = [f"**{edge.bytes:,}**", f"{records:,}", f"{floor.patches:,}", f"{floor.aim - 7000:,}"]
    return [folder.name, floor.changed, *sizes, f"{made:.1f} s", f"{applied:.2f} s", left]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def taken(folder: Path, releases: Releases, first: Blob, second: Blob, delta: Path) -> tuple[float, int]:
    """Apply the delta as a hub does; seconds, and how many files were left to be fetched as objects."""
    hub = Hub(folder)
    hub.stock(releases.repository, first)
    began = time.perf_counter()
    records, files = hub.update(delta, first, second)
    took = time.perf_counter() - began
    if records.failed or files.failed:
        raise SystemExit(f"{delta} does not make what it should: {records.failed}, {files.failed}")
    return took, len(hub.missing(second))


if __name__ == "__main__":
    main(sys.argv[1:])
