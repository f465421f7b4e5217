"""What courses and items are called, for whoever knows their integers alone: the file of names.

A summary counts under the catalogue's integers. Head office learns what those mean from one file that is signed with
the content (docs/formats/names.md): every course and item that ever had a number, also those that are gone.

    for name in decode_names(file): ...         # from lines of bytes; BadRecord at the first that is not right
    file.writelines(encode_names(names))

Integers ascend, so none occurs twice, and a reader holds one line at a time. Whoever signed it is believed about names,
and not about what a page or a database can bear: limits hold, and what no line of text holds becomes a blank.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from wire.errors import BadRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FORMAT = 1
BAD = (msgspec.MsgspecError, UnicodeError, RecursionError)
LONGEST_LINE = 64 << 10  # bytes, its line feed included
LONGEST_FILE = 128 << 20
MOST_NAMES = 1_000_000
MOST_TITLES = 64

SLUG = r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?"
Number = Annotated[int, Meta(ge=1, lt=2**31)]
Slug = Annotated[str, Meta(pattern=f"^{SLUG}(?:/{SLUG})?\\Z")]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}\Z")]
Title = Annotated[str, Meta(min_length=1, max_length=300)]
# Controls (C0, C1), line and paragraph ends, overrides of direction (UAX 9), halves of surrogate pairs.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\Z")]


class Head(Struct, frozen=True):
    """The first line; a reader refuses a higher `format`."""

    format: Annotated[int, Meta(ge=1)]


class Name(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A course (`slug` without a slash) or an item (`course-slug/item-slug`) and its integer for life.

    `titles` by language, as they were last published; `kind` and `course`, the course's integer, are an item's.
    """

    number: Number
    slug: Slug
    titles: Annotated[dict[Language, Title], Meta(max_length=MOST_TITLES)] = {}
    kind: Kind | None = None
    course: Number | None = None
    published: bool = True

    @property
    def is_item(self) -> bool:
        return "/" in self.slug


def decode_names(lines: Iterable[bytes]) -> Iterator[Name]:
    """The names in `lines`, in order; raises BadRecord at the first line that cannot be right."""
    courses: dict[int, str] = {}
    wanted: dict[int, str] = {}
    last = 0
    for count, name in enumerate(_names(lines), 1):
        if count > MOST_NAMES:
            raise BadRecord(f"The file of names has more than {MOST_NAMES} of them.")
        if name.number <= last:
            raise BadRecord(f"The file of names has {name.number} after {last}; its integers must ascend.")
        _note(name, courses, wanted)
        last = name.number
        yield name
    for number, slug in wanted.items():
        if courses.get(number) != slug:
            raise _stranger(f"items of {slug}", number)


def _note(name: Name, courses: dict[int, str], wanted: dict[int, str]) -> None:
    """An item says which course it is of, by slug and by integer; both must be the same one's."""
    slug = name.slug.partition("/")[0]
    if not name.is_item:
        courses[name.number] = slug
    elif name.course is not None and wanted.setdefault(name.course, slug) != slug:
        raise _stranger(name.slug, name.course)


def _stranger(what: str, number: int) -> BadRecord:
    return BadRecord(f"The file of names gives {what} the course {number}, which is another or none.")


def encode_names(names: Iterable[Name]) -> Iterator[bytes]:
    """The lines of the file of `names`; the same names give the same bytes."""
    yield msgspec.json.encode(Head(FORMAT)) + b"\n"
    for name in names:
        titles = dict(sorted(name.titles.items()))
        yield msgspec.json.encode(msgspec.structs.replace(name, titles=titles)) + b"\n"


def _names(lines: Iterable[bytes]) -> Iterator[Name]:
    reader = msgspec.json.Decoder(Name)
    number = 0
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise BadRecord(f"Line {number} of the file of names has more than {LONGEST_LINE} bytes.")
        try:
            if number == 1:
                _refuse_newer(msgspec.json.decode(line, type=Head))
            else:
                yield _clean(reader.decode(line))
        except BAD as error:
            raise BadRecord(f"Line {number} of the file of names cannot be read: {error}.") from None
    if not number:
        raise BadRecord("The file of names is empty.")


def _refuse_newer(head: Head) -> None:
    if head.format > FORMAT:
        raise BadRecord(f"The file of names has format {head.format}, newer than this program; update head office.")


def _clean(name: Name) -> Name:
    titles = {language: text for language, title in name.titles.items() if (text := one_line(title))}
    return name if titles == name.titles else msgspec.structs.replace(name, titles=titles)


def one_line(text: str) -> str:
    """`text` without what moves on to another line, turns the direction of writing, or cannot be seen or stored."""
    return " ".join(UNSEEN.sub(" ", text).split()) if UNSEEN.search(text) else text.strip()
