"""Packages that several files of tests look at, built once for all processes that share the tests."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.deploy.boxes import Box, fresh, need_boxes
from tests.deploy.packages import Package, build, sources_of_tomorrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Built = dict[tuple[str, str], "Path"]
KEPT = ROOT / "var" / "packages"
TOMORROW = "9.9.0"


def once(name: str, make: Callable[[Path], object]) -> Built:
    """What `make` leaves in a folder: made by the first who asks, and again when anything of the project changed."""
    folder = KEPT / f"{name}-{fingerprint()}"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            for older in KEPT.glob(f"{name}-*"):
                shutil.rmtree(older)
            half = KEPT / f"{name}-half"
            half.mkdir()
            make(half)
            half.rename(folder)
    return {(path.stem.split("+deb")[1].split("_")[0], path.stem.split("_")[-1]): path for path in folder.glob("*.deb")}


def fingerprint() -> str:
    """Name what packages are made of: the files of the project but its tests and papers, and the last commit's time."""
    digest = hashlib.sha256(git("log", "-1", "--format=%ct"))
    for name in sorted(each.decode() for each in git("ls-files", "-z", "-co", "--exclude-standard").split(b"\0")):
        if name and not name.startswith(("tests/", "docs/", "samples/", "benchmarks/")) and (ROOT / name).is_file():
            digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()[:16]


def git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout


@pytest.fixture(scope="session")
def packages() -> Built:
    """Of this version, for all releases and machines."""
    return once("packages", lambda into: build(into, ["12", "13"], ["amd64", "arm64"]))


@pytest.fixture(scope="session")
def tomorrow(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Of a later version, with a migration more."""
    source = tmp_path_factory.mktemp("tomorrow")

    def make(into: Path) -> Built:
        options = ("--source", str(sources_of_tomorrow(source)), "--version", TOMORROW)
        return build(into, ["12", "13"], ["amd64"], *options)

    return once("of-tomorrow", make)


@pytest.fixture(scope="module", params=["12", "13"])
def debian(request: pytest.FixtureRequest) -> str:
    """A release that boxes run."""
    need_boxes()
    return str(request.param)


@pytest.fixture(scope="module")
def empty(debian: str, packages: Built) -> Path:
    """A root with all that the package needs."""
    needs = [words.split("|")[0].split()[0] for words in Package(packages[debian, "amd64"]).field("Depends").split(",")]
    return fresh(debian, needs)


@pytest.fixture(scope="module")
def pristine(debian: str, empty: Path, packages: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box on which this version was installed; copy it."""
    with Box(empty, tmp_path_factory.mktemp("pristine") / "box") as box:
        box.install(packages[debian, "amd64"])
        yield box


@pytest.fixture
def box(pristine: Box, tmp_path: Path) -> Iterator[Box]:
    """A box of one's own with this version on it."""
    with Box(pristine, tmp_path / "box") as mine:
        yield mine
