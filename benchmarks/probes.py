"""Probes a second, each on a connection of its own, by `wrk`: before the button, after it, and by Flask alone.

Two hundred phones have leases. Three rounds in turn, medians; on two shared cores the ratios hold, not the figures.

    python -m benchmarks.probes [SECONDS]
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from benchmarks.servers import Server, free_port, running

CONNECTIONS = 32
PHONES = 200
ROUNDS = 3
BARE = """
import logging, sys
from flask import Flask
from waitress import serve
logging.getLogger("waitress.queue").setLevel(logging.ERROR)
app = Flask(__name__)
app.add_url_rule("/generate_204", view_func=lambda: ("", 204))
serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=8)
"""


def main(seconds: int) -> dict[str, float]:
    """Measure, print and return probes a second by name."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder, ports = Path(name), (free_port(), free_port())
        hub, bare = servers(folder, *ports)
        rounds = [(*measure_hub(hub, seconds), measure(bare, seconds)) for _ in range(ROUNDS)]
    names = ("led to the portal", "told that all is well", "bare Flask")
    rates = {name: statistics.median(rate) for name, rate in zip(names, zip(*rounds, strict=True), strict=True)}
    for name, rate in rates.items():
        print(f"{name}: {rate:.0f} probes/s, {rate / rates['bare Flask']:.2f} of bare Flask")
    return rates


def servers(folder: Path, port: int, bare_port: int) -> tuple[Server, Server]:
    """The hub, with the leases of a village, and the least that Flask can be."""
    leases = folder / "run" / "village-hub-net" / "leases"
    leases.parent.mkdir(parents=True)
    phones = [f"1764329999 02:00:00:00:00:{n:02x} 10.44.0.{n} * *\n" for n in range(PHONES - 1)]
    leases.write_text("".join([*phones, "1764329999 02:00:00:00:00:ff 127.0.0.1 * *\n"]))
    environ = {
        "HUB_DATA": f"{folder}/hub",
        "HUB_PORT": str(port),
        "HUB_NAME": "hub.home.arpa",
        "HUB_MACHINE": f"{folder}",
    }
    return (
        Server("hub", [sys.executable, "-m", "hub", "web"], f"http://127.0.0.1:{port}/generate_204", environ),
        Server("bare", [sys.executable, "-c", BARE, str(bare_port)], f"http://127.0.0.1:{bare_port}/generate_204"),
    )


def measure_hub(hub: Server, seconds: int) -> tuple[float, float]:
    """Before the button and after it; the hub forgets at its end, since each round is another process and folder."""
    with running(hub):
        before = asked(hub.url, seconds)
        button = hub.url.replace("/generate_204", "/welcome")
        with urllib.request.urlopen(urllib.request.Request(button, data=b"", method="POST"), timeout=10):
            after = asked(hub.url, seconds)
    (Path(hub.environ["HUB_DATA"]) / "run" / "portal.json").unlink()
    return before, after


def measure(server: Server, seconds: int) -> float:
    with running(server):
        return asked(server.url, seconds)


def asked(url: str, seconds: int) -> float:
    """Requests a second of phones that hang up after each answer."""
    headers = ["-H", "Host: connectivitycheck.gstatic.com", "-H", "Connection: close"]
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *headers, url]
    out = subprocess.run(wrk, capture_output=True, text=True, check=True).stdout
    match = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert match is not None, out
    return float(match[1])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
