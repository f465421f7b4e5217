"""Pages that anyone can use: large targets, by keyboard, with text at twice its size, in colours that can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from setup import ROOT
from tests.town import ITEM, Town

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

PATHS = [
    "/", "/courses/precio-justo", f"/items/{ITEM}", "/items/precio-justo/hoja-de-costos", "/search?q=precio",
    "/search?q=zzz", "/topics/costos-y-precios", "/nada",
]  # fmt: skip
PAIRS = [
    ("ink", "paper"), ("soft", "paper"), ("accent", "paper"), ("ink", "card"), ("soft", "card"), ("accent", "card"),
    ("on-accent", "accent"), ("ink", "notice"), ("ink", "wash"), ("soft", "wash"), ("accent", "wash"), ("green", "card"),
]  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("reach")) as it:
        it.fill_library()
        it.start("web")
        yield it


@pytest.mark.parametrize("path", PATHS)
def test_whatever_can_be_tapped_is_large_enough(town: Town, phone: BrowserContext, path: str) -> None:
    page = phone.new_page()
    page.goto(town.at(path))
    targets = page.locator("a:not(.skip):visible, button:visible, input:visible, summary:visible")
    boxes = [targets.nth(number).bounding_box() for number in range(targets.count())]
    assert len(boxes) >= 2
    assert all(box["height"] >= 48 and box["width"] >= 48 for box in boxes), boxes


@pytest.mark.parametrize("path", PATHS)
def test_text_at_twice_its_size_needs_no_scrolling_sideways(town: Town, phone: BrowserContext, path: str) -> None:
    page = phone.new_page()
    page.goto(town.at(path))
    before = page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize")
    page.evaluate("document.documentElement.style.fontSize = '225%'")
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") != before
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_reaches_everything_and_is_seen(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at("/courses/precio-justo"))
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Saltar al contenido"
    assert skip.bounding_box()["x"] >= 0
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.locator(":focus").count() == 0 or page.evaluate("document.activeElement === document.body"):
            break
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        reached.append(page.evaluate("document.activeElement.getAttribute('href')"))
    wanted = page.evaluate("[...document.querySelectorAll('a:not(.skip)')].map(link => link.getAttribute('href'))")
    assert reached == wanted


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb or #rgb (WCAG 2.2)."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_colours_can_be_told_apart(scheme: str, pair: tuple[str, str]) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", (ROOT / "hub/frontend/hub.css").read_text(), re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", light if scheme == "light" else dark))
    dim, bright = sorted(luminance(found[name]) for name in pair)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5
