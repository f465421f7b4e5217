"""A drawing from outside stands inside a page: what it draws stays, what acts or leads elsewhere never gets in."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from content_cache.drawings import GEOMETRY, KEPT, BadDrawing, clean_svg

OURS = sorted((Path(__file__).parents[2] / "samples" / "sources" / "dibujos").glob("*.svg"))
SVG = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink' viewBox='0 0 9 9'>{}</svg>"
HEAD = '<svg viewBox="0 0 9 9" aria-hidden="true" focusable="false">'


def clean(inside: str, limit: int = 6144) -> str:
    return clean_svg(SVG.format(inside).encode(), limit=limit).removeprefix(HEAD).removesuffix("</svg>")


def seen(markup: str) -> list[tuple[str, dict[str, str]]]:
    """What an eye would see of a drawing: shapes and groups with their geometry and paint."""
    unseen = ("title", "text")
    shapes = [one for one in ET.fromstring(markup).iter() if one.tag.rpartition("}")[2] not in unseen]
    attributes = [{key: value for key, value in one.attrib.items() if "font" not in key} for one in shapes]
    return [(one.tag.rpartition("}")[2], each) for one, each in zip(shapes, attributes, strict=True)]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_own_drawings_look_the_same_afterwards(path):
    cleaned = clean_svg(path.read_bytes())
    (root, attributes), *rest = seen(cleaned)
    assert (root, attributes.pop("aria-hidden"), attributes.pop("focusable")) == ("svg", "true", "false")
    assert [(root, attributes), *rest] == seen(path.read_text())
    assert len(cleaned) <= path.stat().st_size


def test_there_are_drawings_of_ours_to_look_at():
    assert len(OURS) >= 10


def test_what_says_nothing_to_the_eye_is_dropped():
    noise = "<title>a</title><desc>b</desc><metadata><a:b xmlns:a='urn:a' c='d'/></metadata><!-- c --><?php x?>"
    assert clean(noise + "<defs><path d='M0 0'/></defs><text>$</text>x<circle id='a' class='b' r='1'>y</circle>z") == (
        '<circle r="1"/>'
    )


def test_an_editor_s_style_becomes_the_attributes_it_means():
    shape = "<path style='fill: #c33;stroke:none;font-size:3px;-inkscape-x:y' fill='blue' d='M0 0'/>"
    assert clean(shape) == '<path d="M0 0" fill="#c33" stroke="none"/>'


def test_attributes_come_in_one_order_and_spaces_are_one():
    assert clean("<path fill='red'  d='M0\n\t 0'/>") == clean("<path d='M0 0' fill='red'/>")


@pytest.mark.parametrize(
    "name",
    ["script", "SCRIPT", "handler", "style", "foreignObject", "iframe", "image", "use", "a", "set", "animateMotion"],
)
def test_an_element_that_acts_refuses_the_drawing(name):
    with pytest.raises(BadDrawing, match=f"holds <{name}>, which acts"):
        clean(f"<circle r='1'/><{name}/>")
    with pytest.raises(BadDrawing, match="acts or leads elsewhere"):
        clean(f"<defs><y:{name} xmlns:y='http://www.w3.org/1999/xhtml'/></defs><circle r='1'/>")


@pytest.mark.parametrize(
    "attribute",
    [
        "onload='x'",
        "OnClick='x'",
        "x:onload='x'",
        "fill='url(#a)'",
        "fill='URL( //evil/ )'",
        "style='fill:url(//evil)'",
        "style='background:u rl(x)'",
        "x:href='javascript:x'",
        "href=' java\nscript:x'",
        "stroke='data:text/html,x'",
    ],
)
def test_an_attribute_that_acts_refuses_the_drawing(attribute):
    with pytest.raises(BadDrawing, match="acts or leads elsewhere"):
        clean(f"<path d='M0 0' {attribute}/>")
    with pytest.raises(BadDrawing, match="acts or leads elsewhere"):
        clean(f"<metadata><b {attribute}/></metadata><path d='M0 0'/>")


@pytest.mark.parametrize(
    "attribute",
    [
        "d='M0 0&quot; onload=x'",
        "fill='&lt;script>'",
        "fill='expression(1)'",
        "fill='var(--a)'",
        "href='#a'",
        "x:href='#a'",
        "stroke='rgb(1,2,3'",
        "transform='rotate(1) evil(2)'",
        "style='position:fixed;fill:red}b{'",
        "class='menu'",
        "id='main'",
        "aria-label='x'",
        "tabindex='1'",
        "xml:base='//evil'",
        "opacity='\u0661'",
    ],
)
def test_a_value_that_is_no_plain_paint_or_number_is_dropped(attribute):
    assert clean(f"<rect {attribute} width='1'/>") == '<rect width="1"/>'


def test_the_outermost_element_cannot_move_over_the_page():
    svg = b"<svg viewBox='0 0 9 9' width='999' height='9' x='1' transform='scale(99)' style='margin:-9px'><g/><rect/></svg>"
    assert clean_svg(svg) == HEAD + "<g></g><rect/></svg>"


@pytest.mark.parametrize(
    ("data", "phrase"),
    [
        (b"", "is not an SVG drawing"),
        (b"no", "is not an SVG drawing"),
        (b"<svg", "is not an SVG drawing"),
        (b"<html/>", "is not an SVG drawing"),
        (b"\x89PNG\r\n", "is not an SVG drawing"),
        (b"<svg viewBox='0 0 9 9'><rect></svg>", "is not an SVG drawing"),
        (b"<svg viewBox='0 0 9 9'/>", "draws nothing"),
        (b"<svg viewBox='0 0 9 9'><defs><rect/></defs></svg>", "draws nothing"),
        (b"<svg width='9' height='9'><rect/></svg>", "has no viewBox"),
        (b"<svg viewBox='0 0 9'><rect/></svg>", "has no viewBox"),
        (b"<!DOCTYPE svg><svg viewBox='0 0 9 9'><rect/></svg>", "declares a document type"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><svg viewBox='0 0 9 9'>&b;<rect/></svg>", "declares a document type"),
        (b"<!DOCTYPE a SYSTEM '/etc/passwd'><svg viewBox='0 0 9 9'><rect/></svg>", "declares a document type"),
        (b"<svg viewBox='0 0 9 9'>" + b"<g>" * 30 + b"<rect/>" + b"</g>" * 30 + b"</svg>", "nested too deeply"),
        (b"<svg viewBox='0 0 9 9'>" + b"<a>" * 9 + b"</a>" * 9 + b"</svg>", "acts or leads elsewhere"),
        (b"<svg viewBox='0 0 9 9'>" + b"<b>" * 200_000 + b"</svg>", "has more than 262144 bytes"),
    ],
)
def test_what_is_no_drawing_is_refused_with_a_phrase(data, phrase):
    with pytest.raises(BadDrawing, match=re.escape(phrase)):
        clean_svg(data)


def test_a_drawing_that_stays_too_large_says_how_large_it_is():
    with pytest.raises(BadDrawing, match=r"takes 6\d\d\d bytes once cleaned, and 6144 is the most"):
        clean(f"<path d='M{'0 ' * 3100}'/>")
    assert len(clean(f"<path d='M{'0 ' * 3100}'/>", limit=7000)) > 6144


@pytest.mark.parametrize(
    "value", ["1" * 20_000 + "x", "1 " * 20_000 + "x", "rotate(" * 3000, "- " * 20_000, ".1" * 20_000]
)
@pytest.mark.timeout(10)
def test_no_value_keeps_the_cleaner_busy(value):
    for key in sorted({key for kept in KEPT.values() for key in kept}):
        assert clean(f"<path {key}='{value}'/>", limit=10**6).count("<path") == 1


class Reader(HTMLParser):
    """Reads markup as a page would, and fails on whatever is not on the list."""

    def handle_starttag(self, tag, attrs):
        assert tag in {*GEOMETRY, "svg"}
        for key, value in attrs:
            assert key in {one.lower() for one in KEPT[tag]} | {"aria-hidden", "focusable"}
            assert re.fullmatch(r"[#A-Za-z0-9().,% +-]+", value)

    def handle_data(self, data):
        raise AssertionError(data)

    handle_comment = handle_decl = handle_pi = handle_entityref = handle_charref = handle_data


NAMES = st.sampled_from([*GEOMETRY, "svg", "a", "use", "style", "text", "x:b", "script", "title", "linearGradient"])
KEYS = st.sampled_from(
    ["d", "fill", "stroke", "style", "href", "x:href", "id", "onload", "transform", "viewBox", "points", "r", "class"]
)
VALUES = st.text(max_size=12) | st.sampled_from(
    ["M0 0z", "#fff", "url(#a)", "none", "0 0 9 9", "fill:red", "rgb(1,2,3)"]
)
ELEMENTS = st.recursive(
    st.tuples(NAMES, st.dictionaries(KEYS, VALUES, max_size=4), st.text(max_size=5) | st.just(())),
    lambda inner: st.tuples(NAMES, st.dictionaries(KEYS, VALUES, max_size=3), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def as_xml(element) -> str:
    name, attributes, inside = element
    body = quoted(inside) if isinstance(inside, str) else "".join(as_xml(one) for one in inside)
    return f"<{name}{''.join(f' {key}={quoted(value, True)}' for key, value in attributes.items())}>{body}</{name}>"


def quoted(text: str, attribute: bool = False) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")
    return f"'{text}'" if attribute else text


@given(ELEMENTS)
@example(("path", {"d": "M0 0", "fill": "red'\"><script>"}, ""))
@settings(max_examples=400, deadline=None)
def test_whatever_comes_in_what_comes_out_is_safe_in_a_page(element):
    data = SVG.format("<rect/>" + as_xml(element)).encode("utf-8", "surrogatepass")
    try:
        cleaned = clean_svg(data)
    except BadDrawing:
        return
    assert cleaned.isascii()
    assert "url(" not in cleaned.lower()
    Reader().feed(cleaned)
    assert clean_svg(cleaned.encode()) == cleaned


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: SVG.format(text).encode("utf-8", "replace")))
@settings(max_examples=300, deadline=None)
def test_no_bytes_break_the_cleaner(data):
    try:
        cleaned = clean_svg(data)
    except BadDrawing:
        return
    Reader().feed(cleaned)


@pytest.mark.parametrize("name", ["UTF-7", "idna", "zlib", "shift_jis", "nope", "rot13"])
def test_an_encoding_that_cannot_be_read_is_a_sentence_too(name):
    with pytest.raises(BadDrawing, match=r"encoding|not an SVG"):
        clean_svg(f"<?xml version='1.0' encoding='{name}'?>{SVG.format('<rect/>')}".encode())
