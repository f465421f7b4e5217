"""The whole loop on one machine: publish the samples, start a hub and a head office, enrol one with the other.

    make run                                # http://localhost:8080 is the hub, http://localhost:8090 head office
    python deploy/laptop/run.py [FOLDER]    # the same, with everything kept in FOLDER instead of var/

Ports come from HUB_PORT, HUB_CONTENT_PORT and COLLECTOR_PORT; everything is found again the next
time. Here usage is reported every half minute and before the day is over; on a box it waits for the night.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from hub.supervise import run_together, start, stop

ROOT = Path(__file__).resolve().parent.parent.parent
VAR = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "var"
NEEDS_MB = 300
DEMONSTRATION = {
    "HUB_DATA": str(VAR / "hub"),
    "HUB_PORT": "8080",
    "HUB_CONTENT_PORT": "8081",
    "HUB_UPLOAD_EVERY": "30",
    "HUB_ROLL_UP_EVERY": "10",
    "HUB_SEAL_OPEN_DAYS": "yes",
    "COLLECTOR_DATA": str(VAR / "collector"),
    "COLLECTOR_PORT": "8090",
}


def main() -> int:
    """Set up what is missing, then run until Ctrl-C."""
    for name, value in DEMONSTRATION.items():
        os.environ.setdefault(name, value)
    hub, office = (f"http://localhost:{os.environ[name]}" for name in ("HUB_PORT", "COLLECTOR_PORT"))
    check_machine()
    publish_samples()
    collector = [program("collector"), "serve"]
    link = None if is_enrolled() else enrol_with(collector, hub, office)

    def announce() -> None:
        wait_for(f"{hub}/healthz")
        wait_for(f"{office}/healthz")
        print(welcome(hub, office, link), flush=True)

    return run_together([collector, [program("hub"), "web"], [program("hub"), "worker"]], started=announce)


def check_machine() -> None:
    """End with a sentence when a port is taken or the disk is full."""
    for name in ("HUB_PORT", "COLLECTOR_PORT"):
        port = os.environ[name]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", int(port)))
            except (OSError, ValueError, OverflowError):
                sys.exit(f"Port {port} cannot be used; stop what listens there or run: make run {name}=<another port>")
    free = shutil.disk_usage(ROOT).free // 1_000_000
    if free < NEEDS_MB:
        sys.exit(f"There are {free} MB free here and {NEEDS_MB} are needed; free some space and run make run again.")


def publish_samples() -> None:
    """Publish the sample courses and take them into the hub; unchanged, both take a moment."""
    repository = str(VAR / "repository")
    run("content-cache", "publish", str(ROOT / "samples" / "courses"), "--to", repository)
    run("hub", "content", "import", repository)


def is_enrolled() -> bool:
    """Whether this hub already knows a head office."""
    report = json.loads(run("hub", "uplink", "status", "--json"))
    return bool(report["enrolled"])


def enrol_with(collector: list[str], hub: str, office: str) -> str:
    """Start head office for a moment, make a site there and enrol this hub; returns the technician's link."""
    serving = start(collector)
    try:
        wait_for(f"{office}/healthz")
        site = json.loads(
            run("collector", "sites", "add", "Aldea de muestra", "--time-zone", "America/Merida", "--json")
        )
        made = run("hub", "setup", "--collector-url", office, "--code", site["code"], "--address", hub, "--json")
        return str(json.loads(made)["link"])
    finally:
        stop([serving])


def run(name: str, *arguments: str) -> str:
    """Run one of our programs; its own sentence is shown if it fails."""
    done = subprocess.run([program(name), *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout


def program(name: str) -> str:
    """Path of one of our programs in the environment that runs this file."""
    return str(Path(sys.executable).parent / name)


def wait_for(address: str) -> None:
    """Return once `address` answers; give up with a sentence after half a minute."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{address} does not answer; read the lines above, or delete var/ to start afresh.")


def welcome(hub: str, office: str, link: str | None) -> str:
    """What to open."""
    lines = [f"Hub          {hub}", f"Head office  {office}"]
    lines += [f"Technician   {link}  (works once)"] if link else [f"Technician   {hub}/technician"]
    return "\n".join([*lines, "Watch a lesson on the hub: head office shows it within a minute. Ctrl-C stops all."])


if __name__ == "__main__":
    sys.exit(main())
