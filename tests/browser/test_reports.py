"""What a page reports is what was played: seeks, speeds and loops measured, nothing lost when the hub is away."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from hub.usage.intervals import unpack
from tests.town import ITEM, Town, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

LEFT = "precio-justo/de-costo-a-precio"  # played by one test alone
MEDIA = "document.querySelector('video')"
PLAY = f"() => {{ {MEDIA}.muted = true; return {MEDIA}.play(); }}"
TIME = f"{MEDIA}.currentTime"
WAITING = "Object.values(JSON.parse(localStorage.getItem('plays') || '{}'))"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("reports")) as it:
        it.library = it.fill_library()
        it.start("web")
        yield it


def opened(town: Town, phone: BrowserContext, path: str = f"/items/{ITEM}") -> Page:
    """The page, asked for a second time so that the phone returns its cookie."""
    page = phone.new_page()
    page.goto(town.at("/"))
    page.goto(town.at(path))
    return page


def reports(page: Page) -> list[dict[str, Any]]:
    """Fills with the states that the page posts from now on."""
    told: list[dict[str, Any]] = []

    def note(request) -> None:
        if request.url.endswith("/usage/events"):
            told.extend(json.loads(request.post_data)["plays"])

    page.on("request", note)
    return told


def hear(page: Page, condition: Callable[[], object]) -> None:
    """Until `condition` is true here; what the page did is told while the page is asked something."""
    assert until(lambda: page.evaluate("true") and condition())


def wait(page: Page, condition: str) -> None:
    """Until `condition` is true in the page; Playwright's own way needs `eval`, which our pages forbid."""
    assert until(lambda: page.evaluate(condition)), condition


def seconds(play: dict[str, Any]) -> float:
    return sum(end - start for start, end in play["intervals"])


def pause(page: Page) -> float:
    """Stop; returns where."""
    page.evaluate(f"{MEDIA}.pause()")
    return float(page.evaluate(TIME))


def rows(town: Town, item: int | None = None) -> list[tuple[bytes, bytes]]:
    """Plays on the disk, of one item or of all: id and packed intervals."""
    with closing(sqlite3.connect(f"{town.environ['HUB_DATA']}/hub.sqlite3")) as database:
        return database.execute("SELECT id, intervals FROM play WHERE item = coalesce(?, item)", (item,)).fetchall()


def kept(town: Town, play: dict[str, Any]) -> bool:
    return bytes.fromhex(play["id"]) in [row[0] for row in rows(town)]


def test_a_seek_is_not_playing(town: Town, phone: BrowserContext) -> None:
    page = opened(town, phone)
    told = reports(page)
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 2")
    page.evaluate(f"{MEDIA}.currentTime = 60")
    wait(page, f"{TIME} > 62")
    end = pause(page)
    hear(page, lambda: told)
    (first, second) = told[-1]["intervals"]
    assert first[0] < 0.5
    assert 1.5 < first[1] < 10
    assert second[0] == pytest.approx(60, abs=0.5)
    assert second[1] == pytest.approx(end, abs=0.5)
    hear(page, lambda: kept(town, told[-1]))


def test_what_is_played_twice_is_reported_once_and_at_any_speed(town: Town, phone: BrowserContext) -> None:
    page = opened(town, phone)
    told = reports(page)
    page.evaluate(f"{MEDIA}.playbackRate = 4")
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 8")
    page.evaluate(f"{MEDIA}.currentTime = 1")
    wait(page, f"{TIME} > 4 && {TIME} < 30")
    pause(page)
    wait(page, f"{MEDIA}.paused")
    hear(page, lambda: told)
    (interval,) = told[-1]["intervals"]
    assert interval[0] < 1
    assert 6.5 <= interval[1] < 40  # the last quarter of a second before a seek, here one of the lesson's, is not told


def test_the_first_report_comes_after_five_seconds(town: Town, phone: BrowserContext) -> None:
    page = opened(town, phone)
    told = reports(page)
    page.evaluate(PLAY)
    hear(page, lambda: told)
    assert 5 <= seconds(told[0]) < 6
    assert told[0]["item"] == ITEM
    assert told[0]["group"] == 1
    assert len(told[0]["id"]) == 32


