"""Starts the servers that are measured, waits until they answer, and reads what they cost from /proc."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A command that serves `url`."""

    name: str
    command: list[str]
    url: str
    environ: dict[str, str] = field(default_factory=dict)


@contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Run `server` for the length of the block, from its first answer on."""
    process = subprocess.Popen(server.command, env=os.environ | server.environ, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_until_it_answers(server.url, process)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> float:
    """Return the seconds it took until `url` answered anything."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=2):
                return time.monotonic() - began
        except urllib.error.HTTPError:
            return time.monotonic() - began
        except OSError:
            time.sleep(0.005)
    raise TimeoutError(url)


def family(pid: int) -> list[int]:
    """`pid` and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_seconds(pid: int) -> float:
    """User and system time of a server and its workers so far."""
    total = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def pss_mb(pid: int) -> float:
    """Proportional set size of a server and its workers, in MB."""
    kilobytes = 0
    for each in family(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1024


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
