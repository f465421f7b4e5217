"""A lesson's page: its forms, its questions, what can be taken home, and the way back to it without JavaScript."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from content_cache.records import LIGHT_POSTER
from tests.content_cache.making import box, course, png
from tests.hub.library.conftest import VISITOR, Running
from tests.town import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

FILM = SAMPLES / "precio-justo" / "lecciones" / "1-cuanto-te-cuesta.mp4"
VIDEO = """\
  - item: video
    kind: video
    title: Un video
    file: v.mp4
    poster: foto.png
    renditions:
      240p: v.240p.mp4
      144p: v.144p.mp4
      audio: v.m4a
  - item: preguntas
    kind: quiz
    title: Preguntas
    file: preguntas.yaml
"""
QUIZ = """\
questions:
  - prompt: ¿Cuáles son los <tres> costos?
    choices: [Luz, "Materiales, tiempo y gastos", Nada]
    correct: 2
    feedback: Porque los pagas tú.
  - prompt: ¿Cuáles son frutas?
    choices: [Mango, Mesa, Piña]
    correct: [1, 3]
"""
ITEM = "/items/precio-justo/video"
VISITED = {"Cookie": f"visitor={VISITOR}"}


def films(running: Running) -> Path:
    folder = course(running.folder / "course", items=VIDEO)
    for name, weight in (("v.mp4", 90_000), ("v.240p.mp4", 50_000), ("v.144p.mp4", 20_000), ("v.m4a", 10_000)):
        (folder / name).write_bytes(FILM.read_bytes() + box(b"free", bytes(weight)))
    (folder / "preguntas.yaml").write_text(QUIZ, "utf-8")
    return folder


def source(text: str) -> str:
    (found,) = re.findall(r'<source src="([^"]+)"', text)
    return str(found)


def forms(text: str) -> list[tuple[str, str, str]]:
    """Name, whether it is the chosen one, and its words, of each form that is offered."""
    found = re.findall(r'<a href="([^"]+)" data-rendition="(\w+)"[^>]*?( aria-current="true")?>.*?</svg>([^<]+)', text)
    assert all(href == f"{ITEM}/{name}" for href, name, _, _ in found)
    return [(name, "*" * bool(chosen), words.strip()) for _, name, chosen, words in found]


def test_the_lightest_picture_plays_unless_another_is_chosen(running: Running) -> None:
    running.publish(films(running))
    text = running.ask(ITEM).text
    assert forms(text) == [
        ("144p", "*", "Menos datos"), ("240p", "", "240p"), ("main", "", "Mejor imagen"), ("audio", "", "Solo sonido"),
    ]  # fmt: skip
    assert source(text).endswith("video.144p.mp4")


@pytest.mark.parametrize(("name", "file"), [("240p", "video.240p.mp4"), ("main", "video.mp4"), ("audio", ".m4a")])
def test_another_form_has_an_address_and_needs_no_javascript(running: Running, name: str, file: str) -> None:
    running.publish(films(running))
    text = running.ask(f"{ITEM}/{name}").text
    assert source(text).endswith(file)
    assert [found for found, chosen, _ in forms(text) if chosen] == [name]
    assert running.ask(source(text)).status == 200
    assert 'data-item="precio-justo/video"' in text


@pytest.mark.parametrize("name", ["480p", "x", "poster", "../../../etc", "240p/240p", "240P", ""])
def test_a_form_that_is_not_there_is_not_found(running: Running, name: str) -> None:
    running.publish(films(running))
    assert running.ask(f"{ITEM}/{name}").status == 404
    assert running.ask("/items/precio-justo/preguntas/240p").status == 404


def test_every_form_can_be_taken_home_with_its_size_in_words(running: Running) -> None:
    running.publish(films(running))
    (taken,) = re.findall(r'aria-labelledby="take".*?</section>', running.ask(ITEM).text, re.DOTALL)
    links = re.findall(r'href="(/media/[^"]+\?download=\d+)"', taken)
    assert [running.ask(link).headers["content-disposition"].startswith("attachment") for link in links] == [True] * 4
    film = FILM.stat().st_size + len(box(b"free", b""))
    assert re.findall(r"<span>([^<]+) <span class=\"facts\">· (\d+ kB)", taken) == [
        (words, f"{round((film + more) / 1000)} kB")
        for words, more in (
            ("Menos datos", 20_000),
            ("240p", 50_000),
            ("Mejor imagen", 90_000),
            ("Solo sonido", 10_000),
        )
    ]


def test_a_first_view_takes_nothing_of_the_film_and_no_heavy_poster(running: Running) -> None:
    folder = films(running)
    running.publish(folder)
    text = running.ask(ITEM).text
    assert 'preload="none"' in text
    assert 'poster="/media/' in text
    (folder / "foto.png").write_bytes(png() + bytes(LIGHT_POSTER))
    running.publish(folder)
    text = running.ask(ITEM).text
    assert re.search(r'poster="/static/film\.\w+\.svg"', text)


def test_a_questions_answer_waits_folded_away(running: Running) -> None:
    running.publish(films(running))
    text = running.ask("/items/precio-justo/preguntas").text
    assert "1. ¿Cuáles son los &lt;tres&gt; costos?" in text
    assert re.findall(r"<li>([^<]+)</li>", text)[:3] == ["Luz", "Materiales, tiempo y gastos", "Nada"]
    answers = re.findall(r"<details><summary>Ver la respuesta</summary>(.*?)</details>", text, re.DOTALL)
    assert [re.findall(r"<strong>([^<]+)<", answer) for answer in answers] == [
        ["B. Materiales, tiempo y gastos"], ["A. Mango", "C. Piña"],
    ]  # fmt: skip
    assert "Porque los pagas tú." in answers[0]
    assert "details open" not in text


def test_a_course_lists_its_questions_among_the_lessons(running: Running) -> None:
    running.publish(films(running))
    assert re.search(
        r'data-id="precio-justo/preguntas".*?2\. Preguntas.*?Preguntas',
        running.ask("/courses/precio-justo").text,
        re.DOTALL,
    )


def test_an_items_page_leaves_its_id_with_the_phone_and_continue_leads_there(running: Running) -> None:
    running.publish(films(running))
    running.ask("/", **VISITED)
    for path in (ITEM, f"{ITEM}/240p"):
        (cookie,) = running.ask(path, **VISITED).cookies
        assert cookie == "last=precio-justo/video; Max-Age=2678400; Path=/; HttpOnly; SameSite=Lax"
    assert running.ask("/courses/precio-justo", **VISITED).cookies == []
    answer = running.ask("/continue", Cookie=f"visitor={VISITOR}; last=precio-justo/video")
    assert (answer.status, answer.headers["location"]) == (303, ITEM)
    assert answer.headers["cache-control"] == "no-store"


def test_a_lesson_that_is_not_there_leaves_no_place(running: Running) -> None:
    running.publish(films(running))
    assert running.ask("/items/precio-justo/nada", **VISITED).cookies == []
    assert not [cookie for cookie in running.ask(ITEM, "HEAD", **VISITED).cookies if cookie.startswith("last=")]


@pytest.mark.parametrize(
    "cookie",
    ["", "last=", "last=precio-justo/nada", "last=//evil.example", "last=a/b/c", "last=a%2Fb", "last=" + "a" * 9000],
)
def test_without_a_place_continue_leads_home(running: Running, cookie: str) -> None:
    running.publish(films(running))
    answer = running.ask("/continue", Cookie=cookie)
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_continue_leads_home_while_the_library_is_empty(running: Running) -> None:
    assert running.ask("/continue", Cookie="last=precio-justo/video").headers["location"] == "/"


def test_a_shared_phone_can_be_made_to_forget(running: Running) -> None:
    running.publish(films(running))
    text = running.ask("/").text
    assert '<form class="forget" method="post" action="/forget"' in text
    answer = running.ask("/forget", "POST", Cookie=f"visitor={VISITOR}; last=precio-justo/video")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert answer.cookies == [
        "last=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
        "wanted=; Max-Age=0; Path=/items; HttpOnly; SameSite=Lax",
    ]
    assert running.ask("/forget").status == 405


def test_without_javascript_there_is_a_way_to_go_on(running: Running) -> None:
    running.publish(films(running))
    (without,) = re.findall(r"<noscript>(.*?)</noscript>", running.ask("/").text, re.DOTALL)
    assert 'href="/continue"' in without
    assert 'action="/forget"' in without