def test_a_hub_that_is_away_hears_of_it_from_a_later_page(town: Town, phone: BrowserContext) -> None:
    page = opened(town, phone)
    phone.route("**/usage/events", lambda route: route.abort())
    told = reports(page)
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 5.5")
    pause(page)
    hear(page, lambda: told)
    play = told[-1]
    assert page.evaluate(f"{WAITING}.map(p => p.id)") == [play["id"]]
    assert not kept(town, play)
    phone.unroute("**/usage/events")
    page.goto(town.at("/"))
    hear(page, lambda: kept(town, play))
    assert until(lambda: page.evaluate(f"{WAITING}.length") == 0, 30)


def test_a_report_that_the_hub_refuses_does_not_hold_up_the_others(town: Town, phone: BrowserContext) -> None:
    page = opened(town, phone, "/")
    good = {"id": "0d" * 16, "item": ITEM, "intervals": [[0, 7]], "group": 1}
    bad = {"id": "0e" * 16, "item": "gone/away", "intervals": [[0, 7]], "group": 1}
    stored = json.dumps({play["id"]: play for play in (bad, good)})
    page.evaluate(f"localStorage.setItem('plays', {json.dumps(stored)})")
    page.reload()
    hear(page, lambda: kept(town, good))
    assert until(lambda: page.evaluate(f"{WAITING}.length") == 0, 40)


def test_leaving_in_mid_play_reports_what_was_played(town: Town, phone: BrowserContext) -> None:
    """The beacon goes out as the page ends; the hub's disk tells what it said."""
    page = opened(town, phone, f"/items/{LEFT}")
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 2.5")
    page.goto("about:blank")
    number = town.library.catalogue().item_number(LEFT)
    hear(page, lambda: rows(town, number))
    ((_, intervals),) = rows(town, number)
    ((begin, end),) = unpack(intervals)
    assert begin < 500
    assert 2000 < end < 6000


def test_a_reading_reports_how_long_it_was_on_the_screen(town: Town, phone: BrowserContext) -> None:
    page = opened(town, phone, "/items/precio-justo/guia-de-precios")
    told = reports(page)
    hear(page, lambda: told)
    assert told[0]["item"] == "precio-justo/guia-de-precios"
    ((begin, end),) = told[0]["intervals"]
    assert begin == 0
    assert 5 <= end < 8
    hear(page, lambda: kept(town, told[0]))


def test_a_lesson_seen_to_its_end_begins_anew(town: Town, phone: BrowserContext) -> None:
    page = opened(town, phone)
    page.evaluate(PLAY)
    page.evaluate(f"{MEDIA}.currentTime = 30")
    wait(page, f"{TIME} > 31")
    pause(page)
    wait(page, f"'{ITEM}' in JSON.parse(localStorage.getItem('places'))")
    page.evaluate(f"{MEDIA}.currentTime = {MEDIA}.duration - 1")
    page.evaluate(PLAY)
    wait(page, f"{MEDIA}.ended")
    wait(page, f"!('{ITEM}' in JSON.parse(localStorage.getItem('places')))")
    page.goto(town.at("/"))
    assert page.locator("section[data-left] .start").get_attribute("href") == f"/items/{LEFT}", (
        "the next one is offered"
    )


def test_storage_that_is_full_or_broken_spoils_nothing(town: Town, phone: BrowserContext) -> None:
    phone.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); };")
    page = opened(town, phone)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    told = reports(page)
    page.evaluate(PLAY)
    hear(page, lambda: told)
    hear(page, lambda: kept(town, told[0]))
    assert complaints == []


def test_storage_holding_nonsense_spoils_nothing(town: Town, phone: BrowserContext) -> None:
    page = opened(town, phone, "/")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for nonsense in ("{", "[1]", '"text"', "7", '{"x": null}', '{"x/y": {"title": 3}}'):
        page.evaluate(f"localStorage.setItem('plays', {json.dumps(nonsense)})")
        page.evaluate(f"localStorage.setItem('places', {json.dumps(nonsense)})")
        page.goto(town.at("/"))
        page.goto(town.at(f"/items/{ITEM}"))
        page.evaluate(PLAY)
        wait(page, f"{TIME} > 0.2")
    assert complaints == []


def test_a_phone_without_cookies_keeps_nothing_waiting(town: Town, chromium: Browser) -> None:
    """It isn't counted, so it must not repeat itself for ever either."""
    context = chromium.new_context(locale="es-MX")
    page = context.new_page()
    page.goto(town.at(f"/items/{ITEM}"))
    context.clear_cookies()
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 5.5")
    pause(page)
    assert until(lambda: page.evaluate(f"{WAITING}.length") == 0)
    context.close()
