"""Slides as SVG: a title, large lines on the left, a drawing on the right, a woven band at the foot.

Captions lie over the band, so no text stands there. A line is plain text, ``left | right`` for a sum, and with ``=`` in
front the result of one. All colours of text on the cream ground have a contrast of 7:1 or more (WCAG 2.2 AAA).
"""

from __future__ import annotations

import subprocess
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT = 640, 360
BAND_TOP = 312
CREAM, INK, TERRACOTTA, GREEN = "#fff6e9", "#3b2417", "#8f2f17", "#23523a"
FONT = "Cabin"
LEFT, RIGHT = 30, 398  # the edges of the column of text
FIRST_LINE = 114  # baseline
SMALL, LARGE = (29, 37), (34, 47)  # size of the letters and step from line to line
LARGE_FITS = 4, 24  # lines on a slide, letters in its longest
_THREADS = ("#c2385f", "#e3a72f", "#23523a", "#b5482a", "#2f6f9f")


def slide(title: str, lines: tuple[str, ...], shown: int, drawing: Path) -> str:
    """One slide as an SVG document of 640 by 360, with the first ``shown`` of its lines."""
    size, step = _letters(lines)
    body = "".join(_line(line, FIRST_LINE + step * place, size) for place, line in enumerate(lines[:shown]))
    return _document(_text(title, LEFT, 62, 40, TERRACOTTA, "700") + body + _placed(drawing, 412, 84, 208) + _band())


def poster(title: str, drawing: Path, number: str) -> str:
    """The picture a lesson shows before it plays: its number, its title over two or three lines, its drawing."""
    words = "".join(
        _text(row, LEFT, 144 + 52 * place, 46, TERRACOTTA, "700") for place, row in enumerate(_wrapped(title, 14))
    )
    return _document(_text(number, LEFT, 78, 28, GREEN, "700") + words + _placed(drawing, 372, 44, 256) + _band())


def draw(svg: str, image: Path, *options: str) -> None:
    """Let rsvg-convert draw it, as PNG or, with ``-f pdf``, as PDF; SOURCE_DATE_EPOCH dates the PDF."""
    subprocess.run(["rsvg-convert", *options, "-o", str(image)], input=svg.encode(), check=True, env=_environment())


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "SOURCE_DATE_EPOCH": "1767225600", "LC_ALL": "C.UTF-8"}


def _document(body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{CREAM}"/>{body}</svg>'
    )


def _letters(lines: tuple[str, ...]) -> tuple[int, int]:
    """Choose the size by the whole slide, so that letters stay the same while lines appear."""
    most, longest = LARGE_FITS
    fits = len(lines) <= most and max((len(line) for line in lines), default=0) <= longest
    return LARGE if fits else SMALL


def _line(line: str, y: int, size: int) -> str:
    result = line.startswith("=")
    colour, weight = (GREEN, "700") if result else (INK, "500")
    left, _, right = line.removeprefix("=").strip().partition(" | ")
    rule = f'<path d="M{LEFT} {y - size + 2}H{RIGHT}" stroke="{GREEN}" stroke-width="2.5"/>'
    words = _text(left, LEFT, y, size, colour, weight) + _text(right, RIGHT, y, size, colour, "700", "end")
    return rule + words if result and y > FIRST_LINE else words


def _text(words: str, x: int, y: int, size: int, colour: str, weight: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x}" y="{y}" font-family="{FONT}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def _placed(drawing: Path, x: int, y: int, size: int) -> str:
    where = f'<svg x="{x}" y="{y}" width="{size}" height="{size}" '
    return drawing.read_text(encoding="utf-8").replace("<svg ", where, 1)


def _band() -> str:
    """A strip of woven diamonds along the foot of the slide."""
    step = 32
    diamonds = "".join(
        f'<path d="M{x} 336l16 -18l16 18l-16 18z" fill="{_THREADS[x // step % len(_THREADS)]}"/>'
        for x in range(0, WIDTH, step)
    )
    ground = f'<path d="M0 {BAND_TOP}h{WIDTH}v{HEIGHT - BAND_TOP}h-{WIDTH}z" fill="#f1dfc3"/>'
    return ground + diamonds


def _wrapped(title: str, width: int) -> list[str]:
    rows = [""]
    for word in title.split():
        if rows[-1] and len(rows[-1]) + 1 + len(word) > width:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows
