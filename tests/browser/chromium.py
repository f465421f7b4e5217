"""Debian's Chromium, driven by Playwright; nothing is downloaded.

with launched() as browser:         # raises Absent where Chromium is not installed
    page = browser.new_page()
    page.goto(address)
    follow(page.locator("main a"))  # and what is asked of the page now is asked of the one that the link leads to
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from tests.tools import Absent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator

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


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """A browser for the length of the block."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        raise Absent("component absent: chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def follow(target: Locator) -> None:
    """Press what leads to another page, and wait until that is there whole.

    A click alone returns as soon as the new page begins: `evaluate`, `count` and `is_visible` may then find it empty.
    """
    with target.page.expect_event("load"):
        target.click()
