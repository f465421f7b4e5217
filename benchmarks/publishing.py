"""Seconds and peak memory of publishing 2 GB in 20,000 files, first and after an edit, and of applying an update.

    python -m benchmarks.publishing [SHARE]

What is published: 17,000 pages in packages (100 MB), 2,980 documents of 200 kB, films of 100 MB. SHARE of 0.1 makes it
a tenth of that. Memory is the peak resident set (VmHWM) of a process of its own. What applying takes is the difference
between two syncs by a delta: of a film of 300 MB that changed a little all over it, and of one of 1 MB.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.courses import FILM as REAL
from benchmarks.courses import film, package, write_course, write_sheet
from benchmarks.office import Office, Village
from benchmarks.pairs import WORDS
from benchmarks.servers import ROOT
from content_cache.records import Blob
from content_cache.sync.plan import Held, Limits, Offer, Wanted, Wishes, plan
from tests.simulators.link import ContentServer

PACKAGES, PAGES, PAGE = 10, 1700, 6000
SHELVES, DOCUMENTS, DOCUMENT = 10, 298, 200_000
FILMS, FILM = 13, 100_000_000
ITEMS = 20_000
LARGE, SMALL = 300_000_000, 1_000_000
WORK = "/var/tmp"
APPLY = """
import sys
from pathlib import Path
from content_cache.library import Library
from content_cache.sync.engine import sync
from content_cache.sync.source import HttpSource
from content_cache.trust.anchor import Anchor
folder = Path(sys.argv[1])
synced = sync(Library(folder), HttpSource(sys.argv[2]), Anchor(folder / "trust").target("all"))
assert synced.number == 2 and synced.coming == 0, synced
"""


PUBLISH = """
import sys
from pathlib import Path
from content_cache.publisher.publish import publish
assert publish(Path(sys.argv[1]), Path(sys.argv[2])).changed
"""
TELL = """
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


class Cost(NamedTuple):
    """What a process took: seconds, and MiB at its peak."""

    seconds: float
    peak: float


