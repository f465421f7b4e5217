"""How long the village's usage page takes after seven days of 50,000 events each, and how much memory.

    python -m benchmarks.usage_page [events]

Asks for `/usage` through the whole application, without a socket. The first requests add the days up, two seconds of
work each at most; then the page is warm; then a minute has passed and today is added up again.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from werkzeug.test import Client

from benchmarks.roll_up import DAY, ZONE, fill
from hub.app import create_app
from hub.clock import Clock
from hub.db import database
from hub.settings import Settings
from hub.site import Site

NOW = datetime(DAY.year, DAY.month, DAY.day, 20, tzinfo=ZONE)
ASKED = 500
UNFINISHED = "The box is still adding up."


def measure(folder: Path) -> None:
    """Ask in this process, which has done nothing else."""
    passed = 0.0
    clock = Clock(since_boot=lambda: time.monotonic() + passed, boot_id="page", synchronised=lambda: False)
    app = create_app(Settings(data=folder), clock)
    Site.update(time_zone=ZONE.key).execute()
    clock.learn(NOW, "a benchmark")
    client = Client(app)
    client.get("/")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cold, text = [], UNFINISHED
    while UNFINISHED in text:
        spent, text = _ask(client)
        cold.append(spent)
    warm = [_ask(client)[0] for _ in range(ASKED)]
    passed += timedelta(minutes=10).total_seconds()
    app.extensions["hub"].recorder.flush()
    again, _ = _ask(client)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"cold: {len(cold)} requests, the longest {max(cold):.2f} s; peak memory grew by {grown:.1f} MB")
    cuts = statistics.quantiles(warm, n=20)
    print(f"warm: median {cuts[9] * 1000:.1f} ms, p95 {cuts[18] * 1000:.1f} ms of {ASKED} requests")
    print(f"after a minute: {again:.2f} s, for today alone")


def _ask(client: Client) -> tuple[float, str]:
    began = time.perf_counter()
    answer = client.get("/usage", headers={"Accept-Language": "en", "Cookie": f"visitor={7:032x}"})
    spent = time.perf_counter() - began
    assert answer.status_code == 200, answer.status
    return spent, answer.text


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 50_000, busy=7)
        database.close()
        subprocess.run([sys.executable, "-m", "benchmarks.usage_page", "--measure", folder], check=True)


if __name__ == "__main__":
    main()
