"""Bytes of a delta, beside what zstd makes of the same files one by one, on real and made pairs of releases.

    python -m benchmarks.delta_bytes [PAIR …]

The bar (docs/formats/delta.md): 1.05 x (zstd-19 patches + new files packed) + 50 bytes for each changed file. Every
delta is applied to the old files and what comes out is compared, byte by byte, with the new ones.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.pairs import pairs
from content_cache.delta.format import read_delta, reader_of
from content_cache.delta.release import write_delta
from tests.simulators.deltas import Hub, Releases

if TYPE_CHECKING:
    from content_cache.records import Blob

SHARE, EACH = 1.05, 50


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def bar(old: Path, new: Path) -> tuple[int, int]:
    """What zstd needs for the changed and new files, and how many they are."""
    total = count = 0
    for path in sorted(path for path in new.rglob("*") if path.is_file()):
        before = old / path.relative_to(new)
        if before.is_file() and before.read_bytes() == path.read_bytes():
            continue
        count += 1
        patch = [f"--patch-from={before}"] if before.is_file() else []
        total += len(
            subprocess.run(
                ["zstd", "-19", "--long=27", "-q", "-c", *patch, path], check=True, capture_output=True
            ).stdout
        )
    return total, count


def measure(name: str, old: Path, new: Path, folder: Path) -> None:
    releases = Releases(folder / name)
    first, second = (releases.release({name: files_of(side)}) for side in (old, new))
    began = time.perf_counter()
    edge = write_delta(releases.repository, first, second)
    made = time.perf_counter() - began
    delta = read_delta(reader_of(releases.root / edge.path))
    best, count = bar(old, new)
    limit = int(SHARE * best + EACH * count)
    print(
        f"{name:9} {count:5} files {best:>9,} by zstd, bar {limit:>9,}: {edge.bytes:>9,} "
        f"(head {delta.start}, records {delta.records.packed:,}, files {delta.files.packed:,}) "
        f"{edge.bytes / limit:5.2f} of the bar, made in {made:.1f} s; "
        + check(folder / "hub" / name, releases, first, second, releases.root / edge.path)
    )


def check(folder: Path, releases: Releases, first: Blob, second: Blob, delta: Path) -> str:
    """Apply the delta as a hub does; what is not left out must be there, whole."""
    hub = Hub(folder)
    hub.stock(releases.repository, first)
    began = time.perf_counter()
    records, files = hub.update(delta, first, second)
    took = time.perf_counter() - began
    missing = hub.missing(second)
    assert not records.failed, records
    assert not files.failed, files
    return f"applied in {took:.1f} s, {files.made} made, {len(missing)} left as objects"


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path("var")) as name:
        for pair, (old, new) in pairs(names=sys.argv[1:] or None).items():
            measure(pair, old, new, Path(name))


if __name__ == "__main__":
    main()
