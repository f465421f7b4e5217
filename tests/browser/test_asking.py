"""A villager asks for a lesson that has not come, on a phone without JavaScript, and with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import delivery
from tests.browser.chromium import follow

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.village import Village


@pytest.mark.parametrize("script", [False, True], ids=["without JavaScript", "with JavaScript"])
def test_asking_takes_one_tap_and_is_remembered(village: Village, chromium: Browser, script: bool) -> None:
    at = village.hub("waiting").at
    context = chromium.new_context(viewport={"width": 320, "height": 568}, locale="es-MX", java_script_enabled=script)
    page = context.new_page()
    page.goto(at(f"/courses/{delivery.COURSE}"))
    follow(page.locator(f"a[href='/items/{delivery.COMING}']"))
    page.locator("main button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{delivery.COMING}/asked")
    assert page.get_by_text("Ya pediste esta lección. ¡Gracias!").is_visible()
    page.goto(at(f"/items/{delivery.COMING}"))
    assert page.locator("main button").count() == 0
    follow(page.locator("main .main-action"))
    assert delivery.COMING not in page.url, "the next lesson is one that is here"
    context.clear_cookies()
    page.goto(at(f"/items/{delivery.COMING}"))
    assert page.locator("main button").is_visible()
    context.close()


def test_a_lesson_that_is_coming_is_no_place_to_continue(village: Village, chromium: Browser) -> None:
    at = village.hub("waiting").at
    context = chromium.new_context(locale="es-MX")
    page = context.new_page()
    page.goto(at(f"/items/{delivery.COMING}"))
    page.goto(at("/continue"))
    assert page.url == at("/")
    page.goto(at("/"))
    assert page.locator("section[data-left]").is_hidden()
    context.close()
