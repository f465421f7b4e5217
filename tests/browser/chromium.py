"""Debian's Chromium, driven by Playwright; nothing is downloaded.

with launched() as browser:         # raises Absent where Chromium is not installed
    ...
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from tests.tools import Absent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

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
