"""The whole loop as its people see it: a villager watches in her browser, head office sees it on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.chromium import follow
from tests.town import ITEM, Town, until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_a_lesson_watched_on_a_phone_shows_on_head_offices_page(tmp_path: Path, chromium: Browser) -> None:
    with Town(tmp_path) as town:
        town.open()
        phone = chromium.new_context(viewport={"width": 360, "height": 740}, locale="es-MX").new_page()
        hub = f"http://localhost:{town.ports['web']}"
        phone.goto(hub)
        follow(phone.locator("text=Ponle precio justo").first)
        follow(phone.locator(f"a[href='/items/{ITEM}']").first)
        phone.evaluate("() => { const v = document.querySelector('video'); v.muted = true; return v.play(); }")
        assert until(lambda: town.at_head_office()["plays"] == 1, 60), town.log("worker")
        assert phone.evaluate("document.querySelector('video').currentTime") > 5
        totals = town.at_head_office()
        assert totals["visitors"] == 1
        office = chromium.new_context(locale="es-MX").new_page()
        office.goto(town.office)
        row = office.locator("tr", has_text="Prueba")
        assert row.locator("td").all_inner_texts()[1:3] == ["1", "1"], row.inner_text()
        follow(office.locator("text=Prueba").first)
        assert office.locator("svg").count() >= 1
