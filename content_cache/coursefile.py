"""Reads `course.yaml`, which an editor writes by hand (docs/formats/course.md), and says what to mend, line by line.

The YAML is composed to nodes, which know their lines; every value is taken as the text that stands there, so that
`language: no` is Norwegian and a title may be 2024; each field is then decoded on its own by msgspec, so that one
wrong field does not hide the next. Anchors, tags and depth are refused: a course needs none, and a file of a few
lines could unfold to gigabytes.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import msgspec

from content_cache.errors import MissingPart
from content_cache.records import Kind, Language, Seconds, Slug, Text, Title  # noqa: TC001 (msgspec reads them)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "course.yaml"
MAX_FILE = 2**20
MAX_DEPTH = 6

SLUG_MEND = "Write small letters, digits and hyphens, for instance precio-justo"
PATH_MEND = "Write the file's path inside the course folder, for instance lecciones/1.mp4"
MENDS = {
    "course": SLUG_MEND,
    "item": SLUG_MEND,
    "topic": SLUG_MEND,
    "title": "Write a title of 1 to 300 letters",
    "summary": "Write a text of at most 5000 letters",
    "licence": "Write a licence's short name, for instance CC-BY-4.0",
    "credits": "Write who made it, in at most 5000 letters",
    "language": "Write a language tag, for instance es-MX",
    "kind": "Write video, audio, reading, document or image",
    "seconds": "Write a whole number of seconds, for instance 83, or leave it out",
    "file": PATH_MEND,
    "poster": PATH_MEND,
    "captions": "Write one line for each language below it, for instance es-MX: lecciones/1.vtt",
    "items": "Write `items:` and below it one `- item: ...` for each item",
}


class ItemDraft(msgspec.Struct, kw_only=True):
    """An item as the editor wrote it."""

    item: Slug
    kind: Kind
    title: Title
    file: str
    summary: Text = ""
    seconds: Seconds | None = None
    poster: str | None = None
    captions: dict[Language, str] = {}


class CourseDraft(msgspec.Struct, kw_only=True):
    """A course as the editor wrote it."""

    course: Slug
    title: Title
    summary: Text
    language: Language
    topic: Slug
    licence: Text = ""
    credits: Text = ""
    items: list[Any]


class Problems:
    """What is wrong in one file, as sentences: file, line, what is wrong, mend."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, what: str, mend: str) -> None:
        self._found.append((line, f"{self._path}, line {line}: {what}. {mend}."))

    def __len__(self) -> int:
        return len(self._found)

    def sentences(self) -> list[str]:
        return [sentence for _, sentence in sorted(self._found)]


class Read(msgspec.Struct):
    """A course file: its fields, and for each item its fields and their lines; `lines` are those of the course."""

    course: CourseDraft | None
    lines: dict[str, int]
    items: list[tuple[ItemDraft, dict[str, int]]]


def read_course_file(path: Path, problems: Problems) -> Read:
    """Read `path`; what is wrong goes to `problems`, what could be read comes back."""
    node = _compose(path, problems)
    if node is None:
        return Read(None, {}, [])
    fields, lines = _mapping(node, CourseDraft, problems)
    items = list(_items(node, problems))
    slugs: dict[str, int] = {}
    for item, item_lines in items:
        line = item_lines["item"]
        if (first := slugs.setdefault(item.item, line)) != line:
            problems.add(line, f"item {item.item} is in line {first} already", "Give each item a slug of its own")
    return Read(CourseDraft(**fields) if fields is not None else None, lines, items)


def _items(node: Any, problems: Problems) -> Iterator[tuple[ItemDraft, dict[str, int]]]:
    """The items that can be read; the others have left a problem."""
    for key, value in node.value:
        if key.value == "items" and value.id == "sequence":
            for one in value.value:
                if one.id != "mapping":
                    problems.add(_line(one), "this is not an item", "Write `- item: slug` and its fields below")
                    continue
                fields, lines = _mapping(one, ItemDraft, problems)
                if fields is not None:
                    yield ItemDraft(**fields), lines


