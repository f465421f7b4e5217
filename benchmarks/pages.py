"""Pages a second on 32 connections, by `wrk`: a visitor's home page, and the bare minimum of Flask beside it.

Five rounds in turn, medians, since two cores that are shared change from one moment to the next.

python benchmarks/pages.py [SECONDS]
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.phones import fill_library
from benchmarks.servers import Server, free_port, running

CONNECTIONS = 32
ROUNDS = 5
BARE = """
import sys
from flask import Flask
from waitress import serve
app = Flask(__name__)
app.add_url_rule("/", view_func=lambda: "x" * 8000)
serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=8)
"""


def main(seconds: int) -> dict[str, float]:
    """Measure, print and return requests a second by name."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        data = Path(name)
        fill_library(data, 1)
        ports = free_port(), free_port()
        environ = {"HUB_DATA": str(data), "HUB_PORT": str(ports[0])}
        servers = [
            Server("home page", [sys.executable, "-m", "hub", "web"], f"http://127.0.0.1:{ports[0]}/", environ),
            Server("bare Flask", [sys.executable, "-c", BARE, str(ports[1])], f"http://127.0.0.1:{ports[1]}/"),
        ]
        rounds = [[measure(server, seconds) for server in servers] for _ in range(ROUNDS)]
    rates = {}
    for server, rate in zip(servers, zip(*rounds, strict=True), strict=True):
        rates[server.name] = statistics.median(rate)
        print(f"{server.name}: {rates[server.name]:.0f} requests/s ({min(rate):.0f} to {max(rate):.0f})")
    return rates


def measure(server: Server, seconds: int) -> float:
    """Requests a second of `wrk` with a returning visitor's cookie."""
    cookie = "Cookie: visitor=" + os.urandom(16).hex()
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", cookie, "-H", "Accept-Encoding: gzip", server.url]
    with running(server):
        out = subprocess.run(wrk, capture_output=True, text=True, check=True).stdout
    match = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert match is not None, out
    return float(match[1])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
