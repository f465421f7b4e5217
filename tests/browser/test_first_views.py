"""What a first view and a later one cost a phone: bytes and requests are exact, so they are held here; times are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.places import BY_NAME, MAIN_PLACES
from tests.browser.visits import PHONE
from tests.browser.weigh import MOST_BYTES, MOST_LATER, MOST_REQUESTS, weigh

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from tests.browser.places import Place
    from tests.browser.village import Village

HEAVY = [
    BY_NAME[name]
    for name in (
        "home-many-courses", "topic-many-courses", "course-every-kind", "search-many",
        "home-coming", "course-all-coming", "item-coming",
    )
]  # fmt: skip
PLACES = [*MAIN_PLACES, *HEAVY]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_first_view_is_light(village: Village, phone: BrowserContext, place: Place) -> None:
    page = phone.new_page()
    weight = weigh(page, lambda: page.goto(village.hub(place.hub).at(place.path)))
    assert 1000 < weight.bytes <= MOST_BYTES
    assert 3 <= weight.requests <= MOST_REQUESTS


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_later_view_is_lighter(village: Village, phone: BrowserContext, place: Place) -> None:
    page, at = phone.new_page(), village.hub(place.hub).at
    first = weigh(page, lambda: page.goto(at(BY_NAME["topic"].path if place.path == "/" else "/")))
    later = weigh(page, lambda: page.goto(at(place.path)))
    assert 0 < later.bytes < MOST_LATER
    assert later.requests < first.requests


def test_what_is_weighed_is_what_came(chromium: Browser, village: Village) -> None:
    """A page of known size, without and with the cache."""
    context = chromium.new_context(viewport=PHONE)
    page, at = context.new_page(), village.hub("village").at
    picture = village.hub("village").library.catalogue().item("una-de-cada/imagen").file("main")
    address = at(f"/media/{picture.sha256}/{picture.name}")
    first = weigh(page, lambda: page.goto(address))
    assert picture.size < first.bytes < picture.size + 1000
    assert first.requests == 1
    assert first.media == first.bytes
    context.close()
