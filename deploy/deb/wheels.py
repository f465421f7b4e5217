"""The project's own wheel and all that it needs, as a folder of modules for the target's Python.

    source = copy_sources(root, work / "source", version="0.2.0", epoch=1764288000)
    wheel = own_wheel(source, work, epoch)
    vendor(wheel, target, work / "lib")
    unmet(work / "lib", target)          # [] or sentences: pip reads markers of the machine it runs on, this does not
    slim(work / "lib")                   # and, once all papers are written, forget_notes

No compiler and no emulator: pip picks wheels of another machine and unpacks them. What went in is written down with its
hashes (`wheels.txt`), and the same list given again brings the same files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from email.parser import HeaderParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets import Target

PACKAGES = ("hub", "content_cache", "wire", "collector")
PAPERS = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
MADE = ("__pycache__", "*.mo", "*.egg-info", "static", "node_modules")
VERSION = re.compile(r'^version = "([^"]+)"$', re.MULTILINE)
BUILT = re.compile(r"^BUILT = datetime\([^)]*\)", re.MULTILINE)

# What a box never opens. The rest of a wheel stays as its authors packed it.
NEVER_OPENED = (
    "bin",  # programs whose first line names the builder's Python
    "collector",  # head office
    "peewee-stubs",
    "pwiz.py",
    "certifi/tests",
    "zstandard/_cffi*.so",  # CPython takes the other backend; this one is as large again
    # fpdf2 draws labels and reports without pictures and with fonts that every reader has.
    "PIL",
    "pillow.libs",
    "pillow-*.dist-info",
    "fontTools/**/*.so",  # quicker twins of modules that lie beside them
    "**/*.pyi",
    "**/*.c",
    "**/*.h",
    "**/*.pyx",
    "**/*.rs",
    "**/__pycache__",
)
# pip's notes: where the wheel lay on the builder's disk, and files that are not there any more.
NOTES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "top_level.txt")


class BuildError(Exception):
    """The package cannot be made; one sentence says why and what to do."""


def copy_sources(root: Path, into: Path, version: str | None, epoch: int) -> Path:
    """Copy what the wheel is made of, without anything made earlier; write in `version` and when it was built."""
    for package in PACKAGES:
        shutil.copytree(root / package, into / package, ignore=shutil.ignore_patterns(*MADE))
    for name in PAPERS:
        shutil.copy(root / name, into / name)
    if version is not None:
        _substitute(into / "pyproject.toml", VERSION, f'version = "{version}"')
    moment = datetime.fromtimestamp(epoch, UTC)
    _substitute(into / "hub" / "clock.py", BUILT, f"BUILT = datetime({moment:%Y, %-m, %-d, %-H, %-M, %-S}, tzinfo=UTC)")
    return into


def _substitute(path: Path, pattern: re.Pattern[str], text: str) -> None:
    changed, times = pattern.subn(text, path.read_text("utf-8"))
    if times != 1:
        raise BuildError(
            f"{path.name} has {times} lines like {pattern.pattern!r} and the build needs one; see wheels.py."
        )
    path.write_text(changed, "utf-8")


def version_of(source: Path) -> str:
    found = VERSION.search((source / "pyproject.toml").read_text("utf-8"))
    if found is None:
        raise BuildError("pyproject.toml has no line `version = …`.")
    return found[1]


def own_wheel(source: Path, work: Path, epoch: int) -> Path:
    """Build the wheel of the sources; translations and front end are made on the way (setup.py)."""
    out = work / "wheel"
    _pip("wheel", "--no-deps", "--wheel-dir", str(out), str(source), epoch=epoch)
    (wheel,) = out.glob("village_hub-*.whl")
    return wheel


def vendor(wheel: Path, target: Target, lib: Path, known: Path | None = None) -> list[str]:
    """Unpack `wheel` and all that it needs into `lib`; return lines `name==version --hash=…`, one per wheel of others.

    With `known`, a file of such lines, exactly those are taken.
    """
    report = lib.with_suffix(".json")
    unpack = ["install", "--target", str(lib), "--no-compile", *target.pip_options(), "--report", str(report)]
    if known is None:
        _pip(*unpack, str(wheel))
    else:
        _pip(*unpack, "--require-hashes", "--requirement", str(known))
        _pip(*unpack, "--no-deps", str(wheel), "--report", os.devnull)
    return sorted(_lines(json.loads(report.read_text("utf-8")), wheel), key=str.lower)


def _lines(report: dict[str, object], wheel: Path) -> Iterator[str]:
    for each in report["install"]:  # type: ignore[attr-defined]
        if not each["download_info"]["url"].endswith(wheel.name):
            name, version = each["metadata"]["name"], each["metadata"]["version"]
            yield f"{name}=={version} --hash=sha256:{each['download_info']['archive_info']['hashes']['sha256']}"


def _pip(*words: str, epoch: int | None = None) -> None:
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    if epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(epoch)
    ended = subprocess.run(
        [sys.executable, "-m", "pip", *words, "--quiet"], env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode != 0:
        last = ended.stderr.strip().splitlines()[-3:]
        raise BuildError("pip could not do it; check the connection and try again. It said: " + " ".join(last))


def unmet(lib: Path, target: Target) -> list[str]:
    """Requirements of what lies in `lib` that nothing there meets on the target."""
    from pip._vendor.packaging.requirements import Requirement
    from pip._vendor.packaging.utils import canonicalize_name

    papers = [HeaderParser().parsestr(path.read_text("utf-8")) for path in lib.glob("*.dist-info/METADATA")]
    there = {canonicalize_name(paper["Name"]): paper["Version"] for paper in papers}
    missing = []
    for paper in papers:
        for line in paper.get_all("Requires-Dist") or []:
            needs = Requirement(line)
            if needs.marker is None or needs.marker.evaluate(target.environment()):
                version = there.get(canonicalize_name(needs.name))
                if version is None or not needs.specifier.contains(version, prereleases=True):
                    missing.append(f"{paper['Name']} needs {needs.name}{needs.specifier} and {version} is there")
    return missing


def slim(lib: Path) -> None:
    """Take away what a box never opens: programs, headers, and what other languages need."""
    for pattern in NEVER_OPENED:
        for path in list(lib.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    languages = {"root", "en"} | {path.name.split("_")[0] for path in (lib / "hub" / "translations").glob("*/")}
    for path in (lib / "babel" / "locale-data").glob("*.dat"):
        if path.stem.split("_")[0] not in languages:
            path.unlink()


def forget_notes(lib: Path) -> None:
    """Take away what pip wrote down; `papers.py` has read it by now."""
    for name in NOTES:
        for path in lib.glob(f"*.dist-info/{name}"):
            path.unlink()
