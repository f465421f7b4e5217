"""Memory of web and worker at rest and under 50 phones, and the time from start to first answer.

    python benchmarks/memory.py

The hub is installed by itself, as a box has it: beside head office's driver for PostgreSQL, peewee loads that too (8 MB
in each process). Pss (proportional set size) from /proc counts what the two processes share once. The 50 phones ask for
random ranges of a lesson on kept-alive connections while each reports what it plays. Start is measured five times on a
library and a database that exist; the median counts.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.phones import fill_library
from benchmarks.servers import ROOT, free_port, pss_mb, wait_until_it_answers

PHONES = 50
SECONDS = 15


def main() -> dict[str, float]:
    """Measure, print and return the figures."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        box, data, port = Path(name, "box"), Path(name, "data"), free_port()
        install(box)
        blob, item = fill_library(data, 60)
        environ = os.environ | {"HUB_DATA": str(data), "HUB_PORT": str(port)}
        url = f"http://127.0.0.1:{port}/"
        starts = [start_and_stop(box, environ, url) for _ in range(5)]
        web, worker = (program(box, each, environ) for each in ("web", "worker"))
        try:
            wait_until_it_answers(url, web)
            time.sleep(5)
            figures = {"start_s": round(statistics.median(starts), 2)}
            figures |= {"rest_web_mb": pss_mb(web.pid), "rest_worker_mb": pss_mb(worker.pid)}
            under_load(port, blob, item)
            figures |= {"phones_web_mb": pss_mb(web.pid), "phones_worker_mb": pss_mb(worker.pid)}
            figures["phones_together_mb"] = figures["phones_web_mb"] + figures["phones_worker_mb"]
        finally:
            for each in (web, worker):
                each.terminate()
                each.wait(20)
    for label, value in figures.items():
        print(f"{label}: {value:.2f}")
    return figures


def install(box: Path) -> None:
    """An environment of the hub's own, without head office, publisher and tests."""
    subprocess.run([sys.executable, "-m", "venv", box], check=True)
    subprocess.run([box / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", ROOT], check=True)


def program(box: Path, name: str, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start `hub web` or `hub worker`."""
    return subprocess.Popen([box / "bin" / "hub", name], env=environ, cwd=box, stdout=subprocess.DEVNULL)


def start_and_stop(box: Path, environ: dict[str, str], url: str) -> float:
    """Seconds from starting the process to the first answer."""
    process = program(box, "web", environ)
    try:
        return wait_until_it_answers(url, process)
    finally:
        process.terminate()
        process.wait(20)


def under_load(port: int, blob: str, item: str) -> None:
    """Have 50 phones play for SECONDS, and return while their connections are still open."""
    stop = threading.Event()
    phones = [threading.Thread(target=phone, args=(port, blob, item, stop)) for _ in range(PHONES)]
    for each in phones:
        each.start()
    time.sleep(SECONDS)
    stop.set()
    for each in phones:
        each.join()


def phone(port: int, blob: str, item: str, stop: threading.Event) -> None:
    """Ask for parts of the lesson, and report, until told to stop."""
    connection, play, seconds = HTTPConnection("127.0.0.1", port), secrets.token_hex(16), 0
    headers = {"Cookie": f"visitor={play}", "Content-Type": "application/json"}
    while not stop.wait(0.5):
        first = random.randrange(2_000_000)
        connection.request("GET", blob, headers={"Range": f"bytes={first}-{first + 200_000}"})
        connection.getresponse().read()
        seconds += 5
        state = {"plays": [{"id": play, "item": item, "intervals": [[0, seconds]], "group": 1}]}
        connection.request("POST", "/usage/events", json.dumps(state), headers)
        connection.getresponse().read()
        connection.request("GET", "/")
        connection.getresponse().read()


if __name__ == "__main__":
    main()
