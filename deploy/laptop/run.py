"""The whole loop on one machine: publish and sign the samples, start a hub and a head office, enrol one with the other.

    make run                                # http://localhost:8080 is the hub, http://localhost:8090 head office
    python deploy/laptop/run.py [FOLDER]    # the same, with everything kept in FOLDER instead of var/

Ports come from HUB_PORT, HUB_CONTENT_PORT and COLLECTOR_PORT; everything is found again the next
time. Here usage is reported every half minute and before the day is over; on a box it waits for the night.
"""

from __future__ import annotations

import json
import os
import secrets
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
    "COLLECTOR_CONTENT": str(VAR / "repository"),
    "COLLECTOR_CONTENT_ROOT": str(VAR / "keys" / "roots" / "1.root.json"),
}
KEYS, PASSPHRASE, REPOSITORY = VAR / "keys", VAR / "passphrase", VAR / "repository"


def main() -> int:
    """Set up what is missing, then run until Ctrl-C."""
    for name, value in DEMONSTRATION.items():
        os.environ.setdefault(name, value)
    hub, office = (f"http://localhost:{os.environ[name]}" for name in ("HUB_PORT", "COLLECTOR_PORT"))
    check_machine()
    publish_samples()
    collector = [program("collector"), "serve"]
    link = None if is_set_up() else set_up_with(collector, hub, office)
    run("hub", "content", "sync")

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
    """Publish the sample courses, signed with keys of this folder's own; unchanged, it takes a moment."""
    if not (KEYS / "roots").exists():
        shutil.rmtree(KEYS, ignore_errors=True)  # what an interrupted start left
        make_private(PASSPHRASE, secrets.token_urlsafe(24))
        run("content-cache", "keys", "create", str(KEYS), *with_passphrase())
    samples = str(ROOT / "samples" / "courses")
    run("content-cache", "publish", samples, "--to", str(REPOSITORY), "--keys", str(KEYS), *with_passphrase())


def with_passphrase() -> list[str]:
    return ["--passphrase-file", str(PASSPHRASE)]


def make_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")


def is_set_up() -> bool:
    """Whether this hub already knows a head office, and where its courses come from."""
    enrolled = json.loads(run("hub", "uplink", "status", "--json"))["enrolled"]
    return bool(enrolled and json.loads(run("hub", "content", "status", "--json"))["source"])


def set_up_with(collector: list[str], hub: str, office: str) -> str:
    """Start head office for a moment, make a site there and set this hub up; returns the technician's link."""
    serving = start(collector)
    try:
        wait_for(f"{office}/healthz")
        site = json.loads(
            run("collector", "sites", "add", "Aldea de muestra", "--time-zone", "America/Merida", "--json")
        )
        content = ["--content-url", str(REPOSITORY), "--content-root", str(KEYS / "roots" / "1.root.json")]
        enrolment = ["--collector-url", office, "--code", site["code"]]
        made = run("hub", "setup", *enrolment, *content, "--address", hub, "--json")
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