def main(share: float) -> None:
    """Print the tables."""
    print("| | seconds | peak memory | aim |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        first, second = publishing(Path(name), share)
    ratio = second.seconds / first.seconds
    print(f"| publishing the first time | {first.seconds:.1f} | **{first.peak:.0f} MiB** | 300 MB |")
    print(
        f"| again, one page edited | {second.seconds:.1f}, **{ratio:.3f}** of it | {second.peak:.0f} MiB | 0.1 of it |"
    )
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        small, large = (applying(Path(name) / str(size), int(size * share)) for size in (SMALL, LARGE))
    print(f"| applying, a film of 1 MB | {small.seconds:.1f} | {small.peak:.0f} MiB | |")
    more = large.peak - small.peak
    print(f"| applying, a film of 300 MB | {large.seconds:.1f} | {large.peak:.0f} MiB: **{more:.0f} more** | 64 more |")
    print(f"| planning for 20,000 items | **{planning():.2f}** | | 1 |")


def publishing(work: Path, share: float) -> tuple[Cost, Cost]:
    """The first time, and again after one page was edited."""
    courses = work / "courses"
    make_courses(courses, share)
    first = cost_of(PUBLISH, courses, work / "repository")
    make_package(courses / "paquete-0", share, edited=True)
    return first, cost_of(PUBLISH, courses, work / "repository")


def planning() -> float:
    """Seconds to plan for 20,000 items: texts, films, wishes, a delta, a budget, and a disk that is nearly full."""
    chance = random.Random(5)
    blobs = [Blob(f"{number:064x}", chance.randrange(2_000, 5_000_000)) for number in range(3 * ITEMS)]
    wanted = [
        Wanted(f"curso-{n // 50}/{n}", (blobs[3 * n],), (blobs[3 * n + 1], blobs[3 * n + 2])) for n in range(ITEMS)
    ]
    held = [
        Held(f"viejo/{n}", (Blob(f"{n:064x}", chance.randrange(2_000, 5_000_000)),))
        for n in range(10**9, 10**9 + ITEMS)
    ]
    names = [one.item for one in wanted]
    wishes = Wishes(
        pinned=frozenset(chance.sample(names, 500)),
        asked=dict.fromkeys(chance.sample(names, 500), 2),
        use={name: chance.randrange(100) for name in names},
    )
    ranges = [(start, start + 50_000) for start in range(0, 50_000 * ITEMS, 50_000)]
    offer = Offer("d/old-new", ranges, {blobs[3 * n].sha256: (n,) for n in range(ITEMS)}, [50_000] * ITEMS)
    began = time.perf_counter()
    made = plan(wanted, held, wishes, Limits(budget=10**10, free=10**9), [offer])
    assert made.steps
    return time.perf_counter() - began


def make_courses(courses: Path, share: float) -> None:
    """All of them."""
    for number in range(PACKAGES):
        make_package(courses / f"paquete-{number}", share, seed=number)
    for number in range(SHELVES):
        make_documents(courses / f"documentos-{number}", share, seed=number)
    for number in range(FILMS):
        film(courses / f"pelicula-{number}", int(FILM * share), seed=number)


def make_package(folder: Path, share: float, *, seed: int = 0, edited: bool = False) -> None:
    """A course of one package of pages; `edited` has a sentence more in one of them."""
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        pages, chance = Path(name), random.Random(seed)
        for number in range(int(PAGES * share)):
            text = " ".join(chance.choices(WORDS, k=PAGE // 6))
            more = " Guarda tus recibos." if edited and number == 7 else ""
            (pages / f"pagina-{number}.html").write_text(f"<!doctype html><p>{number} {seed} {text}{more}")
        folder.mkdir(parents=True, exist_ok=True)
        package(folder / "paquete.zip", pages, sorted(pages.iterdir()))
    write_course(folder, folder.name, [("paquete", "package", "paquete.zip")])


def make_documents(folder: Path, share: float, *, seed: int) -> None:
    """A course of PDFs that nothing can pack."""
    folder.mkdir(parents=True)
    names = [f"hoja-{number}" for number in range(int(DOCUMENTS * share))]
    for number, name in enumerate(names):
        write_sheet(folder / f"{name}.pdf", DOCUMENT, seed * 1000 + number)
    write_course(folder, folder.name, [(name, "document", f"{name}.pdf") for name in names])


def applying(work: Path, size: int) -> Cost:
    """An update of one film, some bytes of which changed all over it."""
    office, courses = Office(work / "office"), work / "courses"
    path = film(courses / "uno", size) / "pelicula.mp4"
    office.publish(courses)
    village = Village(work / "village", office)
    village.sync_from(office.repository)
    change_all_over(path, size)
    office.publish(courses)
    village.trust(office.repository)
    shutil.rmtree(courses)
    with ContentServer(office.repository) as server:
        cost = cost_of(APPLY, work / "village", f"http://127.0.0.1:{server.port}")
        assert not [asked for asked in server.asked if asked.path.startswith("/o/")], "it came by its delta"
    return cost


def change_all_over(path: Path, size: int) -> None:
    """A few bytes in each 2 MB, and a box put in early: everything behind it moves."""
    real = REAL.stat().st_size
    data = bytearray(path.read_bytes())
    for at in range(real + 8, real + size, 2_000_000):
        data[at : at + 6] = b"cambio"
    path.write_bytes(data[:real] + struct.pack(">I4s", 14, b"free") + b"metido" + data[real:])


def cost_of(script: str, *arguments: object) -> Cost:
    """Run Python to its end. It tells its peak itself: that of wait(2) has what its parent held when it forked."""
    began = time.perf_counter()
    command = [sys.executable, "-c", script + TELL, *map(str, arguments)]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Cost(time.perf_counter() - began, int(told.split()[-1]) / 1024)


if __name__ == "__main__":
    began = time.monotonic()
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
    print(f"\nin {time.monotonic() - began:.0f} s")
