"""What is still on its way: shown as coming soon wherever it is listed, never in the way, and asked for with one tap."""

from __future__ import annotations

import re

import pytest

from tests.content_cache.making import course
from tests.hub.library.conftest import VISITOR, Answer, Running
from tests.simulators.coming import leave_out

FIRST, SECOND, THIRD = (f"precio-justo/{slug}" for slug in ("costos", "hoja", "puesto"))
SOON = "Próximamente (faltan 12\u00a0MB)"
VISITED = {"Cookie": f"visitor={VISITOR}"}


def publish(running: Running, coming: dict[str, int]) -> None:
    running.publish(course(running.folder / "course"))
    leave_out(running.hub.library, coming)


def ask_for(running: Running, item: str, **headers: str) -> Answer:
    origin = f"http://127.0.0.1:{running.port}"
    return running.ask(f"/items/{item}/ask", "POST", Origin=origin, **headers)


def row(text: str, item: str) -> str:
    (found,) = re.findall(rf'<a class="row" href="/items/{item}".*?</a>', text, re.DOTALL)
    return str(found)


def main_action(text: str) -> str:
    return re.findall(r'<a class="main-action" href="([^"]+)"', text)[0]


@pytest.mark.parametrize("path", ["/courses/precio-justo", "/search?q=hoja"])
def test_lists_say_what_is_coming_and_how_much_is_left(running: Running, path: str) -> None:
    publish(running, {SECOND: 12_000_000})
    assert SOON in row(running.ask(path).text, SECOND)
    assert "Coming soon (12\u00a0MB left)" in row(running.ask(path, Cookie="language=en").text, SECOND)


def test_what_is_here_says_nothing_of_the_kind(running: Running) -> None:
    publish(running, {SECOND: 12_000_000})
    text = running.ask("/courses/precio-justo").text
    assert "Próximamente" not in row(text, FIRST)
    assert f'data-id="{FIRST}"' in text
    assert f'data-id="{SECOND}"' not in text, "the script would lead her there"


def test_a_course_begins_and_goes_on_with_what_is_here(running: Running) -> None:
    publish(running, {FIRST: 1000, SECOND: 2000})
    assert main_action(running.ask("/courses/precio-justo").text) == f"/items/{THIRD}"
    assert f'<a class="start" href="/items/{THIRD}"' in running.ask("/").text
    leave_out(running.hub.library, {FIRST: 0})
    assert main_action(running.ask(f"/items/{FIRST}").text) == f"/items/{THIRD}"


def test_a_course_of_which_nothing_is_here_is_coming_itself(running: Running) -> None:
    publish(running, {FIRST: 3_000_000, SECOND: 4_000_000, THIRD: 5_000_000})
    assert SOON in running.ask("/").text
    assert 'class="start" href="/items' not in running.ask("/").text
    assert SOON in running.ask("/search?q=precio").text
    text = running.ask("/courses/precio-justo").text
    assert "viene en camino" in text
    assert "data-lessons" not in text


def test_what_is_new_lists_only_what_can_be_opened(running: Running) -> None:
    publish(running, {})
    running.publish(course(running.folder / "other", slug="ahorro", title="Ahorrar"))
    assert "Lo nuevo" in running.ask("/").text
    leave_out(running.hub.library, {f"ahorro/{slug}": 9 for slug in ("costos", "hoja", "puesto")})
    assert "Lo nuevo" not in running.ask("/").text


def test_its_page_explains_and_has_one_button(running: Running) -> None:
    publish(running, {FIRST: 12_000_000})
    answer = running.ask(f"/items/{FIRST}", **VISITED)
    assert answer.status == 200
    assert SOON in answer.text
    assert "viene en camino" in answer.text
    assert re.findall(r"<form[^>]*>", answer.text) == [f'<form method="post" action="/items/{FIRST}/ask">']
    assert answer.text.count("<button") == 1
    assert "<script" not in answer.text
    assert "data-item" not in answer.text, "nothing was played here"


def test_its_page_is_no_place_to_continue(running: Running) -> None:
    publish(running, {FIRST: 9})
    assert not [cookie for cookie in running.ask(f"/items/{FIRST}", **VISITED).cookies if cookie.startswith("last=")]
    assert [cookie for cookie in running.ask(f"/items/{SECOND}", **VISITED).cookies if f"last={SECOND};" in cookie]


def test_it_has_no_forms_to_choose_from_yet(running: Running) -> None:
    publish(running, {FIRST: 9})
    assert running.ask(f"/items/{FIRST}/main").status == 404


def test_who_asked_sees_that_she_did_and_another_does_not(running: Running) -> None:
    publish(running, {FIRST: 12_000_000})
    answer = ask_for(running, FIRST, **VISITED)
    assert (answer.status, answer.headers["location"]) == (303, f"/items/{FIRST}/asked")
    (cookie,) = answer.cookies
    held = f"visitor={VISITOR}; {cookie.partition(';')[0]}"
    for thanks in (running.ask(f"/items/{FIRST}/asked"), running.ask(f"/items/{FIRST}", Cookie=held)):
        assert thanks.status == 200
        assert "¡Gracias!" in thanks.text
        assert "<button" not in thanks.text
        assert main_action(thanks.text) == f"/items/{SECOND}"
    assert "<button" in running.ask(f"/items/{FIRST}", **VISITED).text
    assert "Path=/items" in cookie


def test_once_it_is_here_who_asked_finds_the_lesson(running: Running) -> None:
    publish(running, {FIRST: 9})
    held = ask_for(running, FIRST, **VISITED).cookies[0].partition(";")[0]
    leave_out(running.hub.library, {FIRST: 0})
    for answer in (running.ask(f"/items/{FIRST}/asked"), running.ask(f"/items/{FIRST}", Cookie=held)):
        assert answer.status == 200
        assert 'class="reading"' in answer.text


def test_what_was_removed_from_the_hub_is_on_no_page(running: Running) -> None:
    publish(running, {FIRST: 12_000_000})
    leave_out(running.hub.library, {}, removed={FIRST})
    assert FIRST not in running.ask("/courses/precio-justo").text
    assert "Próximamente" not in running.ask("/").text
    assert running.ask(f"/items/{FIRST}").status == 404
    assert ask_for(running, FIRST).status == 404
    assert running.ask("/continue", Cookie=f"last={FIRST}").headers["location"] == "/"
    assert "Lección 1 de" in running.ask(f"/items/{SECOND}").text


def test_the_language_can_be_changed_without_losing_the_lesson(running: Running) -> None:
    publish(running, {FIRST: 9})
    assert f"/language/en?next=/items/{FIRST}" in running.ask(f"/items/{FIRST}/asked").text


@pytest.mark.parametrize("cookie", ["", "wanted=", "wanted=//evil", "wanted=a/b.c", "wanted=" + ".".join(["a/b"] * 9)])
def test_a_cookie_that_is_not_ours_asks_for_nothing(running: Running, cookie: str) -> None:
    publish(running, {FIRST: 9})
    assert "<button" in running.ask(f"/items/{FIRST}", Cookie=cookie).text


def test_a_phone_remembers_the_last_eight(running: Running) -> None:
    publish(running, {FIRST: 9})
    held = "wanted=" + ".".join(f"a/b{number}" for number in range(8))
    (cookie,) = ask_for(running, FIRST, Cookie=held).cookies
    assert cookie.startswith(f"wanted=a/b1.a/b2.a/b3.a/b4.a/b5.a/b6.a/b7.{FIRST};")
