"""Packages for tests, built by the project's own `deploy/deb/build.py` and looked into.

built = build(folder, debian=["12", "13"], arch=["amd64"])      # {("12", "amd64"): Path, ...}
package = Package(built["12", "amd64"])
package.entries["usr/bin/hub"].mode                             # 0o755
package.field("Depends")
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tarfile
from functools import cached_property
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BUILD = ROOT / "deploy" / "deb" / "build.py"
# Saves ten seconds with each, and costs a fifth of its size; all else is the same.
QUICK = {"DPKG_DEB_COMPRESSOR_LEVEL": "1"}
NAME = re.compile(r"village-hub_[^_]+\+deb(\d+)_(\w+)\.deb")


def run_build(
    into: Path,
    debian: Sequence[str],
    arch: Sequence[str],
    *options: str,
    environ: Mapping[str, str] = QUICK,
    umask: int = -1,
) -> subprocess.CompletedProcess[str]:
    """Run the build to its end, well or not."""
    command = [sys.executable, str(BUILD), "--debian", *debian, "--arch", *arch, "--into", str(into), *options]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=os.environ | environ, umask=umask
    )


def build(
    into: Path,
    debian: Sequence[str],
    arch: Sequence[str],
    *options: str,
    environ: Mapping[str, str] = QUICK,
    umask: int = -1,
) -> dict[tuple[str, str], Path]:
    """Build packages, by release and machine."""
    done = run_build(into, debian, arch, *options, environ=environ, umask=umask)
    assert done.returncode == 0, done.stderr
    return {(found[1], found[2]): path for path in into.iterdir() if (found := NAME.fullmatch(path.name))}


class Package:
    """What is in one package."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def field(self, name: str) -> str:
        """A field of its control file."""
        return subprocess.run(
            ["dpkg-deb", "--field", self.path, name], capture_output=True, text=True, check=True
        ).stdout.strip()

    @cached_property
    def entries(self) -> dict[str, tarfile.TarInfo]:
        """All that it puts on a box, by path without the first slash."""
        return {member.name.removeprefix("./"): member for member in self._data if member.name != "."}

    @cached_property
    def _data(self) -> tarfile.TarFile:
        packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", self.path], capture_output=True, check=True).stdout
        return tarfile.open(fileobj=io.BytesIO(packed))

    @cached_property
    def control(self) -> dict[str, str]:
        """What dpkg reads, by name: control, postinst, conffiles, md5sums ..."""
        packed = subprocess.run(["dpkg-deb", "--ctrl-tarfile", self.path], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            files = {member.name.removeprefix("./"): archive.extractfile(member) for member in archive}
            return {name: file.read().decode() for name, file in files.items() if file is not None}

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        file = self._data.extractfile(self.entries[name])
        assert file is not None
        return file.read()

    def files(self) -> list[str]:
        return [name for name, entry in self.entries.items() if entry.isfile()]


def sources_of_tomorrow(into: Path) -> Path:
    """A copy of the project as a later version may be: one migration more, and a program that uses it."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    for name in (each.decode() for each in tracked if each):
        if not name.startswith(("tests/", "samples/", "benchmarks/")) and (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (into / name).write_bytes((ROOT / name).read_bytes())
    migration = '"""Of tomorrow."""\n\n\ndef up(migrator, db):\n'
    migration += '    db.execute_sql("CREATE TABLE tomorrow (word TEXT NOT NULL)")\n'
    migration += "    db.execute_sql(\"INSERT INTO tomorrow VALUES ('mañana')\")\n"
    migration += '    db.execute_sql("ALTER TABLE site ADD COLUMN weather TEXT")\n'
    (into / "hub" / "migrations" / "0999_tomorrow.py").write_text(migration, "utf-8")
    return into
