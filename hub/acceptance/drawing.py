"""Draws one sheet as a PDF: `python -m hub.acceptance.drawing` reads it as JSON and writes the PDF (see sheets.py).

The paper is letter size, as sold in Mexico (216 by 279 mm). The fonts are those that every PDF reader has, so nothing
is embedded and a page takes some 4 KB; they know Latin-1, and any other sign is drawn as its plain form or a "?".
"""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from hub.acceptance.sheets import LabelSheet, ReportSheet, Sheet

if TYPE_CHECKING:
    from fpdf import FPDF

    from hub.acceptance.sheets import Line

WIDTH, HEIGHT, EDGE = 215.9, 279.4, 14.0  # mm
INK, SOFT, LINE = (30, 30, 30), (90, 90, 90), (190, 190, 190)
MARKS = {"pass": (20, 110, 60), "fail": (170, 30, 30), "waiting": (140, 95, 0)}
PLAIN = str.maketrans("\u201c\u201d\u2018\u2019\u2013\u2014\u2026\u2212", "\"\"''--.-")  # quotes, dashes
CODE = 50.0  # mm; read from an arm's length off paper that hangs on a wall


def drawn(sheet: Sheet) -> bytes:
    """The PDF."""
    pdf = _paper(sheet)
    if isinstance(sheet, ReportSheet):
        _report(pdf, sheet)
    else:
        for number in range(sheet.copies):
            _label(pdf, sheet, number * HEIGHT / 2)
        if sheet.copies > 1:
            _cut(pdf, HEIGHT / 2)
    return bytes(pdf.output())


def latin(text: str) -> str:
    """`text` as the fonts can draw it."""
    plain = text.translate(PLAIN)
    signs = []
    for sign in plain:
        if not sign.isprintable():
            signs.append(" ")
        elif ord(sign) < 256:
            signs.append(sign)
        else:
            near = unicodedata.normalize("NFKD", sign).encode("latin-1", "ignore").decode("latin-1")
            signs.append(near or "?")
    return "".join(signs)


def _paper(sheet: Sheet) -> FPDF:
    from fpdf import FPDF

    pdf = FPDF(format="letter", unit="mm")
    pdf.set_auto_page_break(auto=False)
    pdf.set_margins(EDGE, EDGE, EDGE)
    pdf.c_margin = 0  # text begins where it is put
    pdf.set_lang(sheet.language)
    pdf.set_title(latin(sheet.title if isinstance(sheet, ReportSheet) else sheet.join))
    pdf.set_creator("village-hub")
    pdf.add_page()
    return pdf


def _report(pdf: FPDF, sheet: ReportSheet) -> None:
    _text(pdf, EDGE, EDGE, sheet.programme, size=11, colour=SOFT)
    _text(pdf, EDGE, EDGE + 6, sheet.title, size=20, bold=True)
    top = EDGE + 20
    pdf.set_fill_color(*MARKS["pass" if sheet.passed else "fail"])
    pdf.rect(EDGE, top, WIDTH - 2 * EDGE, 14, style="F")
    _text(pdf, EDGE + 4, top + 3.5, sheet.verdict, size=20, bold=True, colour=(255, 255, 255))
    top += 20
    for name, value in sheet.about:
        _text(pdf, EDGE, top, name, size=10.5, colour=SOFT)
        _text(pdf, EDGE + 34, top, value, size=10.5, bold=True, width=WIDTH - 2 * EDGE - 34)
        top += 6.5
    top += 4
    for line in sheet.lines:
        top = _line(pdf, line, top)
    _text(pdf, EDGE, HEIGHT - EDGE - 4, sheet.foot, size=8.5, colour=SOFT, width=WIDTH - 2 * EDGE)


def _line(pdf: FPDF, line: Line, top: float) -> float:
    """One check, from `top` on; returns where the next begins."""
    if top > HEIGHT - EDGE - 22:
        pdf.add_page()
        top = EDGE
    pdf.set_draw_color(*LINE)
    pdf.line(EDGE, top, WIDTH - EDGE, top)
    heights = (
        _text(pdf, EDGE, top + 1.6, line.name, size=10.5, bold=True, width=40),
        _text(pdf, EDGE + 42, top + 1.6, line.state, size=10.5, bold=True, colour=MARKS[line.mark], width=34),
        _text(pdf, EDGE + 78, top + 1.6, line.sentence, size=10, width=WIDTH - 2 * EDGE - 78),
    )
    return top + max(heights) + 3.2


