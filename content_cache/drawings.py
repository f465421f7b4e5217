"""A drawing from outside, made safe to stand inside a page: covers of courses, a programme's logo.

    markup = clean_svg(Path("alcancia.svg").read_bytes())     # '<svg viewBox="0 0 220 220" ...>...</svg>'

Nothing of the file is passed on. The drawing is built again from an allow-list: shapes, their geometry, and plain
paint (SVG 1.1, chapters 5, 9 and 11). Each value that is kept matches a pattern without quotes, brackets or addresses,
so that the result needs no escaping, asks for nothing, and breaks no content policy. What says nothing to the eye
(ids, metadata, titles, an editor's own marks) is dropped; what acts, or leads elsewhere, refuses the drawing.
An editor's `style="fill:#c33"` becomes the attribute that it means.
"""

from __future__ import annotations

import re
from typing import NoReturn
from xml.parsers import expat

MAX_FILE = 256 * 2**10
MAX_DEPTH = 24

NUMBER = r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]{1,2})?"
BETWEEN = r"(?: ?, ?| )"
# Possessive (++) or without choices, so that no value however odd makes the patterns try again and again.
LENGTH = rf"{NUMBER}(?:px|%)?"
NUMBERS = r"[0-9eE+., -]+"
PAINT = r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,24}|(?:rgb|hsl)a?\([0-9., %]{1,60}\)"
WORD = r"[a-zA-Z-]{2,24}(?: [a-zA-Z-]{2,24})?"
TRANSFORM = rf"(?:(?:matrix|translate|scale|rotate|skewX|skewY) ?\({NUMBERS}\)[ ,]*)+"

GEOMETRY = {
    "path": {"d": r"[MmZzLlHhVvCcSsQqTtAa0-9eE+., -]+"},
    "rect": dict.fromkeys(("x", "y", "width", "height", "rx", "ry"), LENGTH),
    "circle": dict.fromkeys(("cx", "cy", "r"), LENGTH),
    "ellipse": dict.fromkeys(("cx", "cy", "rx", "ry"), LENGTH),
    "line": dict.fromkeys(("x1", "y1", "x2", "y2"), LENGTH),
    "polyline": {"points": NUMBERS},
    "polygon": {"points": NUMBERS},
    "g": {},
}
PRESENTATION = {
    **dict.fromkeys(("fill", "stroke", "color"), PAINT),
    **dict.fromkeys(("opacity", "fill-opacity", "stroke-opacity"), LENGTH),
    **dict.fromkeys(("stroke-width", "stroke-miterlimit", "stroke-dashoffset"), LENGTH),
    "stroke-dasharray": rf"none|{LENGTH}(?:{BETWEEN}{LENGTH}){{0,20}}",
    **dict.fromkeys(("fill-rule", "stroke-linecap", "stroke-linejoin", "paint-order", "vector-effect"), WORD),
    **dict.fromkeys(("display", "visibility"), WORD),
}
# A transform of the outermost element would move the whole drawing over the page, so it is for what is inside.
SHAPE = PRESENTATION | {"transform": TRANSFORM}
ROOT = PRESENTATION | {"viewBox": rf"{NUMBER}(?:{BETWEEN}{NUMBER}){{3}}", "preserveAspectRatio": WORD}
KEPT = {name: {key: re.compile(value) for key, value in (own | SHAPE).items()} for name, own in GEOMETRY.items()}
KEPT["svg"] = {key: re.compile(value) for key, value in ROOT.items()}
# A style sheet would act on the whole page.
ACTS = re.compile(
    "script|handler|style|foreignobject|iframe|object|embed|image|use|a|set|discard|animate.*", re.IGNORECASE
)
LEADS_ELSEWHERE = ("url(", "javascript:", "data:")


class BadDrawing(ValueError):
    """`str(error)` is a phrase on what is wrong with a drawing, to follow its name."""


