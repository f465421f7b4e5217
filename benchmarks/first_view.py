"""What a phone pays to see a page: bytes and requests, the time to the first paint on a slow phone, axe and vnu.

    python -m benchmarks.first_view [ROUNDS]

Each main page in headless Chromium: a first view with nothing kept, a later one that comes from the home page (or from
a course), and the first contentful paint with the processor slowed six times on a link of 1.6 Mbit/s with 150 ms there
and back, the median of five. Ends with 1 if axe or vnu has a complaint.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.chromium import launched
from tests.browser.places import MAIN_PLACES, Place
from tests.browser.village import Village
from tests.browser.visits import PHONE, Visits
from tests.browser.weigh import weigh
from tests.tools import Tools

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SLOWER = 6
LINK: dict[str, Any] = {
    "offline": False,
    "latency": 150,  # ms
    "downloadThroughput": 1_600_000 / 8,  # bytes a second
    "uploadThroughput": 750_000 / 8,
}
PAINTED = "performance.getEntriesByName('first-contentful-paint').map(paint => paint.startTime)"
HEAD = """\
| page | first view | requests | later view | requests | first paint | axe | vnu |
|---|---|---|---|---|---|---|---|"""


def main(rounds: int) -> int:
    """Measure and print the table; returns how many pages have complaints, at most 1."""
    tools = Tools.ready()
    with tempfile.TemporaryDirectory() as folder, Village(Path(folder)) as village, launched() as browser:
        visits = Visits(village, browser, tools)
        print(HEAD)
        wrong = [place.name for place in MAIN_PLACES if not _row(place, rounds, visits, tools, browser)]
    return int(bool(wrong))


def _row(place: Place, rounds: int, visits: Visits, tools: Tools, browser: Browser) -> bool:
    """Print one page's figures; returns whether axe and vnu are content."""
    at = visits.village.hub(place.hub).at
    page = _phone(browser)
    first = weigh(page, lambda: page.goto(at(place.path)))
    other = _phone(browser)
    weigh(other, lambda: other.goto(at(MAIN_PLACES[1].path if place.path == "/" else "/")))
    later = weigh(other, lambda: other.goto(at(place.path)))
    paint = statistics.median(_paint(browser, at(place.path)) for _ in range(rounds))
    visit = visits.at(place)
    axe, vnu = sum(map(len, visit.axe.values())), _vnu(tools, visit.served)
    figures = [f"{first.bytes / 1000:.1f} kB", first.requests, f"{later.bytes / 1000:.1f} kB", later.requests]
    print("|", " | ".join(map(str, [place.name, *figures, f"{paint / 1000:.2f} s", axe, vnu])), "|", flush=True)
    for each in (page, other):
        each.context.close()
    return not axe and not vnu


def _phone(browser: Browser) -> Page:
    return browser.new_context(viewport=PHONE, locale="es-MX").new_page()


def _paint(browser: Browser, address: str) -> float:
    """Milliseconds from asking for the page to its first contentful paint, with nothing kept."""
    page = _phone(browser)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", LINK)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(address)
    while not (painted := page.evaluate(PAINTED)):
        page.wait_for_timeout(50)
    page.context.close()
    return float(painted[0])


def _vnu(tools: Tools, html: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        served = Path(folder) / "page.html"
        served.write_text(html, "utf-8")
        return len(tools.vnu([served]))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
