"""Head office's pages as the people there meet them: on a phone and on a desk, by keyboard, read aloud."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import pytest
import requests

from setup import ROOT
from tests.browser.visits import AXE, LOCALES, LOST, PHONE, SMALL, TAGS
from tests.collector.running import RunningOffice
from tests.collector.sender import FakeHub, Socket
from wire.summary import Undated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.tools import Tools

SCREENS = {"phone": PHONE, "desk": {"width": 1280, "height": 800}}
HUB = bytes.fromhex("0102030405060708")
PATHS = ["/", "/sites/dzemul", "/inbox", f"/hubs/{HUB.hex()}"]
TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BOOT = b"\x0a\x0b\x0c\x0d"


class Seen(NamedTuple):
    """What was judged of one page on one screen."""

    axe: list[str]
    lost: list[str]
    small: list[str]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    """One with something of every kind in its inbox, and a hub that was told something."""
    with RunningOffice(tmp_path_factory.mktemp("office"), token=TOKEN) as running:
        hub = FakeHub(Socket(running.address))
        hub.id = HUB
        hub.enrol(running.add_site("Dzemul"))
        today = dt.datetime.now(dt.UTC).date()
        for back in (2, 3, 7, 20):
            hub.send(hub.sealed(day=today - dt.timedelta(days=back)))
        hub.send(hub.sealed(day=today - dt.timedelta(days=2), plays=300), b"garbage")
        for part, after in enumerate((None, today - dt.timedelta(days=9))):
            before = after and today
            hub.send(hub.sealed(day=None, undated=Undated(BOOT, part, after, before), boots=(BOOT,)), speaks=2)
        told = {"settings": {"daily-mb": "20"}, "accounts": ["rosa"], "number": 0}
        state = f"{running.address}/api/v1/hubs/{HUB.hex()}/state"
        assert requests.put(state, json=told, headers=BEARER, timeout=10).status_code == 200
        hub.send(state=1, trouble="daily-mb: '20' is no budget.")
        yield running


def opened(chromium: Browser, office: RunningOffice, path: str, screen: str, language: str) -> Page:
    context = chromium.new_context(viewport=SCREENS[screen], locale=LOCALES[language])
    context.set_default_timeout(10_000)
    context.request.post(f"{office.address}/sign-in", form={"token": TOKEN})
    page = context.new_page()
    page.goto(office.address + path)
    for details in page.locator("details > summary").all():
        details.click()
    return page


@pytest.fixture(scope="module")
def seen(chromium: Browser, office: RunningOffice, tools: Tools) -> dict[tuple[str, str], Seen]:
    found = {}
    for path in PATHS:
        for screen in SCREENS:
            page = opened(chromium, office, path, screen, "es")
            page.evaluate(tools.axe)
            axe = []
            for scheme in ("light", "dark") if screen == "phone" else ("light",):
                page.emulate_media(color_scheme=scheme)
                axe += page.evaluate(AXE, TAGS)
            found[path, screen] = Seen(axe, page.evaluate(LOST), page.evaluate(SMALL))
            page.context.close()
    return found


def test_nothing_stands_in_the_way_of_who_cannot_see_or_point(seen: dict[tuple[str, str], Seen]) -> None:
    assert {key: one.axe for key, one in seen.items() if one.axe} == {}


def test_nothing_sticks_out_of_a_phone_or_a_desk(seen: dict[tuple[str, str], Seen]) -> None:
    assert {key: one.lost for key, one in seen.items() if one.lost} == {}


@pytest.mark.parametrize("path", PATHS[2:])
def test_what_is_tapped_to_decide_is_large_enough_for_a_thumb(seen: dict[tuple[str, str], Seen], path: str) -> None:
    assert seen[path, "phone"].small == []


def test_pages_and_their_style_are_valid(tools: Tools, office: RunningOffice, tmp_path: Path) -> None:
    files = []
    for number, path in enumerate(PATHS):
        for language in LOCALES:
            files.append(tmp_path / f"{number}.{language}.html")
            answer = requests.get(f"{office.address}{path}?lang={language}", headers=BEARER, timeout=10)
            files[-1].write_text(answer.text, "utf-8")
    assert tools.vnu([*files, ROOT / "collector" / "assets" / "style.css"]) == []


def test_a_decision_is_made_with_the_keyboard_alone(chromium: Browser, office: RunningOffice) -> None:
    page = opened(chromium, office, "/inbox", "phone", "en")
    page.locator("#records + p + .cards form").last.locator("[name=word]").last.focus()
    page.keyboard.press("Space")
    for text in ("Rosa", "From the workshop"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert "It is done" in page.locator("[role=status]").inner_text()
    assert "Rosa" in page.locator("#log ~ .scroll").inner_text()
    page.context.close()


def test_what_was_not_right_is_said_on_top_and_read_aloud(chromium: Browser, office: RunningOffice) -> None:
    page = opened(chromium, office, "/inbox", "phone", "es")
    form = page.locator("#undated ~ .cards form").first
    form.locator("[name=day]").fill("2020-01-01")
    form.locator("[name=by]").fill("Rosa")
    form.locator("button").click()
    page.wait_for_selector("[role=alert]")
    assert "fuera de lo que se sabe" in page.locator("[role=alert]").inner_text()
    page.context.close()
