"""Sixty phones that share a link shaped to 40 Mbit/s and play at 350 kbit/s each: does one stall, do pages answer?

    sudo python benchmarks/phones.py [SECONDS]

The hub and the phones stand in two network namespaces made for this run, joined by a cable with a token bucket
(tc-tbf) on the hub's side. A phone reads as a browser does: as fast as it can until it is 30 s ahead, then at the
pace of playing; it starts with 2 s in hand, and it stalls when it has nothing left to play. All phones report what
they played each 10 s. Meanwhile one visitor opens the home page on a new connection four times a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.servers import ROOT, pss_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

PHONES = 60
LINK = "40mbit"
BYTES_PER_SECOND = 350_000 // 8
AHEAD, START_WITH = 30.0, 2.0
HUB, VILLAGE = "vh-hub", "vh-village"
HUB_ADDRESS, VILLAGE_ADDRESS = "10.203.0.1", "10.203.0.2"
PORT = 8080


@dataclass
class Phone:
    """One player: what it received, when it started, how often it ran dry. Times in seconds."""

    received: int = 0
    started: float | None = None
    stalls: int = 0
    waited: float = 0.0
    id: str = field(default_factory=lambda: secrets.token_hex(16))


def main(seconds: int) -> dict[str, dict[str, float]]:
    """Run the hub and the phones, once letting media run free and once sharing the known speed; print the figures."""
    figures = {f"wifi_mbit {wifi}": once(seconds, wifi) for wifi in (0, 40)}
    names = list(next(iter(figures.values())))
    print(f"| | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    for label, row in figures.items():
        print(f"| {label} | {' | '.join(str(row[name]) for name in names)} |")
    return figures


def once(seconds: int, wifi: int) -> dict[str, float]:
    """One hub with HUB_WIFI_MBIT=`wifi`, and its phones."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name, cable():
        data = Path(name)
        blob, item = fill_library(data, seconds)
        environ = {"HUB_DATA": str(data), "HUB_HOST": HUB_ADDRESS, "HUB_PORT": str(PORT), "HUB_WIFI_MBIT": str(wifi)}
        command = ["ip", "netns", "exec", HUB, sys.executable, "-m", "hub", "web"]
        inside = ["ip", "netns", "exec", VILLAGE, sys.executable, "-m", "benchmarks.phones", "--inside"]
        process = subprocess.Popen(command, env=os.environ | environ, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            out = subprocess.run([*inside, blob, item, str(seconds)], cwd=ROOT, check=True, stdout=subprocess.PIPE)
            figures: dict[str, float] = json.loads(out.stdout)
            return {**figures, "web_pss_mb": round(pss_mb(process.pid), 1)}
        finally:
            process.terminate()
            process.wait(20)


def fill_library(data: Path, seconds: int) -> tuple[str, str]:
    """Publish the sample course, and add a blob long enough; returns the blob's path on the hub and an item's id."""
    from content_cache.importer import import_repository
    from content_cache.library import Library
    from content_cache.publisher.publish import publish

    library = Library(data / "library")
    publish(ROOT / "samples" / "courses", data / "repository")
    import_repository(data / "repository", library)
    source = data / "long.mp4"
    source.write_bytes(os.urandom(int(BYTES_PER_SECOND * (seconds + AHEAD))))
    with source.open("rb") as opened:
        blob = library.store.put(opened)
    return f"/media/{blob.sha256}/long.mp4", "precio-justo/cuanto-te-cuesta"


@contextmanager
def cable() -> Iterator[None]:
    """Two namespaces joined by a shaped link, gone at the end."""
    steps = [
        f"ip netns add {HUB}",
        f"ip netns add {VILLAGE}",
        f"ip link add vh0 netns {HUB} type veth peer name vh1 netns {VILLAGE}",
        f"ip -n {HUB} addr add {HUB_ADDRESS}/24 dev vh0",
        f"ip -n {VILLAGE} addr add {VILLAGE_ADDRESS}/24 dev vh1",
        f"ip -n {HUB} link set vh0 up",
        f"ip -n {VILLAGE} link set vh1 up",
        f"tc -n {HUB} qdisc add dev vh0 root tbf rate {LINK} burst 64kb latency 50ms",
    ]
    try:
        for step in steps:
            subprocess.run(step.split(), check=True)
        yield
    finally:
        for name in (HUB, VILLAGE):
            subprocess.run(["ip", "netns", "del", name], check=False)


async def village(blob: str, item: str, seconds: int) -> dict[str, float]:
    """All phones and the visitor, in the village's namespace."""
    await until_the_hub_answers()
    phones, pages = [Phone() for _ in range(PHONES)], []
    visitor = asyncio.create_task(visit(pages))
    await asyncio.gather(*(play(phone, blob, item, seconds) for phone in phones))
    visitor.cancel()
    pages.sort()
    return {
        "phones": PHONES,
        "seconds": seconds,
        "stalls": sum(phone.stalls for phone in phones),
        "slowest_start_s": round(max(phone.started or seconds for phone in phones), 2),
        "pages": len(pages),
        "pages_median_ms": round(1000 * pages[len(pages) // 2], 1),
        "pages_p95_ms": round(1000 * pages[int(len(pages) * 0.95)], 1),
        "pages_slowest_ms": round(1000 * pages[-1], 1),
    }


async def until_the_hub_answers() -> None:
    for _ in range(300):
        try:
            await fetch("/healthz")
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise TimeoutError


async def play(phone: Phone, blob: str, item: str, seconds: int) -> None:
    """Read one lesson as a browser does, and report it."""
    pocket = socket.socket()
    pocket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)  # a phone's window, not a server's
    pocket.setblocking(False)
    await asyncio.get_running_loop().sock_connect(pocket, (HUB_ADDRESS, PORT))
    reader, writer = await asyncio.open_connection(sock=pocket, limit=65536)
    writer.write(f"GET {blob} HTTP/1.1\r\nHost: hub\r\nRange: bytes=0-\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    reading = asyncio.create_task(read(phone, reader))
    began, reported = time.monotonic(), 0.0
    while time.monotonic() - began < seconds:
        await asyncio.sleep(0.05)
        advance(phone, time.monotonic() - began)
        if time.monotonic() - began - reported > 10:
            reported = time.monotonic() - began
            await report(phone, item, played(phone, reported))
    reading.cancel()
    writer.close()


async def read(phone: Phone, reader: asyncio.StreamReader) -> None:
    began = time.monotonic()
    while data := await reader.read(16384):
        phone.received += len(data)
        while phone.received / BYTES_PER_SECOND > played(phone, time.monotonic() - began) + AHEAD:
            await asyncio.sleep(0.1)


def advance(phone: Phone, now: float) -> None:
    """Start when there is enough in hand; note a stall when there is nothing."""
    in_hand = phone.received / BYTES_PER_SECOND - played(phone, now)
    if phone.started is None:
        phone.started = now if in_hand >= START_WITH else None
    elif in_hand <= 0:
        phone.stalls += 1
        phone.waited += START_WITH


def played(phone: Phone, now: float) -> float:
    """Seconds of the lesson shown so far."""
    return 0.0 if phone.started is None else max(now - phone.started - phone.waited, 0.0)


async def report(phone: Phone, item: str, seconds: float) -> None:
    state = {"plays": [{"id": phone.id, "item": item, "intervals": [[0, round(seconds, 1)]], "group": 1}]}
    await fetch("/usage/events", json.dumps(state).encode(), f"visitor={phone.id}")


async def visit(pages: list[float]) -> None:
    """Open the home page four times a second, noting how long each took."""
    while True:
        began = time.monotonic()
        await fetch("/")
        pages.append(time.monotonic() - began)
        await asyncio.sleep(0.25)


async def fetch(path: str, body: bytes = b"", cookie: str = "") -> bytes:
    """One request on a new connection; returns the answer whole."""
    reader, writer = await asyncio.open_connection(HUB_ADDRESS, PORT)
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nCookie: {cookie}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"\r\n" + body)
    answer = await reader.read(-1)
    writer.close()
    return answer


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        print(json.dumps(asyncio.run(village(sys.argv[2], sys.argv[3], int(sys.argv[4])))))
    elif os.geteuid() != 0:
        sys.exit("This benchmark makes network namespaces; run it as root.")
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
