"""The main pages by ear, by keyboard and without scripts: what a screen reader says, where the keys lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import follow
from tests.browser.places import BY_NAME, COURSE, MAIN_PLACES, reach
from tests.browser.village import EVERY_KIND
from tests.browser.visits import PHONE, Node
from tests.town import ITEM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.browser.places import Place
    from tests.browser.village import Village
    from tests.browser.visits import Visits

pytestmark = pytest.mark.timeout(120)
BY_KEYS = [*MAIN_PLACES, *(BY_NAME[name] for name in ("item-video-forms", "item-quiz", "topic", "staff-home"))]
# In reading order, what must be said on each page; more may stand between.
SAID = {
    "home": [
        Node("heading", "¿Qué quieres aprender hoy?", 1),
        Node("heading", "Empieza aquí", 2),
        Node("searchbox", "Busca en los cursos"),
        Node("button", "Buscar"),
    ],
    "home-continue": [
        Node("region", "Sigue donde te quedaste"),
        Node("button", "Olvidar lo visto en este teléfono"),
        Node("searchbox", "Busca en los cursos"),
    ],
    "course": [
        Node("navigation", "Estás aquí"),
        Node("heading", "Ponle precio justo a lo que vendes", 1),
        Node("link", "Empezar el curso"),
        Node("link", "1. ¿Cuánto te cuesta de verdad? Video · 2 min"),
    ],
    "item-video-forms": [
        Node("heading", "Un video", 1),
        Node("Video", "Un video"),
        Node("button", "play"),
        Node("navigation", "Cómo verla"),
        Node("link", "Siguiente lección Para escuchar"),
        Node("region", "Para llevar"),
    ],
    "item-audio": [Node("heading", "Para escuchar", 1), Node("Audio", "Para escuchar"), Node("button", "play")],
    "item-image": [Node("image", "Un puesto de mercado con fruta.")],
    "item-quiz": [
        Node("heading", "1. ¿Cuáles son los tres costos?", 2),
        Node("DisclosureTriangle", "Ver la respuesta"),
        Node("heading", "2. ¿Qué se cuenta cada mes?", 2),
    ],
    "item-not-playable": [Node("alert", "")],
    "search-found": [
        Node("heading", "Buscar", 1),
        Node("searchbox", "Busca en los cursos"),
        Node("status", ""),
        Node("link", "Mi hoja de costos Documento · Ponle precio justo a lo que vendes"),
    ],
}


@pytest.mark.parametrize("name", SAID)
def test_a_screen_reader_says_it_in_this_order(visits: Visits, name: str) -> None:
    said = iter(visits.at(BY_NAME[name]).tree)
    missing = [node for node in SAID[name] if node not in said]  # an iterator goes on where the last was found
    assert missing == []


@pytest.mark.parametrize("place", BY_KEYS, ids=lambda place: place.name)
def test_the_keyboard_reaches_everything_in_order_and_is_seen(
    village: Village, phone: BrowserContext, place: Place
) -> None:
    page = reach(village, phone, place)
    wanted = page.evaluate(
        "() => { window.all = [...document.querySelectorAll('a, button, input, summary, video, audio, select')]"
        ".filter(one => one.offsetParent || one.matches('.skip')).filter(one => one.type !== 'hidden');"
        " return all.length; }"
    )
    reached = list(tab_through(page))
    assert wanted >= 5
    assert [number for number, _, _ in reached] == list(range(wanted))
    assert [number for number, outlined, _ in reached if not outlined] == []
    assert [number for number, _, on_screen in reached if not on_screen] == []


def tab_through(page: Page):
    """Press Tab until the focus leaves the page; yields each stop's place in it, whether it is seen and on the screen."""
    last = None
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            "() => { const one = document.activeElement, box = one.getBoundingClientRect(), look = getComputedStyle(one);"
            " return [all.indexOf(one), look.outlineStyle === 'solid' && parseFloat(look.outlineWidth) >= 2"
            " || one.matches('video, audio'), box.bottom > 0 && box.top < innerHeight && box.left >= 0]; }"
        )
        if stop[0] < 0:
            return
        if stop[0] != last:  # a player has buttons of its own inside
            yield stop
        last = stop[0]
    raise AssertionError("the keyboard never leaves the page")


def test_the_skip_link_leads_past_the_header(village: Village, phone: BrowserContext) -> None:
    page = reach(village, phone, BY_NAME["course"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_without_scripts_she_searches_watches_lighter_answers_and_continues(
    village: Village, chromium: Browser
) -> None:
    context = chromium.new_context(viewport=PHONE, locale="es-MX", java_script_enabled=False)
    page, at = context.new_page(), village.hub("village").at
    page.goto(at("/"))
    page.get_by_role("searchbox").fill("un video")
    follow(page.get_by_role("button", name="Buscar"))
    follow(page.locator("main").get_by_role("link", name="Un video Video"))
    follow(page.get_by_role("link", name="Mejor imagen").first)
    assert page.url == at(f"/items/{EVERY_KIND}/video/main")
    assert page.locator("nav a[aria-current=true]").first.inner_text().startswith("Mejor imagen")
    assert page.locator("video[controls] > source").get_attribute("src").endswith("/video.mp4")
    page.goto(at(f"/items/{EVERY_KIND}/preguntas"))
    page.get_by_text("Ver la respuesta").first.click()
    assert page.get_by_text("Porque tu tiempo también vale.").is_visible()
    page.goto(at(f"/items/{ITEM}"))
    page.goto(at("/"))
    follow(page.get_by_role("link", name="Sigue donde te quedaste"))
    assert page.url == at(f"/items/{ITEM}")
    page.goto(at(f"/courses/{COURSE}"))
    assert page.get_by_role("link", name="Empezar el curso").is_visible()
    context.close()
