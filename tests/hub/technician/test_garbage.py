"""Garbage at every staff and health endpoint: a sentence of the 400 class, never a 500, and nothing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.technician.models import StaffSession, Technician
from tests.hub.technician.conftest import HASHED, ORIGIN, Bench, Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = st.sampled_from(["name", "password", "again", "current", "form_token", "x", "name[]", "", "\x00"])
BODIES = st.one_of(
    st.binary(max_size=400),
    st.lists(st.tuples(FIELDS, st.text(max_size=60)), max_size=6).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
    ),
)
KINDS = st.sampled_from(
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-16",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "y" * 300,
        "application/json",
        "",
        "\x7f/;;;=",
    ]
)
PATHS = st.sampled_from(["/technician/sign-in", "/technician/password", "/technician/sign-out", "/technician/enter/x"])
ODD_PATHS = [
    "/technician/../technician",
    "/technician//",
    "/technician/enter/",
    "/technician/enter/a/b",
    "/technician/enter/..%2f..%2fetc%2fpasswd",
    "/technician/%2e%2e/healthz",
    "/technician/sign-in/",
    "/technician/sign-in%00",
    "/technician/sign-in%0d%0aSet-Cookie:x=1",
    "/healthz/",
    "/healthz%00",
    "/metrics/../healthz",
]
GUARDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def visitors(bench: Bench) -> Iterator[list[Browser]]:
    """One who is signed in, one who is not; nobody is slowed down."""
    signed_in = bench.signed_in()
    bench.app.extensions["staff_attempts"].ask = lambda _address: 0.0
    yield [signed_in, bench.browser()]
    assert Technician.get().password == HASHED
    assert signed_in.get("/technician").status_code == 200
    assert StaffSession.select().count() == 1


def told(text: str) -> bool:
    return "Traceback" not in text and ("<h1>" in text or '"error"' in text)


@GUARDED
@given(path=PATHS, body=BODIES, kind=KINDS)
def test_any_form_gets_a_sentence(visitors: list[Browser], path: str, body: bytes, kind: str) -> None:
    for browser in visitors:
        answer = browser.client.post(path, data=body, content_type=kind, headers={"Origin": ORIGIN})
        assert answer.status_code in {303, 400, 403, 410, 413, 422}, answer.text
        assert answer.location == "/technician/sign-in" if answer.status_code == 303 else told(answer.text)


@GUARDED
@given(
    cookie=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80),
    address=st.sampled_from(["", "Origin", "Referer", "Host", "Sec-Fetch-Site", "Accept", "Accept-Language", "Cookie"]),
    text=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80),
)
def test_any_header_gets_a_sentence(visitors: list[Browser], cookie: str, address: str, text: str) -> None:
    headers = [("Cookie", f"staff={cookie}"), ("Origin", ORIGIN), *([(address, text)] if address else [])]
    for method, path in (
        ("GET", "/technician"),
        ("POST", "/technician/sign-in"),
        ("GET", "/healthz"),
        ("GET", "/metrics"),
    ):
        answer = visitors[1].client.open(path, method=method, headers=headers)
        assert answer.status_code < 500
        assert "Traceback" not in answer.text
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ODD_PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_odd_paths_and_methods_get_a_sentence(visitors: list[Browser], path: str, method: str) -> None:
    for browser in visitors:
        answer = browser.client.open(path, method=method, headers={"Origin": ORIGIN, "Accept-Language": "en"})
        assert answer.status_code < 500
        if method not in {"HEAD", "OPTIONS"} and answer.status_code >= 400:
            assert told(answer.text)
        assert not any("\r" in text or "\n" in text for _, text in answer.headers)


def test_a_huge_form_is_refused_with_a_sentence(visitors: list[Browser]) -> None:
    for size in (20_000, 300_000):
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            for browser in visitors:
                answer = browser.client.post(
                    "/technician/sign-in",
                    data=b"name=" + b"a" * size,
                    content_type=kind,
                    headers={"Origin": ORIGIN, "Accept-Language": "en"},
                )
                assert answer.status_code == 413
                assert "too big" in answer.text


def test_what_was_typed_is_never_markup_on_the_page(visitors: list[Browser]) -> None:
    answer = visitors[1].sign_in("x", name='"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text
