"""Small course folders to publish, with files that are what they say."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from pathlib import Path

VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\nHola\n"
SRT = b"1\n00:00:00,000 --> 00:00:02,000\nHola\n"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

# Makes a catalogue one of the first layout (village-hub before content format 2).
FIRST_LAYOUT = """
ALTER TABLE meta DROP COLUMN new_from;
ALTER TABLE meta DROP COLUMN catalogue;
ALTER TABLE meta DROP COLUMN made_of;
ALTER TABLE courses DROP COLUMN topic_title;
ALTER TABLE courses DROP COLUMN cover;
ALTER TABLE files DROP COLUMN rendition;
DROP TABLE quizzes; DROP TABLE vocabulary; DROP TABLE places;
DROP TABLE in_titles; DROP TABLE in_summaries; DROP TABLE in_texts;
PRAGMA user_version = 1;
"""


def unpacked_file(root: Path, name: str) -> bytes:
    """What lies in a repository under that name, as it is, whether it lies there packed or not."""
    packed = root / f"{name}.zst"
    return zstandard.decompress(packed.read_bytes()) if packed.exists() else (root / name).read_bytes()


def png() -> bytes:
    """One grey pixel."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def mp4(seconds: int = 7) -> bytes:
    """The boxes of a film without one: enough for a look without ffprobe."""
    mvhd = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, seconds * 1000) + bytes(80))
    return box(b"ftyp", b"isom\0\0\0\0") + box(b"mdat", bytes(100)) + box(b"moov", mvhd)


def course(
    folder: Path, *, slug: str = "precio-justo", items: str | None = None, title: str = "El precio justo"
) -> Path:
    """A course folder of a reading, a document and a picture; `items` replaces the YAML of its items."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "uno.md").write_text("# Costos\n\nLo que gastas.\n", encoding="utf-8")
    (folder / "hoja.pdf").write_bytes(PDF)
    (folder / "foto.png").write_bytes(png())
    (folder / "uno.vtt").write_bytes(VTT)
    (folder / "course.yaml").write_text(yaml(slug, items or ITEMS, title), encoding="utf-8")
    return folder


def yaml(slug: str, items: str, title: str = "El precio justo") -> str:
    return f"""course: {slug}
title: {title}
summary: >-
  Cuánto cuesta lo que vendes.
language: es-MX
topic: costos-y-precios
licence: CC-BY-4.0
items:
{items}"""


ITEMS = """\
  - item: costos
    kind: reading
    title: Tus costos
    file: uno.md
  - item: hoja
    kind: document
    title: Hoja de costos
    file: hoja.pdf
  - item: puesto
    kind: image
    title: Un puesto
    file: foto.png
"""
