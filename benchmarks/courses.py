"""Course folders to publish, made of the pairs and of whatever bytes a benchmark needs.

course_of("html2", old, folder / "html2")        # a package, a film or documents, whatever the folder holds
film(folder / "nuevo", 5_000_000)                # a course of one film, nearly as large, that nothing can pack
"""

from __future__ import annotations

import random
import shutil
import struct
import zipfile
from typing import TYPE_CHECKING, BinaryIO

from benchmarks.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

YAML = """course: {slug}
title: {slug}
summary: Un curso para medir.
language: es-MX
topic: Costos y precios
items:
"""
ITEM = """  - item: {slug}
    kind: {kind}
    title: {slug}
    file: {file}
"""
START = "index.html"
FILM = ROOT / "samples" / "courses" / "celular-seguro" / "lecciones" / "1-ponle-candado.240p.mp4"


def course_of(slug: str, files: Path, folder: Path) -> Path:
    """The folder `files` as a course: PDFs and films as items, a zip as it is, anything else zipped as a package."""
    folder.mkdir(parents=True)
    paths = sorted(path for path in files.rglob("*") if path.is_file())
    kinds = {path.suffix for path in paths}
    if kinds <= {".pdf", ".mp4"}:
        for path in paths:
            shutil.copy(path, folder)
        return write_course(folder, slug, ((path.stem, _kind(path), path.name) for path in paths))
    if kinds == {".zip"}:
        shutil.copy(paths[0], folder / "paquete.zip")
    else:
        package(folder / "paquete.zip", files, paths)
    return write_course(folder, slug, [("paquete", "package", "paquete.zip")])


def _kind(path: Path) -> str:
    return "video" if path.suffix == ".mp4" else "document"


def package(zipped: Path, root: Path, paths: Iterable[Path]) -> None:
    """Zip files; one that opens first is added if there is none."""
    names = []
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            names.append(str(path.relative_to(root)))
            archive.writestr(zipfile.ZipInfo(names[-1]), path.read_bytes())
        if not {START, "imsmanifest.xml"} & set(names):
            archive.writestr(zipfile.ZipInfo(START), "<!doctype html><title>Preguntas</title>")


def write_course(folder: Path, slug: str, items: Iterable[tuple[str, str, str]]) -> Path:
    """The course.yaml of items given as slug, kind and file."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (ITEM.format(slug=item, kind=kind, file=file) for item, kind, file in items)
    (folder / "course.yaml").write_text(YAML.format(slug=slug) + "".join(lines), encoding="utf-8")
    return folder


def film(folder: Path, size: int, seed: int = 1) -> Path:
    """A course of one film, `size` bytes of which nothing can pack behind some 340 kB of a real one."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pelicula.mp4").open("wb") as out:
        out.write(FILM.read_bytes() + struct.pack(">I4s", size + 8, b"free"))
        _write_noise(out, size, seed)
    return write_course(folder, folder.name, [("pelicula", "video", "pelicula.mp4")])


def sheet(folder: Path, size: int, seed: int = 1) -> Path:
    """A course of one document of so many bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    write_sheet(folder / "hoja.pdf", size, seed)
    return write_course(folder, folder.name, [("hoja", "document", "hoja.pdf")])


def write_sheet(path: Path, size: int, seed: int) -> None:
    """A PDF of bytes that nothing can pack."""
    with path.open("wb") as out:
        out.write(b"%PDF-1.4\n")
        _write_noise(out, size, seed)
        out.write(b"\n%%EOF\n")


def _write_noise(out: BinaryIO, size: int, seed: int) -> None:
    """In pieces, so that there may be more than memory."""
    chance = random.Random(seed)
    out.writelines(chance.randbytes(min(1 << 20, size - start)) for start in range(0, size, 1 << 20))
