"""The first page and the topics: where to start, what is new, and a large library that stays light."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from content_cache.records import Course
from hub.library import shelves
from hub.library.shelves import drawings
from tests.content_cache.making import course
from tests.hub.library.conftest import VISITOR, Running

if TYPE_CHECKING:
    from pathlib import Path

ONE = """\
  - item: hoja
    kind: reading
    title: Una hoja
    file: uno.md
"""
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path fill="#2c6a4b" d="M1 1h7v7H1z"/></svg>'
VISITED = {"Cookie": f"visitor={VISITOR}"}


def made(running: Running, slug: str, topic: str, *, title: str = "Un curso", cover: bool = False) -> Path:
    folder = course(running.folder / "courses" / slug, slug=slug, items=ONE, title=title)
    text = (folder / "course.yaml").read_text()
    text = text.replace("topic: costos-y-precios", f"topic: {topic}" + ("\ncover: dibujo.svg" if cover else ""))
    (folder / "course.yaml").write_text(text)
    (folder / "dibujo.svg").write_text(DRAWING)
    return folder


def record(slug: str, cover: str | None) -> Course:
    return Course(
        slug=slug, number=1, title="T", summary="", language="es", topic="t", topic_title="T", licence="", credits="",
        items=1, here=1, coming=0, seconds=0, cover=cover, is_new=False,
    )  # fmt: skip


def test_one_tap_leads_to_the_first_lesson(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    text = running.ask("/").text
    assert re.findall(r'<a class="start" href="([^"]+)"', text) == ["/continue", "/items/precio-justo/costos"]
    (hidden,) = re.findall(r"<section hidden.*?</section>", text, re.DOTALL)
    assert "/continue" in hidden, "it is the phone that knows where it was"
    assert "Empieza aquí" in text


def test_courses_stand_by_topic_with_lessons_and_time(running: Running) -> None:
    running.publish(
        *(made(running, slug, topic) for slug, topic in (("a", "Ahorro"), ("b", "Ventas"), ("c", "Ahorro")))
    )
    text = running.ask("/").text
    headings = re.findall(r'<h2 id="topic-\d+">([^<]+)</h2>|class="card tile" href="/courses/(\w)"', text)
    assert [topic or slug for topic, slug in headings] == ["Ahorro", "a", "c", "Ventas", "b"]
    assert text.count("1 lección") == 3


def test_a_course_shows_its_drawing_or_else_its_first_letter(running: Running) -> None:
    running.publish(made(running, "a", "Ahorro", cover=True), made(running, "b", "Ahorro", title="'¿Y ahora?'"))
    for path in ("/", "/topics/ahorro"):
        tiles = re.findall(r'<a class="card tile".*?</a>', running.ask(path).text, re.DOTALL)
        assert ["#2c6a4b" in tile for tile in tiles] == [True, False]
        assert "<b>Y</b>" in tiles[1]
    assert "#2c6a4b" in running.ask("/courses/a").text
    assert "<b>Y</b>" in running.ask("/courses/b").text


def test_what_came_since_the_last_release_is_new(running: Running) -> None:
    running.publish(made(running, "a", "Ahorro"))
    assert "Lo nuevo" not in running.ask("/").text
    running.publish(made(running, "b", "Ventas", title="Recién llegado"))
    text = running.ask("/").text
    (news,) = re.findall(r'aria-labelledby="new".*?</section>', text, re.DOTALL)
    assert re.findall(r'href="([^"]+)"', news) == ["/courses/b"]
    assert re.findall(r'href="/courses/(\w)"(?:(?!</a>).)*Nuevo', text, re.DOTALL) == ["b", "b"]  # here and among all


def test_a_large_library_shows_some_of_each_topic_and_the_way_to_the_rest(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SHOWN_WHOLE", 3), ("TOPICS_IN_FULL", 2), ("COURSES_OF_EACH", 1), ("ON_A_PAGE", 2)):
        monkeypatch.setattr(shelves, name, value)
    topics = ("Ahorro", "Ahorro", "Ahorro", "Ventas", "Costos", "Salud")
    running.publish(*(made(running, f"c{number}", topic) for number, topic in enumerate(topics)))
    text = running.ask("/").text
    assert re.findall(r'class="card tile" href="([^"]+)"', text) == ["/courses/c0", "/courses/c3"]
    assert re.findall(r'href="(/topics/[^"]+)"', text) == ["/topics/ahorro", "/topics/costos", "/topics/salud"]
    assert "Los 3 cursos" in text


def test_a_topic_is_leafed_through(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "ON_A_PAGE", 2)
    running.publish(*(made(running, f"c{number}", "Ahorro") for number in range(5)))
    seen, path = [], "/topics/ahorro"
    while path:
        text = running.ask(path).text
        seen += re.findall(r'class="card tile" href="/courses/([^"]+)"', text)
        path = next(iter(re.findall(r'href="([^"]+)" rel="next"', text)), "")
    assert seen == ["c0", "c1", "c2", "c3", "c4"]
    assert "Página 3 de 3" in text
    assert 'href="/topics/ahorro/2" rel="prev"' in text
    assert 'href="/topics/ahorro" rel="prev"' in running.ask("/topics/ahorro/2").text


@pytest.mark.parametrize("path", ["/topics/ahorro/2", "/topics/ahorro/0", "/topics/ahorro/99999", "/topics/ahorro/x"])
def test_a_page_beyond_the_last_is_not_there(running: Running, path: str) -> None:
    running.publish(made(running, "a", "Ahorro"))
    assert running.ask(path).status == 404


def test_drawings_share_a_budget_of_bytes() -> None:
    heavy = "".join(hashlib.sha256(bytes([number])).hexdigest() for number in range(90))
    courses = [record("a", heavy), record("b", heavy), record("c", "<svg/>"), record("d", None)]
    assert list(drawings(courses, 4000)) == ["a", "c"]
    assert drawings(courses, 100_000) == {"a": heavy, "b": heavy, "c": "<svg/>"}


def test_a_hostile_title_is_text_wherever_it_stands(running: Running) -> None:
    bad = '\\"><script>alert(1)</script>'
    items = f'  - item: uno\n    kind: reading\n    title: "{bad}"\n    summary: "{bad}"\n    file: uno.md\n'
    items += items.replace("item: uno", "item: dos")
    folder = course(running.folder / "course", items=items, title=f'"{bad}"')
    (folder / "course.yaml").write_text((folder / "course.yaml").read_text().replace("costos-y-precios", f'"{bad}"'))
    running.publish(folder)
    topic = re.findall(r'href="(/topics/[^"]+)"', running.ask("/search").text)[0]
    for path in ("/", topic, "/courses/precio-justo", "/items/precio-justo/uno", "/search?q=script"):
        text = running.ask(path).text
        assert "<script>alert" not in text, path
        assert "&lt;script&gt;alert(1)" in text, path
        assert not re.search(r'=""&gt;|=""><', text), path
