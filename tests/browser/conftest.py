"""A browser, a phone in it, the hubs it visits and the tools that judge what it sees: one of each for all tests."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import launched
from tests.browser.village import Village
from tests.browser.visits import Visits
from tests.tools import Absent, Tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with contextlib.ExitStack() as stack:
        try:
            browser = stack.enter_context(launched())
        except Absent as absent:
            pytest.skip(str(absent))
        yield browser


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
