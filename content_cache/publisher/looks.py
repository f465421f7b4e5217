"""Is a file what it says it is? Answered from its own bytes, and by ffprobe where that is installed.

Each check gives a phrase on what is wrong, or an empty one. Signatures are those of the formats' own documents:
ISO 14496-12 (MP4 boxes), RFC 8794 and 9559 (EBML, Matroska/WebM), RFC 3533 (Ogg), ISO 32000 (PDF), PNG, JPEG, RIFF.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

TRUNCATED = "is cut off: part of it is missing"
MAX_BOXES = 100_000


class Look(msgspec.Struct):
    """What a file showed: `wrong` as a phrase, empty if nothing is; its length in seconds where known."""

    wrong: str = ""
    seconds: int | None = None


def look(path: Path, ending: str, kind: str) -> Look:
    """Look at a media file, picture or PDF with the (lower-case) `ending`; `kind` as in course.yaml."""
    with path.open("rb") as file:
        if not _starts_right(file.read(1024), ending):
            return Look(f"is not a {ending[1:].upper()} file inside")
        file.seek(0)
        found = Look()
        if ending in (".mp4", ".m4a"):
            found = _look_at_mp4(file, path.stat().st_size)
        elif ending == ".webm":
            found = _look_at_webm(file, path.stat().st_size)
        elif ending == ".svg":
            found = Look(_svg_wrong(file))
    if found.wrong or kind not in ("video", "audio"):
        return found
    return _probe(path, kind, found.seconds)


def _starts_right(start: bytes, ending: str) -> bool:  # noqa: PLR0911 (a table of signatures)
    match ending:
        case ".mp4" | ".m4a":
            return start[4:8] == b"ftyp"
        case ".webm":
            return start.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in start[:80]
        case ".mp3":
            return start.startswith(b"ID3") or (start[:1] == b"\xff" and start[1:2] >= b"\xe0")
        case ".ogg":
            return start.startswith(b"OggS")
        case ".wav":
            return start.startswith(b"RIFF") and start[8:12] == b"WAVE"
        case ".webp":
            return start.startswith(b"RIFF") and start[8:12] == b"WEBP"
        case ".pdf":
            return b"%PDF-" in start
        case ".png":
            return start.startswith(b"\x89PNG\r\n\x1a\n")
        case ".jpg":
            return start.startswith(b"\xff\xd8\xff")
    return ending == ".svg"


def _look_at_mp4(file: BinaryIO, size: int) -> Look:
    """Walk the top-level boxes: each must lie within the file, and `moov`, which makes it playable, be there."""
    at, movie = 0, None
    for _ in range(MAX_BOXES):
        if at >= size:
            break
        length, name, header = _box(file, at)
        length = length or size - at
        if length < header or at + length > size:
            return Look(TRUNCATED)
        if name == b"moov":
            movie = (at + header, at + length)
        at += length
    return Look(seconds=_mp4_seconds(file, *movie)) if movie else Look(TRUNCATED)


def _box(file: BinaryIO, at: int) -> tuple[int, bytes, int]:
    """Length, name and header's length of the box at `at`; a length of 0 means to the end of the file."""
    file.seek(at)
    head = file.read(16).ljust(16, b"\0")
    length, name = struct.unpack(">I4s", head[:8])
    return (struct.unpack(">Q", head[8:])[0], name, 16) if length == 1 else (length, name, 8)


def _mp4_seconds(file: BinaryIO, at: int, end: int) -> int | None:
    """The duration that `mvhd` gives; None if it gives none, as in a fragmented file."""
    for _ in range(100):
        length, name, header = _box(file, at)
        if name == b"mvhd":
            file.seek(at + header)
            body = file.read(32).ljust(32, b"\0")
            scale, duration = struct.unpack(
                ">IQ" if body[0] == 1 else ">II", body[20:32] if body[0] == 1 else body[12:20]
            )
            return _rounded(duration / scale) if scale and duration else None
        at += length
        if length < header or at >= end:
            break
    return None


def _rounded(seconds: float) -> int | None:
    return max(1, int(seconds + 0.5)) if 0 < seconds < 1_000_000 else None


def _look_at_webm(file: BinaryIO, size: int) -> Look:
    """The EBML header, then one segment, which must lie within the file unless its length is unknown."""
    file.seek(4)
    header = _ebml_size(file)
    file.seek(header or 0, 1)
    if header is None or file.read(4) != b"\x18\x53\x80\x67":
        return Look("is not a WEBM file inside")
    length = _ebml_size(file)
    return Look(TRUNCATED if length is not None and file.tell() + length > size else "")


def _ebml_size(file: BinaryIO) -> int | None:
    """A length as RFC 8794 section 4 writes it; None if it is unknown."""
    first = (file.read(1) or b"\0")[0]
    width = 9 - first.bit_length()
    if width > 8:
        return None
    value = int.from_bytes(bytes([first & (0xFF >> width)]) + file.read(width - 1), "big")
    return None if value == (1 << (7 * width)) - 1 else value


def _svg_wrong(file: BinaryIO) -> str:
    """A drawing, and nothing that acts: opened by itself it would run with the rights of the hub's pages."""
    wrong: list[str] = []
    names: list[str] = []

    def element(name: str, attributes: dict[str, str]) -> None:
        names.append(name.rpartition(":")[2].lower()) if not names else None
        if name.rpartition(":")[2].lower() in ("script", "foreignobject", "iframe", "handler"):
            wrong.append(f"holds a {name}")
        for key, value in attributes.items():
            if key.lower().startswith("on") or value.strip().lower().startswith(("javascript:", "data:text")):
                wrong.append(f"holds a script ({key})")

    def entity(*_: object) -> None:
        wrong.append("declares entities")
        raise expat.ExpatError

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EntityDeclHandler = element, entity
    try:
        parser.ParseFile(file)
    except (expat.ExpatError, LookupError, ValueError):  # the latter two for an odd encoding
        return (*wrong, "is not an SVG file inside")[0]
    return (*wrong, "" if names == ["svg"] else "is not an SVG file inside")[0]


def _probe(path: Path, kind: str, seconds: int | None) -> Look:
    """Ask ffprobe; without it, what was seen so far stands."""
    program = shutil.which("ffprobe")
    if program is None:
        return Look(seconds=seconds)
    wanted = ["-show_entries", "format=duration:stream=codec_type", "-of", "json"]
    try:
        answer = subprocess.run(
            [program, "-v", "error", *wanted, f"file:{path}"], capture_output=True, timeout=60, check=True, stdin=-3
        )
        told = json.loads(answer.stdout)
    except (subprocess.SubprocessError, ValueError):
        return Look("cannot be played (ffprobe finds no media in it)")
    if kind not in [stream.get("codec_type") for stream in told.get("streams", ())]:
        return Look(f"holds no {kind}")
    return Look(seconds=seconds or _told_seconds(told))


def _told_seconds(told: dict[str, dict[str, str]]) -> int | None:
    try:
        return _rounded(float(told["format"]["duration"]))
    except (KeyError, ValueError):
        return None
