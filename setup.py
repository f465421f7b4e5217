"""What pyproject.toml cannot say: compile the translations and gather the front-end assets before packing.

Both run inside `build_py`, so `pip install .`, `pip install -e .` and a wheel all do them. They write into the source
tree (git ignores it), only what changed, and in the same bytes every time:

    <package>/translations/<language>/LC_MESSAGES/messages.po  ->  messages.mo
    <package>/frontend/player.js  ->  <package>/static/player.1a2b3c4d.js, its .gz, and manifest.json

A name that carries the hash of its content may be kept by a phone for ever (`Cache-Control: immutable`).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PACKAGES = ("hub", "collector")
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
JS_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
LINE_EDGES = re.compile(r"\s*\n\s*")


def build_all(root: Path = ROOT) -> None:
    """Bring translations and assets of every package under `root` up to date."""
    for package in PACKAGES:
        compile_catalogues(root / package / "translations")
        if (root / package / "frontend").is_dir():
            gather_assets(root / package / "frontend", root / package / "static")


def compile_catalogues(translations: Path) -> None:
    """Compile each messages.po into the messages.mo beside it."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for source in sorted(translations.glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as lines:
            catalogue = read_po(lines, locale=source.parent.parent.name, abort_invalid=True)
        catalogue.creation_date = NEVER  # Babel would write the minute of this build
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        write_if_changed(source.with_suffix(".mo"), compiled.getvalue())


def gather_assets(sources: Path, static: Path) -> None:
    """Write each asset under a name with its hash, a gzip copy beside it, and the list of names; drop older ones."""
    static.mkdir(exist_ok=True)
    manifest, wanted = {}, {"manifest.json"}
    for source in sorted(sources.iterdir()):
        if source.suffix not in {".css", ".js", ".svg"}:
            continue
        content = slim(source.read_text("utf-8"), source.suffix).encode()
        name = f"{source.stem}.{hashlib.sha256(content).hexdigest()[:8]}{source.suffix}"
        write_if_changed(static / name, content)
        write_if_changed(static / f"{name}.gz", gzip.compress(content, 9, mtime=0))
        manifest[source.name] = name
        wanted |= {name, f"{name}.gz"}
    write_if_changed(static / "manifest.json", json.dumps(manifest, indent=1).encode())
    for old in static.iterdir():
        if old.name not in wanted:
            old.unlink()


def slim(text: str, suffix: str) -> str:
    """Drop comments on lines of their own, indents and empty lines; gzip does the rest."""
    if suffix == ".css":
        text = CSS_COMMENT.sub("", text)
    if suffix == ".js":
        text = JS_COMMENT.sub("", text)
    return LINE_EDGES.sub("\n", text).strip() + "\n"


def write_if_changed(path: Path, content: bytes) -> None:
    """Leave a file alone that is right already, so that a second build touches nothing."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


class BuildPages(build_py):
    """`build_py` that first makes what the pages need, and packs no leftovers of an earlier build."""

    def run(self) -> None:
        """Build."""
        build_all()
        if not self.editable_mode:
            for package in PACKAGES:
                shutil.rmtree(Path(self.build_lib) / package / "static", ignore_errors=True)
        super().run()


if __name__ == "__main__":
    setup(cmdclass={"build_py": BuildPages})