def clean_svg(data: bytes, *, limit: int = 6144) -> str:
    """The drawing in `data` as markup for a page, ASCII and at most `limit` bytes; raises BadDrawing.

    The same drawing gives the same markup, and cleaning the result again changes nothing. It has no width and height:
    the page's style gives them. It is hidden from screen readers, so words must stand beside it.
    """
    if len(data) > MAX_FILE:
        raise BadDrawing(f"has more than {MAX_FILE} bytes")
    cleaner = _Cleaner()
    try:
        cleaner.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadDrawing(f"is not an SVG drawing (line {error.lineno}: {expat.ErrorString(error.code)})") from None
    except BadDrawing:
        raise
    except (LookupError, ValueError):  # it names an encoding that Python knows otherwise, or not at all
        raise BadDrawing("is written in an encoding that cannot be read; save it as UTF-8") from None
    markup = "".join(cleaner.out)
    if not cleaner.shapes:
        raise BadDrawing("draws nothing")
    if len(markup) > limit:
        raise BadDrawing(f"takes {len(markup)} bytes once cleaned, and {limit} is the most")
    return markup


class _Cleaner:
    """Writes what is allowed to `out` while expat reads; `_dropping` counts the open elements of a dropped one."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.shapes = 0
        self._depth = self._dropping = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def _refuse_doctype(self, *_: object) -> NoReturn:
        raise BadDrawing("declares a document type, which a drawing here does without (<!DOCTYPE>)")

    def _start(self, full: str, attributes: dict[str, str]) -> None:
        name = _local(full)
        _refuse_what_acts(name, attributes)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadDrawing("is nested too deeply")
        if self._depth == 1:
            self._open_root(name, attributes)
        elif self._dropping or name not in GEOMETRY or not _is_svg(full):
            self._dropping += 1
        else:
            self.shapes += name != "g"
            self.out.append(f"<{name}{_written(name, attributes)}" + (">" if name == "g" else "/>"))
            self._dropping = int(name != "g")

    def _open_root(self, name: str, attributes: dict[str, str]) -> None:
        if name != "svg":
            raise BadDrawing("is not an SVG drawing")
        written = _written(name, attributes)
        if " viewBox=" not in written:
            raise BadDrawing("has no viewBox, which tells its size")
        self.out.append(f'<svg{written} aria-hidden="true" focusable="false">')

    def _end(self, full: str) -> None:
        self._depth -= 1
        if self._dropping:
            self._dropping -= 1
        else:
            self.out.append(f"</{_local(full)}>")


def _local(name: str) -> str:
    """The name without its namespace."""
    return name.rpartition(" ")[2]


def _is_svg(name: str) -> bool:
    return name.rpartition(" ")[0] in ("", "http://www.w3.org/2000/svg")


def _refuse_what_acts(name: str, attributes: dict[str, str]) -> None:
    if ACTS.fullmatch(name):
        raise BadDrawing(f"holds <{name[:40]}>, which acts or leads elsewhere")
    for key, value in attributes.items():
        plain = "".join(value.split()).lower()
        if _local(key).lower().startswith("on") or any(word in plain for word in LEADS_ELSEWHERE):
            raise BadDrawing(f"holds {_local(key)[:40]}={value!r:.40}, which acts or leads elsewhere")


def _written(name: str, attributes: dict[str, str]) -> str:
    """The attributes that are kept, in the order of the allow-list."""
    values = attributes | _declarations(attributes.get("style", ""))
    kept = ""
    for key, pattern in KEPT[name].items():
        value = " ".join(values.get(key, "").split())
        if value and pattern.fullmatch(value):
            kept += f' {key}="{value}"'
    return kept


def _declarations(style: str) -> dict[str, str]:
    """The properties of a style attribute, which go before attributes of the same name (SVG 1.1, section 6.2)."""
    pairs = (one.partition(":") for one in style.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() in PRESENTATION}
