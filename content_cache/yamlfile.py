"""YAML that people write by hand, read so that every problem has its line and its mend.

The YAML is composed to nodes, which know their lines; every value is taken as the text that stands there, so that
`language: no` is Norwegian and a title may be 2024; each field is then decoded on its own by msgspec, so that one
wrong field does not hide the next. Anchors, tags and depth are refused: nobody needs them here, and a file of a few
lines could unfold to gigabytes.
"""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any

import msgspec

from content_cache.errors import MissingPart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_FILE = 2**20
MAX_DEPTH = 7


class Problems:
    """What is wrong in one file, as sentences: file, line, what is wrong, mend."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, what: str, mend: str) -> None:
        self._found.append((line, f"{self._path}, line {line}: {what}. {mend}."))

    def include(self, line: int, other: Problems) -> None:
        """Take in the problems of another file, which is named in this `line`."""
        self._found += [(line, sentence) for sentence in other.sentences()]

    def __len__(self) -> int:
        return len(self._found)

    def sentences(self) -> list[str]:
        return [sentence for _, sentence in sorted(self._found)]


def mapping(
    node: Any, kind: type[msgspec.Struct], mends: Mapping[str, str], problems: Problems
) -> tuple[dict[str, Any] | None, dict[str, int]]:
    """The fields of a mapping, checked one by one, with their lines; None for fields that do not make a `kind`.

    `mends` says of each field how to write it. A field of `kind` that is a list of anything is left empty: whoever
    asks reads it on its own, by `each`. The mapping's own line is that of the empty name.
    """
    before = len(problems)
    known = _fields_of(kind)
    fields: dict[str, Any] = {}
    lines: dict[str, int] = {}
    meant: set[str] = set()
    for key, value in node.value:
        name, line = str(key.value), line_of(key)
        if name not in known:
            meant.add(_unknown(name, line, list(known), problems))
        elif name in lines:
            problems.add(line, f"{name} is in line {lines[name]} already", "Keep one of the two")
        else:
            lines[name] = line
            fields[name] = _field(value, known[name].type, f"{name} cannot be read", mends[name], problems)
            if value.id == "mapping":
                lines.update({f"{name} {inner.value}": line_of(inner) for inner, _ in value.value})
    for name, field in known.items():
        if field.required and name not in lines and name not in meant:
            problems.add(line_of(node), f"{name} is missing", mends[name])
    lines[""] = line_of(node)
    return (fields if len(problems) == before else None), lines


@functools.cache
def _fields_of(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """By name; a look takes a quarter of a millisecond, and a library has 20,000 items."""
    return {field.name: field for field in msgspec.structs.fields(kind)}


def each(node: Any, name: str, what: str, mend: str, problems: Problems) -> Iterator[Any]:
    """The mappings in the list called `name`; what else is in it leaves a problem."""
    for key, value in node.value:
        if key.value == name and value.id == "sequence":
            for one in value.value:
                if one.id == "mapping":
                    yield one
                else:
                    problems.add(line_of(one), f"this is not {what}", mend)


def _field(node: Any, kind: Any, what: str, mend: str, problems: Problems) -> Any:
    if kind == list[Any] and node.id == "sequence":
        return []
    value = _plain(node, problems)
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        shown = f" ({value!r:.60})" if isinstance(value, str) else " (empty)" if value is None else ""
        problems.add(line_of(node), f"{what}{shown}", mend)
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
            problems.add(line_of(key), f"{key.value} is there twice", "Keep one of the two")
        plain[str(key.value)] = _plain(value, problems)
    return plain


def line_of(node: Any) -> int:
    """Where the node begins; lines count from 1."""
    return int(node.start_mark.line) + 1


def compose(path: Path, what: str, mend: str, problems: Problems) -> Any:
    """The root mapping of the file, which holds `what`; None, and a problem with that `mend`, if there is none."""
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
        problems.add(1, f"this is not {what}", mend)
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
        problems.add(1, f"the file has more than {MAX_FILE} bytes", "Make several of it")
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
