"""Media ranges: the hub beside nginx and beside Flask's own `send_file`, on the same file in one run.

    python benchmarks/media.py [SECONDS]

50 connections ask for random ranges of 1 MB of a 200 MB file, by `wrk`. Each server runs alone, five rounds in turn;
the median counts. CPU seconds per GB are the server's own, from /proc. The hub is measured with usage recording on
(as it always runs) and with a recorder that forgets everything, which tells what recording costs.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import Server, cpu_seconds, free_port, running

FILE_BYTES = 200_000_000
RANGE_BYTES = 1_000_000
CONNECTIONS = 50
ROUNDS = 5

LUA = f"""
math.randomseed(os.time())
request = function()
  local first = math.random(0, {FILE_BYTES - RANGE_BYTES})
  wrk.headers["Range"] = "bytes=" .. first .. "-" .. (first + {RANGE_BYTES - 1})
  return wrk.format("GET", nil)
end
done = function(summary, latency, requests)
  io.write(string.format("BYTES %d MICROSECONDS %d ERRORS %d\\n", summary.bytes, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
    + summary.errors.timeout))
end
"""

NGINX = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; max_ranges 1;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""

STOCK = """
import sys
from flask import Flask, send_file
from waitress import serve
app = Flask(__name__)
@app.get("/blob")
def blob():
    return send_file(sys.argv[1], mimetype="video/mp4", conditional=True)
serve(app, host="127.0.0.1", port=int(sys.argv[2]), threads=8, connection_limit=1000)
"""


@dataclass
class Rate:
    """What one round measured."""

    mb_per_second: float
    cpu_per_gb: float
    errors: int


def main(seconds: int) -> dict[str, Rate]:
    """Measure each server and print the table; returns the medians by name."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        blob = folder / "blob"
        with blob.open("wb") as out:
            for _ in range(FILE_BYTES // 1_000_000):
                out.write(os.urandom(1_000_000))
        servers = [nginx(folder), stock(folder), hub(folder, blob, "counting"), hub(folder, blob, "forgetting")]
        rounds = [{server.name: measure(server, folder, seconds) for server in servers} for _ in range(ROUNDS)]
    rates = {server.name: median([each[server.name] for each in rounds]) for server in servers}
    report(rates)
    cost = statistics.median(
        1 - each["hub, counting"].mb_per_second / each["hub, forgetting"].mb_per_second for each in rounds
    )
    spent = rates["hub, counting"].cpu_per_gb / rates["hub, forgetting"].cpu_per_gb - 1
    print(f"cost of recording: {cost:.1%} of throughput (median of the rounds), {spent:.1%} more CPU")
    return rates


def nginx(folder: Path) -> Server:
    """Run nginx as Debian ships it, sendfile on."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    return Server("nginx sendfile", ["nginx", "-c", str(config), "-p", str(folder)], f"http://127.0.0.1:{port}/blob")


def stock(folder: Path) -> Server:
    """What a Flask application does by itself."""
    port = free_port()
    script = folder / "stock.py"
    script.write_text(STOCK)
    command = [sys.executable, str(script), str(folder / "blob"), str(port)]
    return Server("Flask send_file, waitress", command, f"http://127.0.0.1:{port}/blob")


def hub(folder: Path, blob: Path, recording: str) -> Server:
    """Our own `hub web`, with the file in its store."""
    from content_cache.library import Library

    port, data = free_port(), folder / f"hub-{recording}"
    with blob.open("rb") as source:
        stored = Library(data / "library").store.put(source)
    environ = {"HUB_DATA": str(data), "HUB_PORT": str(port)}
    command = [sys.executable, "-m", "benchmarks.hub_web", recording]
    url = f"http://127.0.0.1:{port}/media/{stored.sha256}/blob.mp4"
    return Server(f"hub, {recording}", command, url, environ)


def measure(server: Server, folder: Path, seconds: int) -> Rate:
    """One round of `wrk` against one server."""
    script = folder / "ranges.lua"
    script.write_text(LUA)
    with running(server) as process:
        before = cpu_seconds(process.pid)
        wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "20s", "-s", str(script), server.url]
        out = subprocess.run(wrk, capture_output=True, text=True, check=True).stdout
        spent = cpu_seconds(process.pid) - before
    match = re.search(r"BYTES (\d+) MICROSECONDS (\d+) ERRORS (\d+)", out)
    assert match is not None, out
    size, duration, errors = map(int, match.groups())
    return Rate(size / duration, spent / (size / 1e9), errors)


def median(rates: list[Rate]) -> Rate:
    """Median of each figure; errors add up."""
    return Rate(
        statistics.median(rate.mb_per_second for rate in rates),
        statistics.median(rate.cpu_per_gb for rate in rates),
        sum(rate.errors for rate in rates),
    )


def report(rates: dict[str, Rate]) -> None:
    """Print the table in the form that the README of the benchmarks holds."""
    base = rates["nginx sendfile"].mb_per_second
    print("| server | MB/s | of nginx | CPU s per GB | errors |\n|---|---|---|---|---|")
    for name, rate in rates.items():
        share = rate.mb_per_second / base
        print(f"| {name} | {rate.mb_per_second:.0f} | {share:.2f} | {rate.cpu_per_gb:.2f} | {rate.errors} |")
    hub_rate = rates["hub, counting"].mb_per_second
    print(f"\nhub / stock send_file: {hub_rate / rates['Flask send_file, waitress'].mb_per_second:.1f}")


if __name__ == "__main__":
    for tool in ("nginx", "wrk"):
        if shutil.which(tool) is None:
            sys.exit(f"This benchmark needs {tool}; on Debian run: apt install {tool}")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
