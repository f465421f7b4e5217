"""Releases of a repository, one after the other, written down as what each item is.

    shop = Releases(tmp_path / "repository")
    target = shop.release({"curso/leer": b"# Uno", "curso/ver": film(1, 300_000)})     # a Target, as if signed
    target = shop.release({"curso/leer": b"# Dos", "curso/ver": film(1, 300_000)})

A value that begins with `#` is a reading, a dict is a package, all else a film, whose bytes zstd does not pack; numbers
are for life. Records and objects lie packed where that pays, as a publisher's do.
"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import msgspec

from content_cache.trust.targets import Target
from tests.simulators.repository import keep_packed, package_line

if TYPE_CHECKING:
    from pathlib import Path

    Held = bytes | dict[str, bytes]


def film(seed: int, size: int) -> bytes:
    """Bytes that nothing packs, the same each time."""
    return random.Random(seed).randbytes(size)


def text(seed: int, size: int) -> bytes:
    """A reading that packs."""
    words = random.Random(seed)
    return b"# " + b" ".join(str(words.randrange(1000)).encode() for _ in range(size // 4))


class Releases:
    """The repository under `root`; `numbers` and `count` go on from release to release."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.numbers: dict[str, int] = {}
        self.count = 0

    def release(self, items: dict[str, Held], *, posters: dict[str, bytes] | None = None, **head: object) -> Target:
        """Write the next release; `posters` are pictures by item, `head` other fields of its catalogue."""
        self.count += 1
        courses: dict[str, list[dict[str, object]]] = {}
        for item_id, held in items.items():
            slug, _, name = item_id.partition("/")
            number = self._number(slug) and self._number(item_id)
            line = self._line(name, number, held)
            if item_id in (posters or {}):
                poster = keep_packed(self.root / "o", (posters or {})[item_id])
                line["files"] += [{"role": "poster", "mime": "image/png", "name": f"{name}.png", **poster}]
            courses.setdefault(slug, []).append(line)
        entries = [self._entry(slug, lines) for slug, lines in courses.items()]
        return self._head(entries, head)

    def _number(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers) + 1)

    def _line(self, name: str, number: int, held: Held) -> dict[str, object]:
        if isinstance(held, dict):
            return package_line(self.root, name, number, held)
        kind, mime, ending = ("video", "video/mp4", "mp4")
        if held.startswith(b"#"):
            kind, mime, ending = ("reading", "text/markdown", "md")
        file = {"role": "main", "mime": mime, "name": f"{name}.{ending}", **keep_packed(self.root / "o", held)}
        return {"item": name, "number": number, "kind": kind, "title": f"Lección {name}", "files": [file]}

    def _entry(self, slug: str, lines: list[dict[str, object]]) -> dict[str, object]:
        number = self.numbers[slug]
        first = {"course": slug, "number": number, "title": slug, "summary": "", "language": "es-MX", "topic": "costos"}
        manifest = b"".join(msgspec.json.encode(line) + b"\n" for line in (first, *lines))
        kept = keep_packed(self.root / "m", manifest)
        entry = {"slug": slug, "number": number, "items": len(lines), "bytes": 1, "manifest": kept.pop("sha256")}
        return {**entry, **kept}

    def _head(self, entries: list[dict[str, object]], other: dict[str, object]) -> Target:
        fields = {"format": 3, "release": self.count, "next_number": 2**31 - 1, "courses": entries} | other
        data = msgspec.json.encode(fields)
        (self.root / "catalogue.json").write_bytes(data)
        kept = keep_packed(self.root / "c", data)
        return Target(
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            packed=kept.get("packed"),
            release=self.count,
        )
