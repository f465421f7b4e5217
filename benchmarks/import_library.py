"""Seconds and peak memory of importing a library of small items: 1,000 and 10,000, in one course and in a hundred.

    .venv/bin/python benchmarks/import_library.py

The items are readings of some 60 bytes, so what is measured is the work for each item, not the copying of bytes.
Each import runs in a process of its own; memory is its peak resident set (VmHWM).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.simulators.repository import make_repository  # noqa: E402 (found only now)

IMPORT = """
import sys, time
from pathlib import Path
from content_cache.importer import import_repository
from content_cache.library import Library
began = time.perf_counter()
import_repository(Path(sys.argv[1]), Library(Path(sys.argv[2])))
seconds = time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""


def measure(folder: Path, courses: int, items: int) -> tuple[float, float]:
    """Seconds and MiB of importing `courses` courses of `items` items each."""
    source = make_repository(folder / "repository", courses=courses, items=items)
    command = [sys.executable, "-c", IMPORT, str(source), str(folder / "library")]
    seconds, peak = subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout.split()
    return float(seconds), float(peak)


def main() -> None:
    print(f"{'items':>7} {'courses':>8} {'seconds':>8} {'items/s':>8} {'peak MiB':>9}")
    for courses, items in ((1, 1000), (1, 10_000), (100, 100)):
        with tempfile.TemporaryDirectory() as folder:
            seconds, peak = measure(Path(folder), courses, items)
        total = courses * items
        print(f"{total:>7} {courses:>8} {seconds:>8.2f} {total / seconds:>8.0f} {peak:>9.1f}", flush=True)


if __name__ == "__main__":
    began = time.perf_counter()
    main()
    print(f"in {time.perf_counter() - began:.0f} s")
