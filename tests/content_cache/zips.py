"""Makes zips, good ones and such as no program should make."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SITE = {"index.html": b"<h1>Hola</h1>", "js/app.js": b"let precio = 10;\n" * 50, "img/a.png": bytes(range(256))}


def zipped(path: Path, files: dict[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip of these files, under names that are written as they are."""
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def renamed(path: Path, old: bytes, new: bytes) -> Path:
    """Other bytes for a name of the same length, in both places where a zip has it."""
    assert len(old) == len(new)
    data = path.read_bytes()
    assert data.count(old) == 2
    path.write_bytes(data.replace(old, new))
    return path


def entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    """An entry of that Unix mode."""
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def overlapping(path: Path, count: int = 200) -> Path:
    """Many entries that share the packed bytes of one (D. Fifield, A better zip bomb, 2019)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", bytes(300_000))
        first = archive.infolist()[0]
        for number in range(count):
            info = zipfile.ZipInfo(f"{number:04}.html"[:10])
            for field in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(info, field, getattr(first, field))
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
        archive._didModify = True
    path.write_bytes(out.getvalue())
    return path
