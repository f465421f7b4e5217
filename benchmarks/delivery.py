"""Bytes on the wire of bringing content to a village, beside what others move for the same files, in one run.

    sudo python -m benchmarks.delivery [--short] [PAIR...]

For each pair of folders (benchmarks/pairs.py) head office publishes the old one as a course, a village takes it in, the
new one is published, and the bytes of the village's next visit are counted: asking, the signed news, what changed, on
one connection over TLS with a public chain. The aim is that of the plan: 1.05 times the sum of zstd patches and new
files, 50 bytes for each changed file, and 7,000. Then a library of 50 MB in which one page, one film or all changes.
--short leaves the peers out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import kolibri
from benchmarks.courses import course_of, film, package
from benchmarks.floor import Floor, kept_floor
from benchmarks.office import Office, Village
from benchmarks.pairs import pairs
from benchmarks.peers import PEERS, peers
from benchmarks.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY_BYTES = 50_000_000
FILM_BYTES = 5_000_000
WORK = "/var/tmp"


def main(names: list[str], *, short: bool) -> None:
    """Print the tables."""
    made = pairs(names=names or None)
    with Wire() as wire:
        updates(wire, made, short=short)
        if not names:
            changes_in_a_library(wire, made)
            if not short:
                beside_kolibri(wire, made)


def updates(wire: Wire, made: dict[str, tuple[Path, Path]], *, short: bool) -> None:
    """The table of pairs: ours, the aim, and each peer that is here."""
    others = [] if short else list(PEERS)
    print(f"| pair | changed files | **ours, TLS** | aim | ours, plain | {' | '.join(others)} |")
    print("|---" * (5 + len(others)) + "|")
    for name, (old, new) in made.items():
        floor = kept_floor(old, new)
        tls, plain = moved(wire, name, old, new)
        theirs = [_cell(peer_moves(wire, peer, old, new)) for peer in others]
        cells = [name, floor.changed, f"**{tls:,}**", f"{floor.aim:,}", f"{plain:,}", *theirs]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


def moved(wire: Wire, name: str, old: Path, new: Path) -> tuple[int, int]:
    """Bytes of the visit that brings `new` to a village that has `old`: over TLS, and plain."""
    with _folder() as work:
        course_of(name, old, work / "old" / name)
        course_of(name, new, work / "new" / name)
        office = Office(work / "office")
        office.publish(work / "old")
        return visits(wire, work, office, work / "new")


def visits(wire: Wire, work: Path, office: Office, new: Path) -> tuple[int, int]:
    """The same of an office that has published what is old, and courses that are new."""
    villages = {tls: Village(work / f"village-{tls}", office) for tls in (True, False)}
    for village in villages.values():
        village.sync_from(office.repository)
    office.publish(new)
    tls, plain = (_visit(wire, office, village, tls=tls) for tls, village in villages.items())
    return tls, plain


def _visit(wire: Wire, office: Office, village: Village, *, tls: bool) -> int:
    with wire.serve(office.repository, tls=tls) as host:
        before = wire.bytes()
        synced = village.sync(host)
        after = wire.bytes()
    assert (synced.number, synced.coming, synced.problems) == (2, 0, ()), synced
    return after - before


def peer_moves(wire: Wire, name: str, old: Path, new: Path) -> int | None:
    """Bytes that a peer moves; None if it is not here."""
    if name not in peers():
        return None
    with _folder() as work:
        return peers()[name](wire, old, new, work)


def changes_in_a_library(wire: Wire, made: dict[str, tuple[Path, Path]]) -> None:
    """One page edited, a new film, a season of changes in a library of 50 MB."""
    print("\n| in a library of 50 MB | **TLS** | aim | plain |\n|---|---|---|---|")
    with _folder() as work:
        old, office = library(work / "old", made), Office(work / "office")
        office.publish(old)

        def row(label: str, aim: int, new: Path) -> None:
            with _folder() as again:
                copy = Office(shutil.copytree(work / "office", again / "office"))
                tls, plain = visits(wire, again, copy, new)
            print(f"| {label} | **{tls:,}** | {aim:,} | {plain:,} |", flush=True)

        page = shutil.copytree(old, work / "page")
        edit_a_page(page / "html2", made["html2"][0])
        row("one page edited", 11_000, page)
        new = shutil.copytree(old, work / "film")
        size = (film(new / "nuevo", FILM_BYTES, seed=2) / "pelicula.mp4").stat().st_size
        row(f"a new film of {size:,} bytes", size * 104 // 100 + 7000, new)
        season, floor = library(work / "season", made, side=1), _sum(made)
        row(f"a season: {floor.changed} files of all kinds changed", floor.aim, season)


SEASON = ("html2", "pdf", "scormd", "quiz", "remux")


def library(folder: Path, made: dict[str, tuple[Path, Path]], side: int = 0) -> Path:
    """Courses of several pairs, filled up with a film to 50 MB."""
    for name in SEASON:
        course_of(name, made[name][side], folder / name)
    here = sum(path.stat().st_size for name in SEASON for path in made[name][0].rglob("*") if path.is_file())
    film(folder / "resto", LIBRARY_BYTES - here)
    return folder


def edit_a_page(course: Path, files: Path) -> None:
    """A paragraph more in one page of the package."""
    with _folder() as work:
        edited = shutil.copytree(files, work / "files")
        page = max(edited.glob("*.html"), key=lambda path: (path.stat().st_size, path.name))
        page.write_bytes(page.read_bytes().replace(b"</p>", b"</p><p>Guarda tus recibos de cada semana.</p>", 1))
        (course / "paquete.zip").unlink()
        package(course / "paquete.zip", edited, sorted(path for path in edited.rglob("*") if path.is_file()))


def _sum(made: dict[str, tuple[Path, Path]]) -> Floor:
    floors = [kept_floor(*made[name]) for name in SEASON]
    return Floor(*(sum(column) for column in zip(*floors, strict=True)))


def beside_kolibri(wire: Wire, made: dict[str, tuple[Path, Path]]) -> None:
    """The same 12 pages edited, as a channel's update between two Kolibris."""
    try:
        kolibri.program()
    except subprocess.CalledProcessError:
        print("\nKolibri is not measured: it could not be installed.")
        return
    with _folder() as work:
        sides = [{"resto": work / "resto.mp4"}, {"resto": work / "resto.mp4"}]
        shutil.copy(film(work / "film", FILM_BYTES) / "pelicula.mp4", work / "resto.mp4")
        for side, files in zip(sides, made["html2"], strict=True):
            side["html2"] = work / f"{files.name}.zip"
            kolibri.zipped(side["html2"], files)
        moved = kolibri.update(wire, *sides, work)
    channel, contents = (f"{part:,} bytes" for part in moved)
    print(f"\nKolibri, html2 as the zip of a channel: {channel} for the channel, {contents} after it")


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=WORK, prefix="delivery-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx and rsync may run as somebody else
        yield folder


def _cell(moved: int | None) -> str:
    return "-" if moved is None else f"{moved:,}"


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("This benchmark makes a network namespace; run it as root.")
    began = time.monotonic()
    main([each for each in sys.argv[1:] if each != "--short"], short="--short" in sys.argv)
    print(f"\nin {time.monotonic() - began:.0f} s")
