"""Somebody who never used a website: from the hub's first page to a lesson that plays, each tap counted.

And what she and a facilitator with a projector see before anybody scrolls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.places import BY_NAME, reach
from tests.town import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, FloatRect, Locator, Page

    from tests.browser.village import Village

MOST_TAPS = 3
# What stands out on a page as the thing to do: a player, else the first large thing to tap below the heading.
PLAYER = "main video"
MAIN = "main a.main-action:visible, main a.start:visible, main a.card:visible, main a.row:visible"
SMALL_PHONE = {"width": 360, "height": 640}
PROJECTOR = {"width": 1280, "height": 720}
PLAYING = "(v => !!v && !v.paused && v.currentTime > 0.3)(document.querySelector('video'))"


def test_three_taps_lead_from_the_first_page_to_a_lesson_that_plays(village: Village, chromium: Browser) -> None:
    context = chromium.new_context(
        viewport={"width": 360, "height": 740}, locale="es-MX", has_touch=True, is_mobile=True, device_scale_factor=2
    )
    page = context.new_page()
    page.goto(village.hub("village").at("/"))
    assert page.locator("html").get_attribute("lang") == "es"
    taps, way = 0, []
    while not page.evaluate(PLAYING):
        assert taps < MOST_TAPS, way
        way.append(tap_what_stands_out(page))
        taps += 1
        until(lambda: page.evaluate(PLAYING), 3 if way[-1] == "the player" else 0)
    assert 1 <= taps <= MOST_TAPS
    context.close()


def tap_what_stands_out(page: Page) -> str:
    """Tap it with a finger; returns what it was. It must be on the screen without scrolling."""
    player = page.locator(PLAYER)
    if player.count():
        # Chromium draws its own button to play into this corner; a button of ours would lie above.
        press(page, player.first, lambda box: (box["x"] + 32, box["y"] + box["height"] - 36))
        return "the player"
    target, before = page.locator(MAIN).first, page.url
    name = target.inner_text().split("\n")[0]
    press(page, target, lambda box: (box["x"] + box["width"] / 2, box["y"] + 24))
    page.wait_for_url(lambda url: url != before)
    return name


def press(page: Page, target: Locator, where: Callable[[FloatRect], tuple[float, float]]) -> None:
    box = target.bounding_box()
    assert box is not None
    x, y = where(box)
    assert y < 740, "it has to be scrolled for"
    page.touchscreen.tap(x, y)


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("home", "[data-start] .main-action"),
        ("home-continue", "[data-left] .main-action"),
        ("course", "[data-go] a"),
        ("item-video", "[data-end] a"),
        ("item-document", "[data-open]"),
        ("item-audio", "[data-end] a"),
        ("usage-empty", "main .main-action"),
        ("staff-home", "main .main-action"),
    ],
)
def test_the_main_action_is_whole_on_the_first_screen_of_a_small_phone(
    village: Village, chromium: Browser, name: str, action: str
) -> None:
    with chromium.new_context(viewport=SMALL_PHONE, locale="es-MX") as context:
        page = reach(village, context, BY_NAME[name])
        assert bottom(page, action) <= SMALL_PHONE["height"]


def test_a_projector_shows_the_film_large_with_its_forms_and_the_next_lesson(
    village: Village, chromium: Browser
) -> None:
    with chromium.new_context(viewport=PROJECTOR, locale="es-MX") as context:
        page = reach(village, context, BY_NAME["item-video"])
        film = page.locator("video").bounding_box()
        assert film is not None
        assert film["width"] > 0.66 * PROJECTOR["width"]
        assert max(bottom(page, one) for one in ("video", ".choices", "[data-end] a")) <= PROJECTOR["height"]


def bottom(page: Page, selector: str) -> float:
    """How far down it reaches; it is there once, and seen."""
    box = page.locator(f"{selector}:visible").bounding_box()
    assert box is not None
    return box["y"] + box["height"]
