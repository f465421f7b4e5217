"""The file of names: what is written reads the same, and whatever else comes is names or one sentence."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wire.names
from wire.errors import BadRecord
from wire.names import LONGEST_LINE, Name, decode_names, encode_names

COURSE = Name(number=1, slug="ahorro", titles={"es-MX": "El ahorro"})
ITEM = Name(number=4, slug="ahorro/metas", titles={"en": "Goals", "es-MX": "Metas"}, kind="video", course=1)
GONE = Name(number=9, slug="ahorro/viejo", course=1, published=False)
ALL = [COURSE, ITEM, GONE]
HEAD = b'{"format":1}\n'

SLUGS = st.from_regex(r"\A[a-z0-9]{1,8}(/[a-z0-9]{1,8})?\Z")
TITLES = st.dictionaries(st.sampled_from(["es-MX", "en", "yua", "nah"]), st.text(min_size=1, max_size=40), max_size=4)
NAMES = st.builds(
    lambda slug, titles, published: {"slug": slug, "titles": titles, "published": published},
    SLUGS,
    TITLES,
    st.booleans(),
)


def read(data: bytes) -> list[Name]:
    return list(decode_names(data.splitlines(keepends=True)))


def row(**fields) -> bytes:
    return HEAD + json.dumps({"number": 1, "slug": "a"} | fields).encode() + b"\n"


def test_the_file_is_as_the_document_shows():
    assert b"".join(encode_names(ALL)) == (
        b'{"format":1}\n'
        b'{"number":1,"slug":"ahorro","titles":{"es-MX":"El ahorro"}}\n'
        b'{"number":4,"slug":"ahorro/metas","titles":{"en":"Goals","es-MX":"Metas"},"kind":"video","course":1}\n'
        b'{"number":9,"slug":"ahorro/viejo","course":1,"published":false}\n'
    )
    assert read(b"".join(encode_names(ALL))) == ALL


@given(st.lists(NAMES, max_size=6))
@settings(max_examples=100)
def test_what_was_read_is_written_and_read_the_same(rows):
    lines = [json.dumps({"number": at, **one}).encode() + b"\n" for at, one in enumerate(rows, 1)]
    names = list(decode_names([HEAD, *lines]))
    assert list(decode_names(encode_names(names))) == names
    assert all(title.isprintable() or title.split() for name in names for title in name.titles.values())


@given(st.lists(st.binary(max_size=60) | st.sampled_from([HEAD, *encode_names(ALL)]), max_size=6))
@settings(max_examples=300)
def test_any_lines_are_names_in_order_or_a_bad_record(lines):
    try:
        names = list(decode_names(lines))
    except BadRecord:
        return
    numbers = [name.number for name in names]
    assert numbers == sorted(set(numbers))


REFUSED = {
    "nothing": b"",
    "no first line": row()[len(HEAD) :],
    "a newer format": HEAD.replace(b"1", b"2"),
    "a number twice": row() + row(slug="b")[len(HEAD) :],
    "numbers that fall": row(number=2) + row(number=1, slug="b")[len(HEAD) :],
    "a number of ten digits": row(number=10**9 * 4),
    "a negative number": row(number=-1),
    "a number with a point": row(number=1.5),
    "a slug that climbs": row(slug="../etc/passwd"),
    "a slug of three parts": row(slug="a/b/c"),
    "a slug with markup": row(slug="<b>"),
    "a title of a megabyte": row(titles={"es": "x" * 2**20}),
    "a title that is a list": row(titles={"es": ["x"]}),
    "a hundred languages": row(titles={f"a{chr(97 + at // 26)}{chr(97 + at % 26)}": "x" for at in range(100)}),
    "a language that is none": row(titles={"es MX": "x"}),
    "a course that is not there": row(slug="a/b", course=7),
    "the course of another": HEAD + b'{"number":1,"slug":"a"}\n{"number":2,"slug":"b/c","course":1}\n',
    "nested a thousand deep": HEAD + b'{"number":1,"slug":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "half a surrogate pair": HEAD + b'{"number":1,"slug":"a","titles":{"es":"\\ud800"}}\n',
    "no UTF-8": HEAD + b'{"number":1,"slug":"a","titles":{"es":"\xff"}}\n',
    "half a line": row()[:-5],
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_right_is_refused_in_a_sentence(data):
    with pytest.raises(BadRecord, match=r"^(Line \d+ of the|The) file of names "):
        read(data)


def test_no_more_names_are_taken_than_a_million_and_no_longer_lines_than_64_kib(monkeypatch):
    assert wire.names.MOST_NAMES == 1_000_000
    monkeypatch.setattr(wire.names, "MOST_NAMES", 1000)
    many = [b'{"number":%d,"slug":"a"}' % number for number in range(1, 1002)]
    assert len(list(decode_names([HEAD, *many[:1000]]))) == 1000
    with pytest.raises(BadRecord, match="more than 1000 of them"):
        list(decode_names([HEAD, *many]))
    with pytest.raises(BadRecord, match="more than 65536 bytes"):
        read(HEAD + b" " * (LONGEST_LINE + 1))


def test_what_no_line_of_text_holds_becomes_a_blank():
    title = "a\x00b\x1b[31m\u202ec\u2066\nd"
    assert read(row(titles={"es": title, "en": "\u2028\x07"}))[0].titles == {"es": "a b [31m c d"}


def test_fields_and_kinds_of_a_newer_version_are_no_trouble():
    name = read(row(kind="hologram", holographic=[1, {"a": 2}]))[0]
    assert (name.kind, name.published) == ("hologram", True)
