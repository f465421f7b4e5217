"""What the phone knows and the hub does not: the form she chose, what was seen, where to go on, and forgetting it all."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.chromium import follow
from tests.content_cache.making import box
from tests.town import ITEM, SAMPLES, Town, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

FILM = "/items/formas/pelicula"
MEDIA = "document.querySelector('video')"
PLAY = f"() => {{ {MEDIA}.muted = true; return {MEDIA}.play(); }}"
TIME = f"{MEDIA}.currentTime"
COURSE = """\
course: formas
title: Tres formas
summary: Una película en tres formas.
language: es-MX
topic: Pruebas
items:
  - item: pelicula
    kind: video
    title: La película
    file: v.mp4
    renditions:
      240p: v.240p.mp4
      audio: v.m4a
  - item: despues
    kind: reading
    title: Para después
    file: uno.md
"""


def write_course(folder: Path) -> Path:
    """A film in three forms of different weight, beside the sample course."""
    courses = folder / "courses"
    shutil.copytree(SAMPLES / "precio-justo", courses / "precio-justo")
    (courses / "formas").mkdir()
    (courses / "formas" / "course.yaml").write_text(COURSE, "utf-8")
    (courses / "formas" / "uno.md").write_text("# Hola\n\nUn texto.\n", "utf-8")
    film = (SAMPLES / "precio-justo" / "lecciones" / "1-cuanto-te-cuesta.mp4").read_bytes()
    for name, weight in (("v.mp4", 9000), ("v.240p.mp4", 5000), ("v.m4a", 1000)):
        (courses / "formas" / name).write_bytes(film + box(b"free", bytes(weight)))
    return courses


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("player")
    with Town(folder) as it:
        it.fill_library(write_course(folder))
        it.start("web")
        yield it


def wait(page: Page, condition: str) -> None:
    """Until `condition` is true in the page; Playwright's own way needs `eval`, which our pages forbid."""
    assert until(lambda: page.evaluate(condition)), condition


def told(page: Page) -> list[dict[str, Any]]:
    """Fills with the plays that the page posts from now on."""
    plays: list[dict[str, Any]] = []

    def note(request) -> None:
        if request.url.endswith("/usage/events"):
            plays.extend(json.loads(request.post_data)["plays"])

    page.on("request", note)
    return plays


def chosen(page: Page) -> str | None:
    return page.locator("[data-rendition][aria-current]").get_attribute("data-rendition")


def source(page: Page) -> str:
    return str(page.evaluate(f"{MEDIA}.currentSrc")).rpartition("/")[2]


def test_another_form_goes_on_in_place_as_the_same_play(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at("/"))
    page.goto(town.at(FILM))
    plays = told(page)
    assert chosen(page) == "240p"
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 3")
    page.click("[data-rendition=main]")
    wait(page, f"{MEDIA}.readyState > 2 && {TIME} > 5 && !{MEDIA}.paused")
    assert source(page) == "pelicula.mp4"
    assert chosen(page) == "main"
    assert page.url == town.at(FILM)
    page.evaluate(f"{MEDIA}.pause()")
    end = page.evaluate(TIME)
    assert until(lambda: page.evaluate("true") and plays and plays[-1]["intervals"][-1][1] > 5)
    assert len({play["id"] for play in plays}) == 1
    assert plays[-1]["intervals"][0][0] < 0.5
    assert plays[-1]["intervals"][-1][1] == pytest.approx(end, abs=0.3)
    assert sum(stop - start for start, stop in plays[-1]["intervals"]) == pytest.approx(end, abs=1)


def test_another_form_chosen_while_it_pauses_waits_where_it_was(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at(FILM))
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 2")
    page.evaluate(f"{MEDIA}.pause()")
    there = page.evaluate(TIME)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.click("[data-rendition=audio]")
    page.wait_for_timeout(300)
    assert not [url for url in asked if "/media/" in url], "nothing is loaded before she plays"
    page.evaluate(PLAY)
    wait(page, f"{TIME} > {there}")
    assert page.evaluate(TIME) < there + 5
    assert source(page).endswith(".m4a")


def test_the_form_she_chose_is_there_the_next_time(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at(FILM))
    page.click("[data-rendition=audio]")
    page.goto(town.at(FILM))
    assert chosen(page) == "audio"
    assert page.locator("[role=alert]").is_hidden()
    page.goto(town.at(f"{FILM}/main"))
    assert chosen(page) == "main", "an address that names a form is taken at its word"


@pytest.mark.parametrize(("width", "form"), [(360, "240p"), (1280, "main")])
def test_a_large_screen_takes_the_best_picture_before_anything_is_loaded(
    town: Town, chromium: Browser, width: int, form: str
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 740}, locale="es-MX")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(town.at(FILM), wait_until="networkidle")
    assert chosen(page) == form
    assert page.locator("[role=alert]").is_hidden()
    assert not [url for url in asked if ".mp4" in url]
    context.close()


