"""A technician's visit in Chromium on a phone's screen, without JavaScript: link, password, look, out and in again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import follow
from tests.town import Town

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

PASSWORD = "tres gatos cantan"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("technician")) as it:
        it.fill_library()
        it.start("web")
        yield it


@pytest.mark.parametrize(
    ("language", "password", "fail"), [("es-MX", "Contraseña nueva", "Falla"), ("en", "New password", "Fail")]
)
def test_a_visit_from_link_to_sign_out(town: Town, chromium: Browser, language: str, password: str, fail: str) -> None:
    words = ("--name", "Dzemul", "--time-zone", "America/Merida", "--without-head-office", "--json")
    link = json.loads(town.run("hub", "setup", *words))["link"]
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale=language, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    fits(page)
    follow(page.locator("main button"))
    assert page.url.endswith("/technician/password")
    page.get_by_label(password).fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    fits(page)
    follow(page.locator("main button"))
    assert page.url.endswith("/technician")
    assert page.get_by_role("heading", name="Dzemul").is_visible()
    assert page.get_by_text(fail, exact=True).count() >= 1  # no worker runs here
    fits(page)
    follow(page.locator("main button"))
    assert page.url.endswith("/technician/sign-in")
    fits(page)
    page.locator("#password").fill(PASSWORD)
    follow(page.locator("main button"))
    assert page.url.endswith("/technician")
    page.goto(link)
    assert "hub setup" in page.locator("main").inner_text()
    context.close()


def fits(page: Page) -> None:
    """Nothing is wider than the screen, and what is tapped is big enough for a thumb."""
    for box in (found.bounding_box() for found in page.locator("main *:visible").all()):
        assert box is None or box["x"] + box["width"] <= 360.5
    for target in page.locator("main button, main .action, main input:visible").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44
