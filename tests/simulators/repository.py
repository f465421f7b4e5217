"""Makes repositories of any size, quickly and without a publisher, so that a test can also make one that lies.

made = make_repository(tmp_path / "repository", courses=100, items=100)
tamper(made.head, release=1)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from content_cache.packing import ENDING, packed_bytes

if TYPE_CHECKING:
    from pathlib import Path

MARKDOWN = "# Lección {0}\n\nUn precio justo cubre los costos: *{0}* pesos.\n"


def keep(folder: Path, data: bytes) -> str:
    """Put `data` into `folder` under its hash."""
    name = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return name


def keep_packed(folder: Path, data: bytes) -> dict[str, object]:
    """Put `data` into `folder` as a publisher would, packed where that pays; what is to be said of it."""
    name = hashlib.sha256(data).hexdigest()
    packed = packed_bytes(data)
    if packed is None:
        return {"sha256": keep(folder, data), "size": len(data)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (name + ENDING)).write_bytes(packed)
    return {"sha256": name, "size": len(data), "packed": len(packed)}


def package_line(root: Path, slug: str, number: int, held: dict[str, bytes], /, **other: object) -> dict[str, object]:
    """A package with its tree and objects, packed where that pays; `other` replaces fields of its tree."""
    lines = [{"path": path, **keep_packed(root / "o", data)} for path, data in sorted(held.items())]
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    size = sum(len(data) for data in set(held.values()))
    tree = {**keep_packed(root / "m", text), "files": len(held), "bytes": size, "start": min(held)} | other
    return {"item": slug, "number": number, "kind": "package", "title": f"Paquete {slug}", "tree": tree}


def item_line(root: Path, slug: str, number: int, text: bytes, **other: object) -> dict[str, object]:
    """A reading with its object; `other` replaces fields of its file."""
    file = {"role": "main", "sha256": keep(root / "o", text), "size": len(text)}
    file |= {"mime": "text/markdown", "name": f"{slug}.md"} | other
    return {"item": slug, "number": number, "kind": "reading", "title": f"Lección {slug}", "files": [file]}


def file_of(root: Path, role: str, name: str, mime: str, data: bytes, **other: object) -> dict[str, object]:
    """A file with its object; `other` replaces or adds fields."""
    return {"role": role, "sha256": keep(root / "o", data), "size": len(data), "mime": mime, "name": name} | other


def course_entry(root: Path, slug: str, number: int, items: list[dict[str, object]]) -> dict[str, object]:
    """A course with its manifest, as catalogue.json names it."""
    first = {"course": slug, "number": number, "title": slug, "summary": "", "language": "es-MX", "topic": "costos"}
    return entry_of(root, slug, number, [first, *items])


def entry_of(root: Path, slug: str, number: int, lines: list[dict[str, object]]) -> dict[str, object]:
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    return {"slug": slug, "number": number, "manifest": keep(root / "m", text), "items": len(lines) - 1, "bytes": 1}


def write_head(root: Path, courses: list[dict[str, object]], **other: object) -> Path:
    head = {"format": 1, "release": 1, "next_number": 2**31 - 1, "courses": courses} | other
    root.mkdir(parents=True, exist_ok=True)
    (root / "catalogue.json").write_bytes(msgspec.json.encode(head))
    return root


def make_repository(root: Path, *, courses: int = 1, items: int = 3, release: int = 1, text: str = MARKDOWN) -> Path:
    """A repository of `courses` courses of `items` small readings each; every reading is another."""
    number, entries = 1, []
    for course in range(courses):
        slug, own = f"curso-{course}", number
        lines = []
        for index in range(items):
            number += 1
            lines.append(item_line(root, f"leccion-{index}", number, text.format(number).encode()))
        entries.append(course_entry(root, slug, own, lines))
        number += 1
    return write_head(root, entries, release=release)