def _mapping(node: Any, kind: type[msgspec.Struct], problems: Problems) -> tuple[dict[str, Any] | None, dict[str, int]]:
    """The fields of a mapping, checked one by one, with their lines; None for fields that do not make a `kind`."""
    before = len(problems)
    known = {field.name: field for field in msgspec.structs.fields(kind)}
    fields: dict[str, Any] = {}
    lines: dict[str, int] = {}
    meant: set[str] = set()
    for key, value in node.value:
        name, line = str(key.value), _line(key)
        if name not in known:
            meant.add(_unknown(name, line, list(known), problems))
        elif name in lines:
            problems.add(line, f"{name} is in line {lines[name]} already", "Keep one of the two")
        else:
            lines[name] = line
            fields[name] = _field(name, value, known[name].type, problems)
            if value.id == "mapping":
                lines.update({f"{name} {inner.value}": _line(inner) for inner, _ in value.value})
    for name, field in known.items():
        if field.required and name not in lines and name not in meant:
            problems.add(_line(node), f"{name} is missing", MENDS[name])
    lines.setdefault("item", _line(node))
    return (fields if len(problems) == before else None), lines


def _field(name: str, node: Any, kind: Any, problems: Problems) -> Any:
    if name == "items" and node.id == "sequence":
        return []  # each is read on its own
    value = _plain(node, problems)
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        shown = f" ({value!r:.60})" if isinstance(value, str) else " (empty)" if value is None else ""
        problems.add(_line(node), f"{name} cannot be read{shown}", MENDS[name])
        return None


def _unknown(name: str, line: int, known: list[str], problems: Problems) -> str:
    """Say that there is no such field; returns the one that was probably meant."""
    near = difflib.get_close_matches(name, known, n=1)
    mend = f"Did you mean {near[0]}" if near else f"Remove it; fields here are {', '.join(known)}"
    problems.add(line, f"{name[:60]!r} is no field", mend)
    return near[0] if near else ""


def _plain(node: Any, problems: Problems) -> Any:
    """Texts, lists and dictionaries of a node; every scalar as it is written, and None for an empty one."""
    if node.id == "scalar":
        return None if node.tag.endswith(":null") else node.value
    if node.id == "sequence":
        return [_plain(one, problems) for one in node.value]
    plain: dict[str, Any] = {}
    for key, value in node.value:
        if key.value in plain:
            problems.add(_line(key), f"{key.value} is there twice", "Keep one of the two")
        plain[str(key.value)] = _plain(value, problems)
    return plain


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _compose(path: Path, problems: Problems) -> Any:
    """The root mapping of the file; None, and a problem, if there is none."""
    text = _text(path, problems)
    if text is None:
        return None
    yaml = _yaml()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if _is_odd(yaml.parse(text, Loader=loader), problems):
            return None
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        line, what = _place(error, text)
        problems.add(line, f"this is not YAML ({what})", "Check the indentation, and put texts with a colon in quotes")
        return None
    if node is None or node.id != "mapping":
        problems.add(1, "this is not a course", "Begin with `course:` and the course's slug")
        return None
    return node


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise MissingPart(
            "Publishing needs the extra `publisher`: pip install 'village-hub[publisher]', then publish again."
        ) from None
    return yaml


def _text(path: Path, problems: Problems) -> str | None:
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        problems.add(1, f"the file has more than {MAX_FILE} bytes", "Make several courses of it")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(line, "this is not UTF-8", "Save the file as UTF-8 in your editor")
        return None


def _is_odd(events: Any, problems: Problems) -> bool:
    """Refuse what a course never needs, before anything recursive sees it."""
    depth, before = 0, len(problems)
    for event in events:
        kind = type(event).__name__
        line = int(event.start_mark.line) + 1
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            problems.add(line, "this uses an anchor or alias (& or *)", "Write the value out, or put it in quotes")
        elif getattr(event, "tag", None):
            problems.add(line, "this uses a tag (!)", "Remove it, or put the value in quotes")
        if depth > MAX_DEPTH:
            problems.add(line, "this is nested too deeply", "Follow the example in docs/formats/course.md")
            break
        if len(problems) > before + 20:
            break
    return len(problems) > before


def _place(error: Any, text: str) -> tuple[int, str]:
    """The line of a YAML error, and what it says."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line) + 1, str(error.problem or "it ends too early")
    position = getattr(error, "position", 0)
    return text.count("\n", 0, position) + 1, str(getattr(error, "reason", "a character that YAML forbids"))