def test_what_was_seen_is_marked_and_the_course_goes_on_after_it(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at("/courses/formas"))
    action = page.locator("main .main-action")
    assert action.inner_text().strip() == "Empezar el curso"
    page.goto(town.at(FILM))
    page.evaluate(PLAY)
    page.evaluate(f"{MEDIA}.currentTime = {MEDIA}.duration - 0.5")
    wait(page, f"{MEDIA}.ended")
    page.goto(town.at("/courses/formas"))
    assert page.locator("[data-id] .seen").count() == 1
    assert "Visto" in page.locator("[data-id='formas/pelicula']").inner_text()
    assert action.inner_text().strip() == "Seguir con el curso"
    follow(action)
    assert page.url == town.at("/items/formas/despues")
    wait(page, "'formas/despues' in JSON.parse(localStorage.getItem('done'))")
    page.goto(town.at("/courses/formas"))
    assert action.inner_text().strip() == "Verlo otra vez"
    assert page.locator("[data-id] .seen").count() == 2


def test_nine_tenths_of_a_lesson_are_enough(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at(FILM))
    page.evaluate(f"{MEDIA}.playbackRate = 16")
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 0.4 * {MEDIA}.duration")
    assert page.evaluate("localStorage.getItem('done')") is None
    wait(page, f"{TIME} > 0.93 * {MEDIA}.duration")
    page.evaluate(f"{MEDIA}.pause()")
    wait(page, "localStorage.getItem('done') === '{\"formas/pelicula\":{}}'")


def test_where_she_was_takes_the_place_of_the_start(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at("/"))
    assert page.locator(".start:visible").count() == 1
    assert page.locator(".forget:visible").count() == 0
    place = json.dumps({ITEM: {"at": 30, "left": 70, "title": "<b>Título</b>"}})
    page.evaluate(f"localStorage.setItem('places', {json.dumps(place)})")
    page.reload()
    start = page.locator(".start:visible")
    assert start.count() == 1
    assert start.get_attribute("href") == f"/items/{ITEM}"
    assert start.locator("strong").inner_text() == "<b>Título</b>"
    assert "1 min por ver" in start.inner_text()


def test_a_lesson_that_is_gone_is_offered_no_more(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at("/"))
    places = json.dumps({ITEM: {"at": 9, "left": 70, "title": "Está"}, "formas/ya-no": {"at": 9, "title": "Ya no"}})
    page.evaluate(f"localStorage.setItem('places', {json.dumps(places)})")
    page.reload()
    follow(page.locator(".start:visible"))
    assert page.url == town.at("/items/formas/ya-no")
    follow(page.locator("main .main-action"))
    assert page.locator(".start:visible strong").inner_text() == "Está"


@pytest.mark.parametrize("place", ["javascript:alert(1)", "..", "//elsewhere", "\\ud800", "a/b/c", "toString", "7"])
def test_what_names_no_lesson_is_no_place_to_continue(town: Town, phone: BrowserContext, place: str) -> None:
    page = phone.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(town.at("/"))
    start = page.locator(".start:visible").get_attribute("href")
    text = f'{{"{place}": {{"at": 9, "left": 60, "title": "x"}}}}'
    page.evaluate(f"localStorage.setItem('places', {json.dumps(text)})")
    page.reload()
    assert page.locator(".start:visible").get_attribute("href") == start
    assert not errors


def test_a_shared_phone_forgets_what_was_seen_but_not_what_is_to_be_counted(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at(f"/items/{ITEM}"))
    phone.route("**/usage/events", lambda route: route.abort())
    page.evaluate("""() => {
        localStorage.setItem('places', '{"a/b": {"at": 9, "left": 9, "title": "A"}}');
        localStorage.setItem('done', '{"a/c": {}}');
        localStorage.setItem('rendition', 'audio');
        localStorage.setItem('plays', '{"x": {"id": "x"}}');
    }""")
    page.goto(town.at("/"))
    follow(page.locator("text=Olvidar lo visto").first)
    assert page.url == town.at("/")
    assert page.evaluate("Object.keys(localStorage).filter(name => name !== 'works')") == ["plays"]
    assert page.locator(".forget:visible").count() == 0
    assert "last" not in [cookie["name"] for cookie in phone.cookies()]


def test_without_javascript_she_goes_on_and_chooses_all_the_same(town: Town, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="es-MX")
    page = context.new_page()
    page.goto(town.at(FILM))
    follow(page.locator("[data-rendition=audio]"))
    assert page.url == town.at(f"{FILM}/audio")
    assert chosen(page) == "audio"
    page.goto(town.at("/"))
    follow(page.locator("a.action[href='/continue']"))
    assert page.url == town.at(FILM)
    page.goto(town.at("/"))
    follow(page.locator(".forget:not([hidden]) button"))
    follow(page.locator("a.action[href='/continue']"))
    assert page.url == town.at("/")
    page.fill("input[name=q]", "pelicula")
    follow(page.locator("form:has(input[name=q]) button"))
    assert page.locator(f"a[href='{FILM}']").is_visible()
    context.close()
