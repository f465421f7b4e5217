"""Readings become HTML that is safe inside a page, with no way out of the village."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache.readings import pictures, render


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Hola", "<h2>Hola</h2>\n"),
        ("[x](https://e.org/a)", "<p>x (https://e.org/a)</p>\n"),
        ("<https://e.org>", "<p>https://e.org</p>\n"),
        ("[**b** c](http://q)", "<p><strong>b</strong> c (http://q)</p>\n"),
        ("[k](//e.org/x)", "<p>k (//e.org/x)</p>\n"),
        ("[k](mailto:a@b.mx)", "<p>k (mailto:a@b.mx)</p>\n"),
        ("[z](/courses/z)", '<p><a href="/courses/z">z</a></p>\n'),
        ("[z](#abajo)", '<p><a href="#abajo">z</a></p>\n'),
        ("![una foto](f.png)", "<p>una foto</p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
    ],
)
def test_markdown_becomes_this(markdown, html):
    assert render(markdown) == html


@pytest.mark.parametrize(
    ("levels", "shown"),
    [("123", "234"), ("2323", "2323"), ("32", "22"), ("1414", "2323"), ("6", "2"), ("123456", "234566")],
)
def test_headings_go_down_one_level_at_a_time(levels, shown):
    html = render("\n\n".join(f"{'#' * int(level)} Título" for level in levels))
    assert html == "".join(f"<h{level}>Título</h{level}>\n" for level in shown)


def test_a_table_is_a_table():
    assert "<table>" in render("| a | b |\n|---|---|\n| 1 | 2 |\n")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "vbscript:x", "\\\\e.org", "/\\e.org"]
)
def test_no_address_leads_to_a_script_or_out(address):
    html = render(f"[a]({address})")
    assert 'href="javascript' not in html.lower()
    assert "\\" not in html.partition('href="')[2].partition('"')[0]


@given(st.text(alphabet="[]()<>!*_`#|-\\/:&\"'ax \n", max_size=80))
@settings(max_examples=150, deadline=None)
def test_no_markdown_brings_tags_of_its_own(text):
    html = render(text)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="//' not in html
    assert "://" not in "".join(part.partition('"')[0] for part in html.split('href="')[1:])


def test_the_lines_of_pictures_are_found():
    assert pictures("uno\n\ndos ![f](f.png)\n\n- ![g](g.png)\n") == [3, 5]
