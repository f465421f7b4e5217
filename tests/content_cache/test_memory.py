"""An import holds a plan of what to bring, about a kilobyte an item, and nothing else that grows with the library."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulators.repository import make_repository

IMPORT = """
import sys
from pathlib import Path
from content_cache.importer import import_repository
from content_cache.library import Library
imported = import_repository(Path(sys.argv[1]), Library(Path(sys.argv[2])))
# ru_maxrss is no use here: it survives exec, so it would show the test's own memory.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(imported.items, peak.split()[1])
"""


def peak_kilobytes(tmp_path: Path, courses: int, items: int) -> int:
    source = make_repository(tmp_path / f"r-{courses}-{items}", courses=courses, items=items)
    command = [sys.executable, "-c", IMPORT, source, tmp_path / f"l-{courses}-{items}"]
    count, peak = subprocess.run(command, capture_output=True, check=True).stdout.split()
    assert int(count) == courses * items
    return int(peak)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize(("courses", "items"), [(1, 10_000), (100, 100)])
def test_an_item_costs_a_kilobyte_of_memory(tmp_path, courses, items):
    small = peak_kilobytes(tmp_path, 1, 1000)
    large = peak_kilobytes(tmp_path, courses, items)
    assert large - small < 9 * 1600, f"{small} KB for 1,000 items, {large} KB for 10,000"
