"""Readings: Markdown (CommonMark with tables) as an editor writes it, to HTML that is safe inside a page.

Raw HTML shows as text. There are no outside links in a village: such a link becomes its text with the address
visible. A reading brings no pictures of its own, so a picture becomes its description; the publisher refuses it.
Headings stand below the page's own title and go down one level at a time, whatever levels the editor chose.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def render(markdown: str) -> str:
    """The HTML of a reading."""
    parser = _parser()
    tokens = parser.parse(markdown)
    _outline(token for token in tokens if token.type in ("heading_open", "heading_close"))
    for token in tokens:
        if token.attrs.pop("style", None) == "text-align:right":
            token.attrSet("class", "right")  # the pages' policy allows no inline style
        if token.children:
            token.children = list(_inside(token.children))
    return str(parser.renderer.render(tokens, parser.options, {}))


def pictures(markdown: str) -> list[int]:
    """The lines, from 1, of the paragraphs that show a picture."""
    return [
        token.map[0] + 1
        for token in _parser().parse(markdown)
        if token.map and any(child.type == "image" for child in token.children or ())
    ]


def _outline(headings: Iterable[Token]) -> None:
    """Give each heading the level of its depth: one more than the nearest one above it that was marked as higher."""
    above: list[str] = []
    for token in headings:
        if token.type == "heading_open":
            while above and above[-1] >= token.tag:
                above.pop()
            above.append(token.tag)
        token.tag = f"h{min(len(above) + 1, 6)}"


@functools.cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _inside(children: Iterable[Token]) -> Iterator[Token]:
    """The tokens of a paragraph, links to the outside turned into text."""
    outside: list[str] = []
    text = ""
    for token in children:
        if token.type == "link_open":
            outside.append(_outside(str(token.attrGet("href") or "")))
            text = ""
        if token.type in ("link_open", "link_close") and outside[-1]:
            if token.type == "link_close" and text != outside[-1]:
                yield Token("text", "", 0, content=f" ({outside[-1]})")
        elif token.type == "image":
            yield Token("text", "", 0, content=token.content)
        else:
            yield token
        text += token.content
        if token.type == "link_close":
            outside.pop()


def _outside(address: str) -> str:
    """The address if it leads out of the village, or is none; empty for one on the hub itself."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address or "?"
    # Browsers read a backslash as a slash, so that /\\host would lead out as well.
    inside = not parts.scheme and not parts.netloc and "\\" not in address and not address.startswith("//")
    return "" if inside else address
