"""Every page and state that a person can see, in one list: what is tested, photographed and measured.

A new page is one line here. `reach(village, context, place)` opens it as a person would find it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.browser import carrying, delivery, joining, leaving, visiting
from tests.browser.village import EVERY_KIND, PASSWORD
from tests.town import ITEM

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page

    from tests.browser.village import Village

COURSE = ITEM.partition("/")[0]
LEFT = {"places": {ITEM: {"at": 30, "left": 60, "title": "¿Cuánto te cuesta de verdad?"}}}
SEVERAL = {
    "places": {f"{COURSE}/de-costo-a-precio": {"at": 9, "left": 80, "title": "De costo a precio"}, **LEFT["places"]},
    "done": {f"{COURSE}/prueba-tu-precio": {}},
}


@dataclass(frozen=True)
class Place:
    """A page at `path` of a hub; `stored` lies on the phone before, `act` is done once it is open.

    `sees` is a selector of what is visible in this state and in no other of the page.
    """

    name: str
    path: str
    hub: str = "village"
    status: int = 200
    stored: dict[str, Any] = field(default_factory=dict)
    staff: bool = False
    act: Callable[[Village, Page], object] | None = None
    sees: str = "main"


def _trouble(_village: Village, page: Page) -> None:
    page.evaluate("() => { document.querySelector('video').play().catch(() => {}); }")
    page.wait_for_selector("[role=alert]:visible")


def _wrong_password(village: Village, page: Page) -> None:
    # The right one first: it takes back what earlier wrong ones cost.
    page.request.post(page.url, form={"name": "admin", "password": PASSWORD}, headers={"Origin": page.url[:-19]})
    _sign_in(page)


def _too_many(_village: Village, page: Page) -> None:
    for _ in range(7):
        _sign_in(page)
        if not page.locator("#password").count():
            return
    raise AssertionError("the hub lets anyone try as many passwords as she likes")


def _sign_in(page: Page) -> None:
    page.fill("#name", "admin")
    page.fill("#password", "no es esta")
    page.click("main button")


PLACES = [
    Place("home", "/"),
    Place("home-empty", "/", hub="empty", sees="main .notice"),
    Place("home-continue", "/", stored=LEFT, sees="section[data-left] a"),
    Place("home-continue-several", "/", stored=SEVERAL, sees="section[data-left] li"),
    Place("home-many-courses", "/", hub="crowded", sees="main .more"),
    Place("home-something-new", "/", hub="crowded", sees="main .badge"),
    Place("topic", "/topics/pruebas"),
    Place("topic-many-courses", "/topics/muchos", hub="crowded", sees="[rel=next]"),
    Place("topic-last-page", "/topics/muchos/2", hub="crowded", sees="[rel=prev]"),
    Place("course", f"/courses/{COURSE}"),
    Place("course-some-seen", f"/courses/{COURSE}", stored=SEVERAL, sees="main .seen"),
    Place("course-every-kind", f"/courses/{EVERY_KIND}"),
    Place("item-video", f"/items/{ITEM}", sees="video"),
    Place("item-video-left", f"/items/{ITEM}", stored=LEFT),
    Place("item-video-forms", f"/items/{EVERY_KIND}/video"),
    Place("item-video-lighter", f"/items/{EVERY_KIND}/video/240p", sees="[data-rendition='240p'][aria-current]"),
    Place("item-audio", f"/items/{EVERY_KIND}/audio", sees="audio"),
    Place("item-reading", f"/items/{COURSE}/guia-de-precios"),
    Place("item-reading-table", f"/items/{EVERY_KIND}/lectura", sees="main table"),
    Place("item-document", f"/items/{COURSE}/hoja-de-costos"),
    Place("item-image", f"/items/{EVERY_KIND}/imagen", sees="main img"),
    Place("item-quiz", f"/items/{EVERY_KIND}/preguntas"),
    Place(
        "item-quiz-answered",
        f"/items/{EVERY_KIND}/preguntas",
        act=lambda _, page: page.click("summary >> nth=0"),
        sees="details[open] strong",
    ),
    Place("item-not-playable", f"/items/{EVERY_KIND}/roto", act=_trouble, sees="[role=alert]"),
    Place("search", "/search"),
    Place("search-found", "/search?q=costos", sees="main .row"),
    Place("search-nothing", "/search?q=xilófono", sees="main .notice"),
    Place("search-many", "/search?q=curso&page=2", hub="crowded", sees="[rel=prev]"),
    Place("usage", "/usage", sees="main svg[role=img]"),
    Place("usage-empty", "/usage", hub="empty", sees="main .main-action"),
    Place("usage-few", "/usage", hub="quiet", sees="main .notice + section"),
    Place("not-found", "/nada", status=404),
    Place("link-used", "/technician/enter/gastado", status=410),
    Place("sign-in", "/technician/sign-in"),
    Place("sign-in-wrong", "/technician/sign-in", status=403, act=_wrong_password, sees="[role=alert]"),
    Place("too-many-tries", "/technician/sign-in", hub="empty", status=429, act=_too_many),
    Place("enter", "{link}"),
    Place("staff-home", "/technician", staff=True, sees="main table"),
    Place("staff-password", "/technician/password", staff=True, sees="#current"),
    Place("welcome", "/welcome", hub="joining", sees="main button"),
    Place("welcome-setup", "/welcome", hub="joining", act=joining.on_setup_network, sees="main button"),
    Place("welcome-ready", "/welcome", hub="joined", act=joining.press, sees="h1 .icon"),
    Place("carry", "/carry", hub="carried", sees="main ol"),
    Place("carry-thanks", "/carry", hub="carried", act=carrying.thank, sees="main [role=status]"),
    Place("carry-mistake", "/carry", hub="carried", status=422, act=carrying.mistake, sees="main [role=alert]"),
    Place("carry-alone", "/carry", hub="empty"),
    Place("staff-carry", "/technician/carry", hub="carried", staff=True, sees="#kit-file"),
    Place(
        "staff-carry-wrong-kit",
        "/technician/carry",
        hub="carried",
        status=422,
        staff=True,
        act=carrying.wrong_kit,
        sees="main [role=alert]",
    ),
    Place("course-coming", f"/courses/{COURSE}", hub="waiting", sees="main .badge"),
    Place("course-all-coming", f"/courses/{delivery.NOTHING_YET}", hub="waiting", sees="main .notice"),
    Place("search-coming", "/search?q=costos", hub="waiting", sees="main .badge"),
    Place("item-coming", f"/items/{delivery.COMING}", hub="waiting", sees="main button"),
    Place("item-asked", f"/items/{delivery.COMING}", hub="waiting", act=delivery.ask, sees="main [role=status]"),
    Place("home-coming", "/", hub="waiting", sees="main .badge"),
    Place("content", "/technician/content", hub="waiting", staff=True, sees="#budget"),
    Place("content-empty", "/technician/content", hub="empty", staff=True, sees="main .notice"),
    Place("content-bringing", "/technician/content", hub="waiting", staff=True, act=delivery.bring, sees="main .meter"),
    Place("content-failed", "/technician/content", hub="waiting", staff=True, act=delivery.fail, sees="main .notice"),
    Place(
        "content-stick", "/technician/content", hub="waiting", staff=True, act=delivery.plug, sees="#sticks ~ .meter"
    ),
    Place("content-stopped", "/technician/content", hub="waiting", staff=True, act=delivery.spend, sees="main .notice"),
    Place("content-limits", "/technician/content", hub="waiting", staff=True, act=delivery.limits, sees="#daily"),
    Place("content-courses", "/technician/content/courses", hub="waiting", staff=True, sees="main .row"),
    Place("content-courses-many", "/technician/content/courses?page=2", hub="crowded", staff=True, sees="[rel=prev]"),
    Place("content-courses-none", "/technician/content/courses?show=removed", hub="crowded", staff=True),
    Place("content-course", f"/technician/content/courses/{COURSE}", hub="waiting", staff=True, sees="main .card"),
    Place(
        "content-course-sure",
        f"/technician/content/courses/{COURSE}",
        hub="waiting",
        staff=True,
        act=lambda _, page: page.click("summary >> nth=0"),
        sees="details[open] button",
    ),
]
PLACES += [Place(**place) for place in visiting.PLACES + leaving.PLACES]
BY_NAME = {place.name: place for place in PLACES}
# What is weighed and timed.
MAIN_PLACES = [BY_NAME[name] for name in ("home", "course", "item-video", "item-reading", "search-found", "usage")]


def reach(village: Village, context: BrowserContext, place: Place) -> Page:
    """Open `place` in a fresh page of `context`; the context should be fresh too."""
    town = village.hub(place.hub)
    if place.staff:
        context.add_cookies([village.staff(place.hub)])
    for name, value in place.stored.items():
        text = json.dumps(json.dumps(value))
        context.add_init_script(f"try {{ localStorage.setItem({json.dumps(name)}, {text}); }} catch (nowhere) {{}}")
    page = context.new_page()
    page.goto(village.link() if place.path == "{link}" else town.at(place.path), wait_until="load")
    if place.act:
        place.act(village, page)
        page.wait_for_load_state()
    return page
