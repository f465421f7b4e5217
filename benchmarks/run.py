"""Every benchmark, one after the other, in one run: `make bench`.

    python benchmarks/run.py [NAME...]

What needs a program or a right that is not here is named at the end. The tables are printed in the form that
README.md holds.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = {
    "media": "1 MB ranges beside nginx and beside Flask's send_file",
    "phones": "60 phones on a link shaped to 40 Mbit/s",
    "pages": "pages a second",
    "probes": "probes of phones a second",
    "first_view": "bytes, requests and first paint of the main pages, axe and vnu",
    "memory": "memory of web and worker, and start to first answer",
    "site_day_bytes": "bytes of a signed site-day",
    "uploads": "bytes of whole uploads over TLS, resumed and plain",
    "roll_up": "rolling up a day of 50,000 events",
    "crowd": "what a week of phones reports, beside what people really did",
    "site_days": "10,000 site-days to which everything happens",
    "usage_page": "the usage page after seven days of 50,000 events",
    "import_library": "importing a library of 10,000 items",
    "delta_bytes": "bytes of deltas beside a zstd patch of each file",
    "delivery": "bytes of an update of content, beside zsync, casync, rsync and Kolibri",
    "broken_link": "bytes of asking for news, of a link that breaks, and of a village that slept",
    "publishing": "publishing 2 GB in 20,000 files, applying an update, planning",
    "names": "the file of names of 20,000 items, published and taken in by head office",
    "large_library": "pages and searches of 2,000 courses and 100,000 items",
}
NEEDS = {
    "media": ["nginx", "wrk"],
    "phones": ["ip", "tc"],
    "pages": ["wrk"],
    "probes": ["wrk"],
    "first_view": ["chromium", "node", "npm", "java"],
    "delta_bytes": ["ffmpeg"],
    "delivery": ["ip", "nginx", "ffmpeg", "zsync", "casync", "rsync", "xdelta3", "bsdiff"],
    "broken_link": ["ip", "nginx"],
    "uploads": ["ip", "nginx"],
}
FOR_ROOT = {"phones", "delivery", "broken_link", "uploads"}


def main(names: list[str]) -> int:
    """Run the benchmarks named, or all; returns 1 if one failed or could not run."""
    cores = os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, Linux {platform.release()}")
    wrong = []
    for name in names or BENCHMARKS:
        print(f"\n## {name}: {BENCHMARKS[name]}\n", flush=True)
        missing = [tool for tool in NEEDS.get(name, []) if shutil.which(tool) is None]
        if missing or (name in FOR_ROOT and os.geteuid() != 0):
            print(f"not run: needs {', '.join(missing) or 'root'}")
            wrong.append(name)
        elif subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT, check=False).returncode != 0:
            wrong.append(name)
    if wrong:
        print(f"\nNot measured: {', '.join(wrong)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
