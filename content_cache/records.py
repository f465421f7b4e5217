"""The words of the library as typed values, and the limits on what comes from outside.

A `Blob` is bytes named by their SHA-256. A `File` is a blob in a role: the video itself, a lighter rendition of it, its
poster, its captions in one language. An `Item` is one thing to watch, hear or read; a `Course` is items in order. A
package (SCORM, H5P, a web site in a zip) is a tree: paths, and the blob at each. The same records are what a
repository's manifests hold (docs/formats/repository.md) and what a catalogue answers; catalogue, manifests and trees
are the *records* of a release: small, and enough to know all that it needs.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MAX_CATALOGUE = 64 * 2**20
MAX_LINE = 256 * 2**10
MAX_ITEMS = 500_000
MAX_READING = 2**18  # of Markdown, which takes some hundred times as much memory to render at its worst
MAX_CAPTIONS = 4 * 2**20
MAX_QUIZ = 256 * 2**10
MAX_COVER = 6144
LIGHT_POSTER = 9_000  # bytes; what a page has left for it among its 15,000 (docs/design.md)
MAX_TREE = 24 * 2**20
MAX_TREE_FILES = 50_000
MAX_BLOBS = 2_000_000  # that one release names
MAX_WITHDRAWN = 1000
FORMAT = 3
EVERYTHING = "all"  # the group of sites that gets every course
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
TopicTitle = Annotated[str, Meta(max_length=80)]
Cover = Annotated[str, Meta(max_length=MAX_COVER)]
Rendition = Annotated[str, Meta(pattern=r"^(?:[1-9][0-9]{2,3}p|audio)\Z")]
# Where a file of a package lies in it: plain components, none empty, "." or "..", that every system can hold.
TreePath = Annotated[
    str, Meta(max_length=400, pattern=r"^(?!/)(?!(?:[^\n]*/)?\.{0,2}(?:/|\Z))[^\\\x00-\x1f\x7f-\x9f\ud800-\udfff]+\Z")
]
Number = Annotated[int, Meta(ge=1, lt=2**31)]
Size = Annotated[int, Meta(ge=0, lt=2**48)]
Choice = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\S")]
Seconds = Annotated[int, Meta(ge=0, le=1_000_000)]
Kind = Literal["video", "audio", "reading", "document", "image", "quiz", "package"]
NOT_LISTED = "package"  # the kind that no page plays yet; hubs keep it and pass it on
Role = Literal["main", "rendition", "poster", "captions"]

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
    ".json": "application/json",
}
PICTURES = (".jpg", ".png", ".webp", ".svg")
ENDINGS: dict[str, tuple[str, ...]] = {
    "video": (".mp4", ".webm"),
    "audio": (".mp3", ".m4a", ".ogg", ".wav"),
    "reading": (".md",),
    "document": (".pdf",),
    "image": PICTURES,
    "quiz": (".json",),
    "package": (),
    "poster": PICTURES,
    "captions": (".vtt",),
}


class Blob(msgspec.Struct, frozen=True):
    """Bytes: their SHA-256 as 64 hexadecimal digits, and how many they are.

    `packed` is how many they are in a repository that holds them as one zstd frame (content_cache/packing.py).
    """

    sha256: Sha256
    size: Size
    packed: Size | None = None


class Brief(msgspec.Struct, frozen=True):
    """What to call an item, and how long it lasts, for who knows its number alone."""

    id: str
    title: str
    kind: str
    seconds: int | None
    language: str


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A blob in a role; a hub serves it at /media/<sha256>/<name>. Captions have a `language`, renditions a name."""

    role: Role
    sha256: Sha256
    size: Size
    mime: str
    name: FileName
    language: Language | None = None
    rendition: Rendition | None = None
    packed: Size | None = None

    @property
    def blob(self) -> Blob:
        return Blob(self.sha256, self.size, self.packed)


class TreeLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of a package, as a line of its tree; the lines stand in the order of their paths."""

    path: TreePath
    sha256: Sha256
    size: Size
    packed: Size | None = None

    @property
    def blob(self) -> Blob:
        return Blob(self.sha256, self.size, self.packed)


class TreeRef(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tree as an item names it: its record's hash and size, what to expect in it, and the path that opens first.

    `files` counts its lines, `bytes` sums their sizes, each blob once.
    """

    sha256: Sha256
    size: Annotated[int, Meta(ge=0, le=MAX_TREE)]
    files: Annotated[int, Meta(ge=1, le=MAX_TREE_FILES)]
    bytes: Size
    start: TreePath
    packed: Size | None = None

    @property
    def blob(self) -> Blob:
        """The record itself."""
        return Blob(self.sha256, self.size, self.packed)


class ItemLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item as a line of a course manifest. A package has a `tree`, and perhaps no files; nothing else has one."""

    item: Slug
    number: Number
    kind: Kind
    title: Title
    summary: Text = ""
    seconds: Seconds | None = None
    files: Annotated[tuple[File, ...], Meta(max_length=60)] = ()
    tree: TreeRef | None = None


class CourseLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a course manifest. An empty `topic_title` means that the topic's slug says it."""

    course: Slug
    number: Number
    title: Title
    summary: Text
    language: Language
    topic: Slug
    topic_title: TopicTitle = ""
    cover: Cover = ""
    licence: Text = ""
    credits: Text = ""


class CourseEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A course as `catalogue.json` names it; `items` and `bytes` say what to expect of its manifest.

    `size` and `packed` are the manifest's own (no `size` before format 3); `bundle` is the bytes of its file in `b/`.
    """

    slug: Slug
    number: Number
    manifest: Sha256
    items: Annotated[int, Meta(ge=0, le=MAX_ITEMS)]
    bytes: Size
    size: Size | None = None
    packed: Size | None = None
    bundle: Size | None = None


class Head(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`catalogue.json`: one release of a repository, as one group of sites gets it.

    `withdrawn` are numbers of releases that no library may go back to.
    """

    format: Annotated[int, Meta(ge=1)]
    release: Number
    next_number: Number
    courses: Annotated[tuple[CourseEntry, ...], Meta(max_length=MAX_ITEMS)]
    group: Slug = EVERYTHING
    withdrawn: Annotated[tuple[Number, ...], Meta(max_length=MAX_WITHDRAWN)] = ()


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `numbers.jsonl`: the slug of a course, or the id of an item, and its integer for life."""

    slug: SlugOrId
    number: Number


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question of a quiz; `correct` names the right choices, counted from 1, in order."""

    prompt: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]
    choices: Annotated[tuple[Choice, ...], Meta(min_length=2, max_length=8)]
    correct: Annotated[tuple[Annotated[int, Meta(ge=1, le=8)], ...], Meta(min_length=1, max_length=8)]
    feedback: Annotated[str, Meta(max_length=2000)] = ""

    def __post_init__(self) -> None:
        """Refuse, when decoded, what fits its types and makes no sense."""
        if list(self.correct) != sorted(set(self.correct)) or self.correct[-1] > len(self.choices):
            raise ValueError("`correct` must name choices that are there, once each and in order")


class Quiz(msgspec.Struct, frozen=True):
    """Questions in order."""

    questions: Annotated[tuple[Question, ...], Meta(min_length=1, max_length=50)]


class Topic(msgspec.Struct, frozen=True):
    """What courses of one kind are about: its slug, its words, and how many courses there are."""

    slug: str
    title: str
    courses: int


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A course of the library; `items` counts those that are listed, `seconds` is the sum of those known.

    `here` of the items can be used; `coming` is how many bytes the others still lack.

    `topic` is a slug, `topic_title` its words; `cover` is `<svg>` markup that is safe to put in a page; a course or
    item `is_new` if it came with a release that this hub took in after its first.
    """

    slug: str
    number: int
    title: str
    summary: str
    language: str
    topic: str
    topic_title: str
    licence: str
    credits: str
    items: int
    here: int
    coming: int
    seconds: int
    cover: str | None
    is_new: bool


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the library; `id` is `course/slug`, `html` the body of a reading, safe to put in a page.

    `coming` is how many bytes of it are not here yet: 0 if it can be used. What a technician `removed` will not come.
    """

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
    quiz: Quiz | None
    is_new: bool
    tree: TreeRef | None = None
    coming: int = 0
    removed: bool = False

    @property
    def listed(self) -> bool:
        """Whether pages show it: a package cannot be played yet."""
        return self.kind != NOT_LISTED and not self.removed

    def file(self, role: str) -> File | None:
        """The first file in that role, if there is one."""
        return next((file for file in self.files if file.role == role), None)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found: an item of that kind (`href_id` is its id), or a "course" (its slug, no `course_title`).

    `coming` is 0 if it can be used, a course if any item of it can.
    """

    kind: str
    title: str
    summary: str
    language: str
    href_id: str
    course_title: str
    seconds: int | None
    coming: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a course (kind "course") or an item takes of the disk: `bytes` in all, of which `coming` are not here yet.

    `id` is a slug or an item's id; `items` counts those of a course, listed or not, and is 1 for an item.
    """

    id: str
    kind: str
    title: str
    language: str
    number: int
    items: int
    bytes: int
    coming: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """A whole release: courses, items, their bytes, and how many items and bytes of that are not here yet."""

    courses: int
    items: int
    bytes: int
    items_coming: int
    coming: int
