"""Lays out the files of the package, as they will lie on the box.

    lay_out(package, lib, root)          # program, overlay, units
    units = enabled(package)             # ["hub-web.service", ...]: those with an [Install] section
    settle(package, epoch)               # modes and times that do not depend on who builds, and where

Whatever lies in `systemd/` of the project goes along, but for head office's unit. Files that are the package's own lie
in `village-hub.rootfs-overlay/`, where a path is the path on the box.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

OVERLAY = Path(__file__).resolve().parent / "village-hub.rootfs-overlay"
SYSTEMD = Path("usr/lib/systemd")
UNITS = SYSTEMD / "system"
LIB = Path("opt/village-hub/lib")
NOT_THE_BOXES = {"collector.service", "README.md"}
PROGRAMS = ("opt/village-hub/bin", "usr/bin")


def lay_out(package: Path, lib: Path, root: Path) -> None:
    """Put overlay, modules and units in place below `package`."""
    shutil.copytree(OVERLAY, package, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    shutil.move(lib, package / LIB)
    for source in sorted((root / "systemd").iterdir()):
        if source.name not in NOT_THE_BOXES:
            # `system.conf.d` and the like are systemd's own settings; all else are units and what is dropped into them.
            folder = SYSTEMD if source.name.endswith(".conf.d") else UNITS
            _copy(source, package / folder / source.name)
    # systemd starts no earlier than this file's time, on boxes that have no clock: it gets the time of the build.
    (package / "usr/lib/clock-epoch").touch()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def enabled(package: Path) -> list[str]:
    """Units that start by themselves, by name."""
    return sorted(path.name for path in _units(package) if "[Install]" in path.read_text("utf-8").splitlines())


def shipped(package: Path) -> list[str]:
    """All units of the package, by name: what a removal stops."""
    return sorted(path.name for path in _units(package) if "@." not in path.name)


def _units(package: Path) -> list[Path]:
    return [path for path in (package / UNITS).iterdir() if path.is_file()]


def settle(package: Path, epoch: int) -> None:
    """Give every file the same mode and time on any machine: root writes, all read, programs run."""
    for path in sorted(package.rglob("*"), reverse=True):
        if path.is_symlink():
            os.utime(path, (epoch, epoch), follow_symlinks=False)
            continue
        path.chmod(0o755 if path.is_dir() or _runs(path.relative_to(package)) else 0o644)
        os.utime(path, (epoch, epoch))
    package.chmod(0o755)
    os.utime(package, (epoch, epoch))


def _runs(path: Path) -> bool:
    scripts = {"preinst", "postinst", "prerm", "postrm"}
    return str(path.parent) in PROGRAMS or (path.parent.name == "DEBIAN" and path.name in scripts)
