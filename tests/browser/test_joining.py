"""A phone joins in a real browser: any address leads to the one button, and after it to the library.

The hub stands as the browser's proxy, so that all names lead to it as they do on its Wi-Fi.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.joining import NAMED
from tests.town import Town

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with Town(tmp_path, NAMED) as town:
        town.fill_library()
        town.start("web")
        yield town


@pytest.fixture
def page(town: Town, chromium: Browser) -> Iterator[Page]:
    proxy = {"server": f"http://127.0.0.1:{town.ports['web']}"}
    context = chromium.new_context(proxy=proxy, viewport={"width": 360, "height": 740}, locale="es-MX")
    yield context.new_page()
    context.close()


def test_any_address_leads_to_the_button_and_then_to_the_library(town: Town, page: Page) -> None:
    port = town.ports["web"]
    page.goto("http://recetas.example/pan")
    assert page.url == f"http://127.0.0.1:{port}/welcome"
    assert page.locator("a").count() == 0
    page.click("main button")
    page.wait_for_selector("h1 .icon")
    assert page.url == f"http://127.0.0.1:{port}/welcome"
    assert page.context.cookies() == []
    page.goto("http://recetas.example/pan")
    assert page.url == f"http://{NAMED['HUB_NAME']}:{port}/"
    assert page.locator("main .tile, main .start").count() > 0


def test_the_sign_in_window_sees_success_where_it_was_led_away(page: Page) -> None:
    """As Apple's and Android's windows find out that they may close."""
    page.goto("http://captive.apple.com/hotspot-detect.html")
    assert page.url.endswith("/welcome")
    page.click("main button")
    page.wait_for_selector("h1 .icon")
    page.goto("http://captive.apple.com/hotspot-detect.html")
    assert (page.url, page.title(), page.inner_text("body")) == (
        "http://captive.apple.com/hotspot-detect.html", "Success", "Success",
    )  # fmt: skip


def test_the_button_is_pressed_by_a_thumb_or_by_a_key(page: Page) -> None:
    page.goto("http://x.example/")
    box = page.locator("main button").bounding_box()
    assert box is not None
    assert box["height"] >= 72
    assert box["y"] + box["height"] <= 740, "on the first screen"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1 .icon")
