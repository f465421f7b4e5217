"""Which deltas, and which of their bytes: the fewest that do."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.delta.format import Columns, Section, Span, Writer
from content_cache.delta.route import Edge, decode_edges, encode_edges, parts_of, ranges_for, route
from content_cache.errors import BadDelta
from content_cache.records import Blob

A, B, C, D = (letter * 16 for letter in "abcd")
KNOWN = {name: Blob(name * 4, size) for size, name in enumerate((A, B, C))}


def test_one_delta_is_taken_where_it_costs_less_than_two() -> None:
    edges = [Edge(A, B, 1000), Edge(B, C, 1000), Edge(A, C, 2500)]
    assert route(edges, A, C) == [Edge(A, C, 2500)]


def test_two_deltas_are_taken_where_they_save_more_than_a_request() -> None:
    edges = [Edge(A, B, 1000), Edge(B, C, 1000), Edge(A, C, 2700)]
    assert route(edges, A, C) == [Edge(A, B, 1000), Edge(B, C, 1000)]


def test_a_chain_leads_as_far_back_as_there_are_deltas() -> None:
    names = [f"{number:016x}" for number in range(200)]
    edges = [
        Edge(names[old], names[new], 10 * (new - old) ** 2) for new in range(200) for old in range(max(0, new - 6), new)
    ]
    way = route(edges, names[3], names[199])
    assert way is not None
    assert [way[0].old, way[-1].new] == [names[3], names[199]]
    assert all(one.new == after.old for one, after in itertools.pairwise(way))


def test_no_delta_leads_from_a_catalogue_that_nobody_knows() -> None:
    assert route([Edge(A, B, 1)], C, B) is None
    assert route([], A, B) is None


def test_nothing_is_fetched_to_stay() -> None:
    assert route([Edge(A, B, 1)], A, A) == []


def test_deltas_in_a_circle_end() -> None:
    assert route([Edge(A, B, 1), Edge(B, A, 1), Edge(B, C, 1)], A, D) is None


@given(st.lists(st.builds(Edge, st.sampled_from([A, B, C]), st.sampled_from([A, B, C]), st.integers(0, 2**40))))
def test_the_list_of_deltas_comes_back_as_it_was(edges: list[Edge]) -> None:
    text = encode_edges(edges, KNOWN)
    found, catalogues = decode_edges(text)
    assert found == sorted(edges)
    assert catalogues == {name: KNOWN[name] for edge in edges for name in edge[:2]}
    assert text == encode_edges(edges[::-1], KNOWN)


def test_a_delta_of_a_catalogue_that_is_gone_is_not_listed() -> None:
    found, _ = decode_edges(encode_edges([Edge(A, B, 5), Edge(A, C, 7)], {A: KNOWN[A], C: KNOWN[C]}))
    assert found == [Edge(A, C, 7)]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b'{"catalogues":[["x",1]],"deltas":[]}',
        b'{"catalogues":["0f3a9c0d1e2b4455"],"deltas":[]}',
        b'{"catalogues":[],"deltas":[[0,1,5]]}',
        b'{"catalogues":[],"deltas":[[-1,0,5]]}',
        b"[" * 5000,
    ],
)
def test_a_list_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(BadDelta, match="fetch the files themselves"):
        decode_edges(text)


def section() -> tuple[Section, list[Blob]]:
    """Frames at 100, 2100, 2300 and 5000; files 0 and 1 share the first, 2 is copied, 3 spans two, 4 has the last."""
    writer = Writer()
    for packed, size in ((2000, 50), (200, 100), (2700, 100), (10, 9)):
        writer.frame(packed, size, ())
    writer.file(0)
    writer.file(1)
    writer.file(2, [Span(0, 0, 7)])
    writer.file(3, [60, Span(0, 0, 40), 140])
    writer.file(4)
    sizes = [20, 30, 7, 240, 9]
    return Section(writer.columns, 100), [Blob(str(place) * 64, size) for place, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("wanted", "ranges"),
    [
        ({0}, [(100, 2100)]),
        ({0, 1, 2}, [(100, 2100)]),
        ({2}, []),
        ({3}, [(2100, 5000)]),
        ({4}, [(5000, 5010)]),
        ({1, 4}, [(100, 2100), (5000, 5010)]),
        ({0, 3, 4}, [(100, 5010)]),
        (set(), []),
    ],
)
def test_only_the_frames_that_wanted_files_need_are_fetched(wanted: set[int], ranges: list[tuple[int, int]]) -> None:
    made, new = section()
    assert ranges_for(made, new, wanted.__contains__) == ranges


def test_each_file_names_the_frames_that_make_it() -> None:
    made, new = section()
    parts = parts_of(made, new)
    assert parts.ranges == [(100, 2100), (2100, 2300), (2300, 5000), (5000, 5010)]
    assert list(parts.makes.values()) == [(0,), (0,), (), (1, 2), (3,)]
    assert list(parts.makes) == [blob.sha256 for blob in new]


def test_what_leans_on_a_file_that_is_gone_is_not_offered() -> None:
    writer = Writer()
    writer.frame(10, 5, [Span(7)])
    writer.frame(10, 5, [Span(8)])
    for place in range(2):
        writer.file(place)
    writer.file(2, [Span(8, 0, 5)])
    new = [Blob(str(place) * 64, 5) for place in range(3)]
    made = Section(writer.columns, 0)
    assert list(parts_of(made, new, {7}.__contains__).makes) == [new[0].sha256]


def test_places_that_no_list_has_are_not_asked_for() -> None:
    columns = Columns([(5, 5, [-3])], [1, [1, [-9, 0, 5]]])
    new = [Blob(str(place) * 64, 5) for place in range(2)]
    assert parts_of(Section(columns, 0), new, [].__getitem__).makes == {}


def test_ranges_that_lie_near_are_fetched_as_one() -> None:
    writer = Writer()
    for packed in (100, 500, 100, 700, 100):
        writer.frame(packed, 1, ())
    for place in range(5):
        writer.file(place)
    wanted = {0, 2, 4}.__contains__
    assert ranges_for(Section(writer.columns, 0), [Blob(str(place) * 64, 1) for place in range(5)], wanted) == [
        (0, 700),
        (1400, 1500),
    ]


def test_a_file_that_the_release_does_not_name_needs_nothing() -> None:
    assert ranges_for(Section(Columns([(5, 5, [])], [9]), 0), [], lambda _: True) == []
