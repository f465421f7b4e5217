#!/usr/bin/env python3
"""Builds the package for a Debian box, on any machine with Python 3.11, pip and dpkg-deb: no compiler, no emulator.

    python3 deploy/deb/build.py --debian 13 --arch arm64 --into dist
    dist/village-hub_0.1.0+deb13_arm64.deb

The same sources, wheels and SOURCE_DATE_EPOCH (the time of the last commit unless it is set) give the same bytes. Which
wheels went in stands in /usr/share/doc/village-hub/wheels.txt of the package; `--wheels` with that list takes those.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from papers import debian_version, write_checksums, write_control, write_documents, write_scripts
from targets import DEBIANS, MACHINES, Target
from tree import LIB, enabled, lay_out, settle, shipped
from wheels import BuildError, copy_sources, forget_notes, own_wheel, slim, unmet, vendor, version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
CANNOT = 69  # as everywhere in the project: something that is needed is not there


def main() -> None:
    """Build what the command line asks for, and say where it lies."""
    wanted = arguments()
    check_machine()
    wanted.into.mkdir(parents=True, exist_ok=True)
    targets = [Target(DEBIANS[number], arch) for number in wanted.debian for arch in wanted.arch]
    with tempfile.TemporaryDirectory(prefix="village-hub-deb-") as work:
        try:
            for built in build(wanted.source, targets, wanted.version, wanted.wheels, Path(work)):
                made = Path(shutil.copy(built, wanted.into))
                print(f"Built {made} ({made.stat().st_size / 1_000_000:.1f} MB).", flush=True)
        except BuildError as error:
            fail(str(error))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Build the package of the hub for a Debian box.")
    parser.add_argument("--debian", choices=sorted(DEBIANS), nargs="+", required=True, help="Releases that boxes run.")
    parser.add_argument(
        "--arch", choices=sorted(MACHINES), nargs="+", required=True, help="Their machines; a Pi is arm64."
    )
    parser.add_argument("--version", help="Another version than pyproject.toml tells, as in 0.2.0 or 0.2.0rc1.")
    parser.add_argument("--wheels", type=Path, help="A list of wheels with hashes: exactly those go in.")
    parser.add_argument("--source", type=Path, default=ROOT, help="Another checkout than this one.")
    parser.add_argument("--into", type=Path, required=True, help="Folder for the packages.")
    return parser.parse_args()


def check_machine() -> None:
    """Say what is missing before anything is done."""
    if shutil.which("dpkg-deb") is None:
        fail("Building needs dpkg-deb; on Debian it is there, elsewhere install the package `dpkg`.")
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode != 0:
        fail("This Python has no pip; on Debian run: apt install python3-pip, or use .venv/bin/python.")


def fail(sentence: str) -> None:
    """End with one sentence that says what to do."""
    sys.stderr.write(f"build.py: {sentence}\n")
    sys.exit(CANNOT)


def build(root: Path, targets: Sequence[Target], version: str | None, known: Path | None, work: Path) -> Iterator[Path]:
    """Yield a package for each target, from the sources below `root`, made in the folder `work`.

    Raises BuildError with a sentence.
    """
    epoch = moment_of(root)
    source = copy_sources(root, work / "source", version, epoch)
    wheel = own_wheel(source, work, epoch)
    for target in targets:
        folder = work / f"{target.debian.number}-{target.arch}"
        folder.mkdir()
        yield make(root, wheel, target, known, folder, epoch, version_of(source))


def make(root: Path, wheel: Path, target: Target, known: Path | None, work: Path, epoch: int, version: str) -> Path:
    """Make one package of the wheel and what it needs."""
    lib, package = work / "lib", work / "package"
    wheels = vendor(wheel, target, lib, known)
    if missing := unmet(lib, target):
        raise BuildError("; ".join(missing) + ". Correct the ranges in pyproject.toml.")
    lay_out(package, lib, root)
    full = debian_version(version, target)
    slim(package / LIB)
    write_documents(package, root, full, epoch, wheels)
    forget_notes(package / LIB)
    write_scripts(package, enabled(package), shipped(package))
    write_control(package, target, full)
    write_checksums(package)
    settle(package, epoch)
    return pack(package, work / f"village-hub_{full}_{target.arch}.deb", epoch)


def moment_of(root: Path) -> int:
    """Unix seconds of the build: as given, or of the last commit, or of the youngest source."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    log = ["git", "-C", str(root), "log", "-1", "--format=%ct"]
    commit = subprocess.run(log, capture_output=True, text=True, check=False).stdout.strip()
    return int(commit) if commit else int((root / "pyproject.toml").stat().st_mtime)


def pack(package: Path, into: Path, epoch: int) -> Path:
    """Run dpkg-deb, which orders files by name and takes no time later than `epoch`."""
    environment = dict(os.environ, SOURCE_DATE_EPOCH=str(epoch), TZ="UTC", LC_ALL="C.UTF-8")
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(package), str(into)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BuildError(f"dpkg-deb could not do it: {ended.stderr.strip()}")
    return into


if __name__ == "__main__":
    main()