def _label(pdf: FPDF, sheet: LabelSheet, top: float) -> None:
    """A label on half a page. Its first step is the Wi-Fi, its second the address; each has its code at the right."""
    left, right = EDGE, WIDTH - EDGE - CODE
    _text(pdf, left, top + 8, sheet.programme, size=12, colour=SOFT, width=right - left - 6)
    if sheet.notice:
        _text(pdf, left, top + 14, sheet.notice, size=13, bold=True, colour=MARKS["fail"], width=WIDTH - 2 * EDGE)
    top += 21
    _step(pdf, "1", sheet.join, left, top)
    _waves(pdf, right - 14, top + 9.5)
    _pair(pdf, sheet.name_words, sheet.name, left, top + 13, right - left - 4)
    _pair(pdf, sheet.password_words, sheet.password, left, top + 33, right - left - 4)
    if sheet.note:
        _text(pdf, left, top + 50, sheet.note, size=8, colour=SOFT, width=right - left - 6)
    _code(pdf, sheet.join_code, right, top, sheet.join_scan)
    pdf.set_draw_color(*LINE)
    pdf.line(left, top + 57, WIDTH - EDGE, top + 57)
    top += 60
    _step(pdf, "2", sheet.open, left, top)
    _addresses(pdf, sheet, left, top + 14, right - left - 4)
    _code(pdf, sheet.open_code, right, top, sheet.open_scan)


def _step(pdf: FPDF, number: str, words: str, left: float, top: float) -> None:
    pdf.set_fill_color(*INK)
    pdf.ellipse(left, top - 0.5, 9, 9, style="F")
    _text(pdf, left, top + 0.5, number, size=17, bold=True, colour=(255, 255, 255), width=9, align="C")
    _text(pdf, left + 12, top + 0.4, words, size=18, bold=True)


def _pair(pdf: FPDF, words: str, value: str, left: float, top: float, width: float) -> None:
    """What is to be typed, as large as it fits, under what it is called."""
    _text(pdf, left, top, words, size=11, colour=SOFT)
    _fit(pdf, left, top + 5.5, value, width, size=29)


def _addresses(pdf: FPDF, sheet: LabelSheet, left: float, top: float, width: float) -> None:
    for number, address in enumerate(sheet.addresses):
        if number:
            _text(pdf, left, top, sheet.or_words, size=11, colour=SOFT)
            top += 6
        _fit(pdf, left, top, address, width, size=26)
        top += 12


def _fit(pdf: FPDF, left: float, top: float, text: str, width: float, *, size: float) -> None:
    """One line in letters that cannot be mistaken for each other, smaller where it is long; two lines at the worst."""
    from fpdf.enums import WrapMode

    text = latin(text)
    pdf.set_font("courier", "B", size)
    while pdf.get_string_width(text) > width and size > 13:
        size -= 0.5
        pdf.set_font("courier", "B", size)
    pdf.set_text_color(*INK)
    pdf.set_xy(left, top)
    pdf.multi_cell(width, size * 0.42, text, align="L", wrapmode=WrapMode.CHAR)


def _waves(pdf: FPDF, left: float, base: float) -> None:
    """The sign of Wi-Fi, which people know who read little."""
    pdf.set_draw_color(*INK)
    pdf.set_line_width(1.1)
    middle = left + 6
    for radius in (3.0, 5.6, 8.2):
        pdf.arc(middle - radius, base - radius, 2 * radius, 225, 315)
    pdf.set_fill_color(*INK)
    pdf.ellipse(middle - 0.9, base - 1.1, 1.8, 1.8, style="F")
    pdf.set_line_width(0.2)


def _code(pdf: FPDF, text: str, left: float, top: float, words: str) -> None:
    """A QR code of CODE mm with its quiet zone, and what it is for beneath."""
    import segno

    # Beyond ASCII a reader must be told the encoding (ECI, ISO/IEC 18004), or it guesses.
    matrix = segno.make_qr(text, error="m", encoding="utf-8", eci=not text.isascii()).matrix
    side = CODE / (len(matrix) + 8)  # four modules are left free on each side (ISO/IEC 18004)
    pdf.set_fill_color(0, 0, 0)
    for y, row in enumerate(matrix, start=4):
        x = 0
        while x < len(row):
            run = 0
            while x + run < len(row) and row[x + run]:
                run += 1
            if run:
                pdf.rect(left + (x + 4) * side, top + y * side - side * 2, run * side, side, style="F")
            x += run or 1
    _text(pdf, left, top + CODE - 2, words, size=8.5, colour=SOFT, width=CODE, align="C")


def _cut(pdf: FPDF, at: float) -> None:
    pdf.set_draw_color(*LINE)
    pdf.set_dash_pattern(dash=3, gap=2)
    pdf.line(0, at, WIDTH, at)
    pdf.set_dash_pattern()


def _text(
    pdf: FPDF,
    left: float,
    top: float,
    text: str,
    *,
    size: float,
    bold: bool = False,
    colour: tuple[int, int, int] = INK,
    width: float = 0.0,
    align: str = "L",
) -> float:
    """Write `text`, in lines where a width is given; returns the height that it took."""
    pdf.set_font("helvetica", "B" if bold else "", size)
    pdf.set_text_color(*colour)
    pdf.set_xy(left, top)
    pdf.multi_cell(width or WIDTH - EDGE - left, size * 0.42, latin(text), align=align, new_x="LEFT", new_y="NEXT")
    return float(pdf.get_y() - top)


def main() -> None:
    sheet = msgspec.json.decode(sys.stdin.buffer.read(), type=Sheet)
    sys.stdout.buffer.write(drawn(sheet))


if __name__ == "__main__":
    main()
