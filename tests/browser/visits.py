"""A look at each place, once, and all that is judged about it: the tests then ask one question each.

visits = Visits(village, browser, tools)
visits.at(BY_NAME["home"], "es").axe["dark"]        # ["color-contrast: .facts"]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.browser.places import Place, reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.browser.village import Village
    from tests.tools import Tools

LOCALES = {"es": "es-MX", "en": "en-US"}
PHONE = {"width": 360, "height": 740}
SMALLEST = {"width": 320, "height": 600}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = """tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']}).then(found =>
    found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(' ')}`)))"""
# What sticks out of the screen or is cut off, unless it lies in a box that is made to be scrolled. A summary may be cut
# after its second line: the whole of it is one tap away.
LOST = """() => {
    const scrolls = one => one && (/auto|scroll/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
    const name = one => one.tagName.toLowerCase() + (one.className && one.className.trim ? '.' + one.className : '');
    const lost = document.documentElement.scrollWidth > innerWidth ? ['the page'] : [];
    for (const one of document.body.querySelectorAll('*:not(.skip)')) {
        const box = one.getBoundingClientRect(), style = getComputedStyle(one);
        if (box.width <= 1 || style.visibility === 'hidden' || scrolls(one) || one.closest('svg, .screen')) continue;
        if (box.right > innerWidth + 1 || box.left < -1) lost.push(`${name(one)} sticks out`);
        const cut = one.scrollHeight > one.clientHeight + 2 && /hidden|clip/.test(style.overflowY);
        if (cut && style.webkitLineClamp === 'none') lost.push(`${name(one)} is cut off`);
    }
    return lost;
}"""
MOVING = """() => [...document.querySelectorAll('*')].filter(one => {
    const style = getComputedStyle(one);
    const long = text => text.split(',').some(time => parseFloat(time) > 0.01);
    return (style.animationName !== 'none' && long(style.animationDuration)) || long(style.transitionDuration);
}).map(one => one.tagName)"""
SMALL = """() => [...document.querySelectorAll('a:not(.skip), button, summary, select, input:not([type=hidden])')]
    .filter(one => one.offsetParent && getComputedStyle(one).display !== 'inline')
    .map(one => [one, one.closest('label') || one])
    .filter(([one, box]) => box.offsetHeight < 48 || box.offsetWidth < 48)
    .map(([one]) => `${one.tagName} ${one.className}: ${one.offsetWidth} by ${one.offsetHeight}`)"""


class Node(NamedTuple):
    """A thing in the tree that a screen reader is given; `level` is a heading's."""

    role: str
    name: str
    level: int = 0


@dataclass
class Visit:
    """What was seen at a place."""

    place: Place
    language: str
    status: int = 0
    served: str = ""
    drawn: str = ""
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    axe: dict[str, list[str]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    small: list[str] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    tree: list[Node] = field(default_factory=list)
    said_language: str = ""
    is_there: bool = False


def tree(page: Page) -> list[Node]:
    """Chromium's accessibility tree of the page, in reading order."""
    told = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    nodes = {node["nodeId"]: node for node in told}

    def walk(node: dict[str, Any]) -> Iterator[Node]:
        levels = [each["value"]["value"] for each in node.get("properties", []) if each["name"] == "level"]
        if not node["ignored"]:
            yield Node(node["role"]["value"], node.get("name", {}).get("value", ""), *levels)
        for child in node.get("childIds", []):
            yield from walk(nodes[child])

    return list(walk(told[0]))


class Visits:
    """Visits each place when it is first asked about."""

    def __init__(self, village: Village, chromium: Browser, tools: Tools) -> None:
        self.village = village
        self._chromium = chromium
        self._axe = tools.axe
        self._seen: dict[tuple[str, str], Visit | Exception] = {}

    def at(self, place: Place, language: str = "es") -> Visit:
        """The visit to `place` by a phone that asks for `language`; what went wrong the first time is raised again."""
        key = place.name, language
        if key not in self._seen:
            context = self._chromium.new_context(viewport=PHONE, locale=LOCALES[language], has_touch=True)
            context.set_default_timeout(10_000)
            try:
                self._seen[key] = self._look(place, language, context)
            except Exception as error:  # noqa: BLE001 (every test of this place is told)
                self._seen[key] = error
            finally:
                context.close()
        seen = self._seen[key]
        if isinstance(seen, Exception):
            raise seen
        return seen

    def _look(self, place: Place, language: str, context: BrowserContext) -> Visit:
        visit = Visit(place, language)
        context.on("request", lambda request: visit.asked.append(request.url))
        context.on("weberror", lambda error: visit.complaints.append(str(error.error)))
        lines, answers = [], []
        context.on("console", lambda line: lines.append(line) if line.type == "error" else None)
        context.on(
            "response", lambda answer: answers.append(answer) if answer.request.is_navigation_request() else None
        )
        page = reach(self.village, context, place)
        pages = {answer.url for answer in answers}  # Chromium says of each page with an error's status that it has one
        visit.complaints += [line.text for line in lines if line.location["url"] not in pages]
        visit.status, visit.served = answers[-1].status, answers[-1].text()
        visit.is_there = page.locator(place.sees).locator("visible=true").count() > 0
        visit.drawn, visit.tree = page.content(), tree(page)
        visit.said_language = page.locator("html").get_attribute("lang") or ""
        self._judge(visit, page)
        return visit

    def _judge(self, visit: Visit, page: Page) -> None:
        page.evaluate(self._axe)
        for scheme in ("light", "dark") if visit.language == "es" else ("light",):
            page.emulate_media(color_scheme=scheme)
            visit.axe[scheme] = page.evaluate(AXE, TAGS)
        visit.small = page.evaluate(SMALL)
        page.emulate_media(reduced_motion="reduce")
        visit.moving = page.evaluate(MOVING)
        visit.lost["as it is"] = page.evaluate(LOST)
        page.set_viewport_size(SMALLEST)
        visit.lost["on the smallest screen"] = page.evaluate(LOST)
        page.set_viewport_size(PHONE)
        page.evaluate("document.documentElement.style.fontSize = '225%'")  # ours is 112.5 %
        visit.lost["at twice the size"] = page.evaluate(LOST)
