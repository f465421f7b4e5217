"""What judges pages: axe-core for those who cannot see or point, the Nu HTML Checker (vnu), and Chrome 60's knowledge.

tools = Tools.ready()               # brings them from npm when the lock file changed; raises Absent without node or Java
tools.vnu([Path("page.html")])      # ["page.html:3: Stray end tag “div”."]
tools.chrome60([Path("hub.css")])   # ["hub.css:7: gap (use margins, or grid-gap)"]
tools.axe                           # the script to run in a page

They are never shipped. `npm run lock` in this folder renews the lock file, which holds no address of anybody.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
LOCK = HERE / "package-lock.json"


class Absent(Exception):
    """A program that the tools need is not on this machine."""


class Tools:
    """The tools, in place."""

    @classmethod
    def ready(cls) -> Self:
        """Install what the lock file names, unless the same is there already."""
        for program in ("node", "npm", "java"):
            if shutil.which(program) is None:
                raise Absent(f"component absent: {program}")
        installed, wanted = MODULES / ".installed", hashlib.sha256(LOCK.read_bytes()).hexdigest()
        if not installed.exists() or installed.read_text() != wanted:
            # No scripts: one of them would download a Java of its own.
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)
            installed.write_text(wanted)
        return cls()

    @property
    def axe(self) -> str:
        return (MODULES / "axe-core" / "axe.min.js").read_text("utf-8")

    def vnu(self, files: Sequence[Path]) -> list[str]:
        """The errors in pages and stylesheets; one start of Java for all."""
        jar = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"
        command = ["java", "-Xss4m", "-XX:TieredStopAtLevel=1", "-jar", str(jar), "--format", "json"]
        command += ["--also-check-css", "--exit-zero-always", *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        found = [message for message in json.loads(done.stderr)["messages"] if message["type"] != "info"]
        return [f"{Path(m.get('url', '')).name}:{m.get('lastLine', 0)}: {m['message']}" for m in found]

    def chrome60(self, files: Sequence[Path]) -> list[str]:
        """What Chrome 60 would not understand in stylesheets, scripts and pages."""
        command = ["node", str(HERE / "chrome60.mjs"), *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == int(bool(done.stdout)), done.stderr
        return [line.removeprefix(f"{HERE}/") for line in done.stdout.splitlines()]
