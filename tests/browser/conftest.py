"""Debian's Chromium, driven by Playwright, and a phone in it; nothing is downloaded."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.browser.village import Village
from tests.browser.visits import Visits
from tests.tools import Absent, Tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        pytest.skip("component absent: chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="es-MX")
    yield context
    context.close()


@pytest.fixture(scope="session")
def tools() -> Tools:
    """What judges pages."""
    try:
        return Tools.ready()
    except Absent as absent:
        pytest.skip(str(absent))


@pytest.fixture(scope="session")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    with Village(tmp_path_factory.mktemp("village")) as it:
        yield it


@pytest.fixture(scope="session")
def visits(village: Village, chromium: Browser, tools: Tools) -> Visits:
    """Each place of `places.py`, seen once."""
    return Visits(village, chromium, tools)
