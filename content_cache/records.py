"""The words of the library as typed values, and the limits on what comes from outside.

A `Blob` is bytes named by their SHA-256. A `File` is a blob in a role (the video itself, its poster, its captions in
one language). An `Item` is one thing to watch, hear or read; a `Course` is items in order. The same records are
what a repository's manifests hold (docs/formats/repository.md) and what a catalogue answers.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MAX_CATALOGUE = 64 * 2**20
MAX_LINE = 256 * 2**10
MAX_ITEMS = 500_000
MAX_READING = 2**20
MAX_CAPTIONS = 4 * 2**20
FORMAT = 1
PIECE = 256 * 2**10

SLUG = r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?"
Slug = Annotated[str, Meta(pattern=f"^{SLUG}\\Z")]
SlugOrId = Annotated[str, Meta(pattern=f"^{SLUG}(?:/{SLUG})?\\Z")]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}\Z")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
# A name goes into addresses, headers and file managers: one plain component, so that it means the same in all three.
FileName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,160}(?:\.[a-z0-9-]{1,40})?\.[a-z0-9]{2,5}\Z")]
Title = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\S")]
Text = Annotated[str, Meta(max_length=5000)]
Number = Annotated[int, Meta(ge=1, lt=2**31)]
Size = Annotated[int, Meta(ge=0, lt=2**48)]
Seconds = Annotated[int, Meta(ge=0, le=1_000_000)]
Kind = Literal["video", "audio", "reading", "document", "image"]
Role = Literal["main", "poster", "captions"]

MIME = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".vtt": "text/vtt",
}
PICTURES = (".jpg", ".png", ".webp", ".svg")
ENDINGS: dict[str, tuple[str, ...]] = {
    "video": (".mp4", ".webm"),
    "audio": (".mp3", ".m4a", ".ogg", ".wav"),
    "reading": (".md",),
    "document": (".pdf",),
    "image": PICTURES,
    "poster": PICTURES,
    "captions": (".vtt",),
}


class Blob(msgspec.Struct, frozen=True):
    """Bytes: their SHA-256 as 64 hexadecimal digits, and how many they are."""

    sha256: Sha256
    size: Size


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A blob in a role; a hub serves it at /media/<sha256>/<name>."""

    role: Role
    sha256: Sha256
    size: Size
    mime: str
    name: FileName
    language: Language | None = None


class ItemLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item as a line of a course manifest."""

    item: Slug
    number: Number
    kind: Kind
    title: Title
    summary: Text = ""
    seconds: Seconds | None = None
    files: Annotated[tuple[File, ...], Meta(min_length=1, max_length=60)]


class CourseLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a course manifest."""

    course: Slug
    number: Number
    title: Title
    summary: Text
    language: Language
    topic: Slug
    licence: Text = ""
    credits: Text = ""


class CourseEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A course as `catalogue.json` names it; `items` and `bytes` say what to expect of its manifest."""

    slug: Slug
    number: Number
    manifest: Sha256
    items: Annotated[int, Meta(ge=0, le=MAX_ITEMS)]
    bytes: Size


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """`catalogue.json`: one release of a repository."""

    format: Annotated[int, Meta(ge=1)]
    release: Number
    next_number: Number
    courses: Annotated[tuple[CourseEntry, ...], Meta(max_length=MAX_ITEMS)]


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `numbers.jsonl`: the slug of a course, or the id of an item, and its integer for life."""

    slug: SlugOrId
    number: Number


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A course of the library; `items` counts them, `seconds` is the sum of those known."""

    slug: str
    number: int
    title: str
    summary: str
    language: str
    topic: str
    licence: str
    credits: str
    items: int
    seconds: int


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the library; `id` is `course/slug`, `html` the body of a reading, safe to put in a page."""

    id: str
    course: str
    slug: str
    number: int
    kind: str
    title: str
    summary: str
    seconds: int | None
    files: tuple[File, ...]
    html: str | None

    def file(self, role: str) -> File | None:
        """The first file in that role, if there is one."""
        return next((file for file in self.files if file.role == role), None)
