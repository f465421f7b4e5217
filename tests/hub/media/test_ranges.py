"""The pure decision: which part of a blob answers a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.media.ranges import NOT_MODIFIED, OK, PARTIAL, UNSATISFIABLE, Part, decide

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("", Part(OK, 0, 1000)),
        ("bytes=0-99", Part(PARTIAL, 0, 100)),
        ("bytes=990-2000", Part(PARTIAL, 990, 10)),
        ("bytes=500-", Part(PARTIAL, 500, 500)),
        ("bytes=-100", Part(PARTIAL, 900, 100)),
        ("bytes=-5000", Part(PARTIAL, 0, 1000)),
        ("bytes=999-999", Part(PARTIAL, 999, 1)),
        ("BYTES=0-0", Part(PARTIAL, 0, 1)),
        ("bytes=1000-", Part(UNSATISFIABLE, 0, 0)),
        ("bytes=-0", Part(UNSATISFIABLE, 0, 0)),
        ("bytes=0-9,20-29", Part(OK, 0, 1000)),
        ("bytes=9-3", Part(OK, 0, 1000)),
        ("bytes=-", Part(OK, 0, 1000)),
        ("lines=1-2", Part(OK, 0, 1000)),
        ("bytes=a-b", Part(OK, 0, 1000)),
        ("bytes=" + "9" * 400 + "-", Part(OK, 0, 1000)),
        ("bytes=٣-٤", Part(OK, 0, 1000)),
    ],
)
def test_a_range_header_names_a_part(asked: str, part: Part) -> None:
    assert decide(size=1000, etag=ETAG, range_=asked) == part


@pytest.mark.parametrize(
    ("if_range", "status"),
    [(ETAG, PARTIAL), ('"other"', OK), ('W/"abc"', OK), ("Wed, 21 Oct 2015 07:28:00 GMT", OK)],
)
def test_a_range_counts_only_while_the_blob_is_the_one_the_phone_knows(if_range: str, status: str) -> None:
    assert decide(size=10, etag=ETAG, range_="bytes=0-1", if_range=if_range).status == status


@pytest.mark.parametrize(
    ("known", "status"), [(ETAG, NOT_MODIFIED), ('"x", W/"abc"', NOT_MODIFIED), ("*", NOT_MODIFIED), ('"x"', OK)]
)
def test_a_phone_that_has_the_blob_is_told_so(known: str, status: str) -> None:
    assert decide(size=10, etag=ETAG, if_none_match=known).status == status


def test_an_empty_blob_has_no_satisfiable_part() -> None:
    assert decide(size=0, etag=ETAG).length == 0
    assert decide(size=0, etag=ETAG, range_="bytes=0-").status == UNSATISFIABLE
    assert decide(size=0, etag=ETAG, range_="bytes=-5").status == UNSATISFIABLE


@given(size=st.integers(0, 10**12), header=st.one_of(st.text(max_size=60), st.from_regex(r"bytes=\d{0,25}-\d{0,25}")))
def test_whatever_is_asked_the_part_lies_within_the_blob(size: int, header: str) -> None:
    part = decide(size=size, etag=ETAG, range_=header)
    assert part.start >= 0
    assert part.length >= 0
    assert part.start + part.length <= size
    assert part.length > 0 or part.status == UNSATISFIABLE or size == 0
