"""The search page: what was found and what it is, a way on where nothing was, and whatever may be typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hub.library import routes
from tests.content_cache.making import course

if TYPE_CHECKING:
    from tests.hub.library.conftest import Running

HOSTILE = [
    "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "%00", "%ff%fe", "*", '"', "a+OR+b", "NEAR(a,b)", "title:costos",
    "-costos", "%27;DROP+TABLE+items", "(" * 200, "a" * 10_000, "%F0%9F%8C%BD", "+++", "%E2%80%AE", "costos%0d%0aX:+y",
]  # fmt: skip


def publish(running: Running) -> None:
    items = "".join(
        f"  - item: tema-{number}\n    kind: reading\n    title: Maíz número {number}\n    file: uno.md\n"
        for number in range(23)
    )
    running.publish(course(running.folder / "course", items=items, title="Café de olla"))


def found(text: str) -> list[str]:
    return re.findall(r'class="row" href="([^"]+)"', text)


def test_a_search_finds_lessons_and_courses_and_says_what_they_are(running: Running) -> None:
    publish(running)
    text = running.ask("/search?q=cafe").text
    assert found(text) == ["/courses/precio-justo"]
    assert "1 resultado" in text
    text = running.ask("/search?q=MAIZ+7").text
    assert found(text)[0] == "/items/precio-justo/tema-7"
    assert "Lectura · Café de olla" in text
    assert 'value="MAIZ 7"' in text


def test_many_results_are_leafed_through(running: Running) -> None:
    publish(running)
    path, seen = "/search?q=ma%C3%ADz", []
    while path:
        text = running.ask(path).text
        assert "23 resultados" in text
        seen += found(text)
        path = next(iter(re.findall(r'href="([^"]+)" rel="next"', text)), "").replace("&amp;", "&")
    assert seen == [f"/items/precio-justo/tema-{number}" for number in range(23)]
    assert "Página 3 de 3" in text


@pytest.mark.parametrize("page", ["0", "-1", "999999999999", "x", "", "2%00"])
def test_a_page_that_cannot_be_is_the_nearest_that_is(running: Running, page: str) -> None:
    publish(running)
    answer = running.ask(f"/search?q=maiz&page={page}")
    assert answer.status == 200
    assert found(answer.text)


def test_more_than_can_be_looked_at_says_so(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_RESULTS", 12)
    publish(running)
    text = running.ask("/search?q=maiz&page=9").text
    assert "Más de 12 resultados" in text
    assert len(found(text)) == 2


def test_where_nothing_is_found_there_is_a_way_on(running: Running) -> None:
    publish(running)
    text = running.ask("/search?q=zzz").text
    assert "No encontramos nada con «zzz»" in text
    assert 'href="/topics/costos-y-precios"' in text
    assert "Nothing was found" in running.ask("/search?q=zzz", Accept_Language="en").text


def test_without_words_there_is_the_box_and_the_topics(running: Running) -> None:
    for path in ("/search", "/search?q=", "/search?q=%20%20", "/search?other=1"):
        text = running.ask(path).text
        assert '<input id="q" type="search" name="q" value=""' in text
        assert "No encontramos" not in text
    publish(running)
    assert 'href="/topics/costos-y-precios"' in running.ask("/search").text


@pytest.mark.timeout(30)  # none keeps the hub busy
@pytest.mark.parametrize("query", HOSTILE)
def test_whatever_is_typed_is_only_words(running: Running, query: str) -> None:
    publish(running)
    answer = running.ask(f"/search?q={query}")
    assert answer.status == 200
    assert "<script>alert" not in answer.text
    assert "x" not in answer.headers
    assert len(answer.body) < 20_000


def test_the_languages_lead_back_to_the_same_search(running: Running) -> None:
    publish(running)
    (way,) = set(re.findall(r'href="(/language/en[^"]+)"', running.ask("/search?q=ma%C3%ADz%20%26%20sal&page=1").text))
    assert running.ask(way).headers["location"] == "/search?q=ma%C3%ADz%20%26%20sal"


def test_a_search_is_not_kept_but_compressed_and_named(running: Running) -> None:
    publish(running)
    first = running.ask("/search?q=cafe", Accept_Encoding="gzip")
    assert first.headers["content-encoding"] == "gzip"
    again = running.ask("/search?q=cafe", Accept_Encoding="gzip", If_None_Match=first.headers["etag"])
    assert again.status == 304
    assert running.ask("/search?q=maiz", If_None_Match=first.headers["etag"]).status == 200


def test_one_phone_that_searches_without_end_leaves_the_others_their_turn(running: Running) -> None:
    publish(running)

    def searched(address: str) -> list[int]:
        client = running.app.test_client()
        answers = [client.get("/search?q=maiz", environ_base={"REMOTE_ADDR": address}) for _ in range(30)]
        assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 429)
        return [answer.status_code for answer in answers]

    assert searched("10.0.0.7")[:20] == [200] * 20
    assert searched("10.0.0.7")[-1] == 429
    assert searched("10.0.0.8")[0] == 200
    assert searched("127.0.0.1") == [200] * 30, "a proxy on the box speaks for all phones"
