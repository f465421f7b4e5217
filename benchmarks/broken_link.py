"""What asking for news costs, and what a link costs that breaks; bytes on the wire, as benchmarks/wire.py counts them.

    sudo python -m benchmarks.broken_link

Asking: a village that has all, over TLS with a public chain, over plain HTTP, and on the answer to an upload that is
sent anyway, where the number of what is newest rides along. Breaking: a film comes through a link that resets each
connection after so many bytes; the village tries again at once, and what all of it cost more than an unbroken link is
shared out over the cuts. An older village: one that slept for eight releases, two more than have deltas to the newest.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from benchmarks.courses import course_of, film, sheet
from benchmarks.floor import floor_of
from benchmarks.office import Office, Village
from benchmarks.pairs import pairs
from benchmarks.servers import ROOT
from benchmarks.wire import Wire, free_port, wait_until_it_listens
from content_cache.errors import SourceError
from tests.collector.sender import FakeHub, Socket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.wire import Host

CUTS = {32_000: 1_000_000, 200_000: 4_000_000, 500_000: 8_000_000}  # bytes that pass, and of the film
RELEASES = 9
PAGES = 12
WORK = "/var/tmp"


def main() -> None:
    """Print the tables."""
    with Wire() as wire:
        print("| asking, nothing new | bytes on the wire | aim |\n|---|---|---|")
        print(f"| over TLS, a public chain | **{asking(wire, tls=True):,}** | 5,500 |", flush=True)
        print(f"| the same, resumed | **{asking(wire, tls=True, resumed=True):,}** | |", flush=True)
        print(f"| plain | **{asking(wire, tls=False):,}** | 1,600 |", flush=True)
        print(f"| on an upload's answer | **{on_an_answer(wire):,}** more | 150 |", flush=True)
        print("\n| TLS, cut each | film | cuts | extra bytes for each cut | aim |\n|---|---|---|---|---|")
        for every, size in CUTS.items():
            cuts, extra = breaking(wire, every, size)
            print(f"| {every:,} | {size:,} | {cuts} | **{extra / cuts:,.0f}** | 12,000 |", flush=True)
        sleeping(wire)


def asking(wire: Wire, *, tls: bool, resumed: bool = False) -> int:
    """Bytes of one visit that finds nothing new."""
    with _folder() as work:
        office = Office(work / "office")
        office.publish(sheet(work / "courses" / "uno", 20_000).parent)
        village = Village(work / "village", office)
        with wire.serve(office.repository, tls=tls) as host:
            village.sync(host)
            before = wire.bytes()
            village.sync(host, resumed=resumed)
            return wire.bytes() - before


def on_an_answer(wire: Wire) -> int:
    """Bytes that an upload costs more if its answer tells which content is the newest."""
    with _folder() as work:
        office = Office(work / "office")
        office.publish(sheet(work / "courses" / "uno", 20_000).parent)
        return _upload(wire, work / "telling", office.repository) - _upload(wire, work / "plain", "")


def _upload(wire: Wire, data: Path, content: Path | str) -> int:
    address = f"http://127.0.0.1:{(port := free_port())}"
    environ = os.environ | {
        "COLLECTOR_DATA": str(data),
        "COLLECTOR_PORT": str(port),
        "COLLECTOR_CONTENT": str(content),
    }
    command = [sys.executable, "-m", "collector"]
    add = [*command, "sites", "add", "Dzemul", "--time-zone", "America/Merida", "--json"]
    code = json.loads(subprocess.run(add, env=environ, cwd=ROOT, check=True, capture_output=True).stdout)["code"]
    server = subprocess.Popen([*command, "serve"], env=environ, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_until_it_listens(port)
        hub = FakeHub(Socket(address))
        hub.enrol(code)
        record = hub.sealed()
        before = wire.bytes()
        assert (hub.send(record).content is None) is (content == "")
        return wire.bytes() - before
    finally:
        server.terminate()
        server.wait(20)


def breaking(wire: Wire, every: int, size: int) -> tuple[int, int]:
    """How often the link broke until the film was there, and the bytes that it cost more than an unbroken one."""
    with _folder() as work:
        office = Office(work / "office")
        courses = sheet(work / "courses" / "uno", 20_000).parent
        office.publish(courses)
        whole, broken = Village(work / "whole", office), Village(work / "broken", office)
        with wire.serve(office.repository, tls=True) as host:
            for village in (whole, broken):
                village.sync(host)
            film(courses / "nuevo", size, seed=2)
            office.publish(courses)
            start = wire.bytes()
            whole.sync(host)
            middle = wire.bytes()
            with wire.cutting(host, every) as cutter:
                came = _insist(broken, host, cutter.url)
            total = wire.bytes() - middle
        assert all(later > sooner for sooner, later in pairwise(came)), came
        return cutter.cuts, total - (middle - start)


def _insist(village: Village, host: Host, url: str) -> list[int]:
    """Try until all is here; the bytes on the disk after each try."""
    came = []
    for _ in range(1000):
        try:
            if village.sync(host, url, resumed=True).coming == 0:
                return came
        except (SourceError, requests.RequestException):
            pass
        came.append(sum(path.stat().st_size for path in village.library.root.rglob("*") if path.is_file()))
    raise TimeoutError(f"no end after 1,000 cuts; on the disk after each: {came[-5:]}")


def sleeping(wire: Wire) -> None:
    """A village that slept for more releases than deltas lead over."""
    _, files = pairs(names=["html2"])["html2"]
    with _folder() as work:
        office, courses = Office(work / "office"), work / "courses"
        newest = shutil.copytree(files, work / "files")
        village = Village(work / "village", office)
        with wire.serve(work / "office" / "repository", tls=True) as host:
            for release in range(RELEASES):
                edit(newest, release)
                shutil.rmtree(courses, ignore_errors=True)
                course_of("html2", newest, courses / "html2")
                office.publish(courses)
                if release == 0:
                    village.sync(host)
                    slept = shutil.copytree(newest, work / "slept")
            before = wire.bytes()
            assert village.sync(host).number == RELEASES
            moved = wire.bytes() - before
        floor = floor_of(slept, newest)
    print(
        f"\nA village {RELEASES - 1} releases behind, {floor.changed} pages changed: **{moved:,}** bytes on the wire."
    )
    print(f"The changed files by zstd are {floor.packed:,}; the aim is {floor.packed * 11 // 10:,}.")


def edit(folder: Path, release: int) -> None:
    """A paragraph more in some pages, others in each release."""
    pages = sorted(path for path in folder.glob("*.html") if b"</p>" in path.read_bytes())
    for page in pages[release * PAGES : (release + 1) * PAGES]:
        added = f"</p><p>Guarda tus recibos de la semana {release}.</p>".encode()
        page.write_bytes(page.read_bytes().replace(b"</p>", added, 1))


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=WORK, prefix="delivery-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("This benchmark makes a network namespace; run it as root.")
    began = time.monotonic()
    main()
    print(f"\nin {time.monotonic() - began:.0f} s")
