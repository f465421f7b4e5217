"""A facilitator's whole way on a small phone: the hub's file, head office's page, the reply, and nothing waits any more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import follow
from tests.browser.village import _move_back
from tests.browser.visits import AXE, LOST, PHONE, SMALL, SMALLEST, TAGS
from tests.town import ITEM, Phone, Town, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.tools import Tools


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A hub that was set up with a kit; its worker is not there, so nothing goes over a line."""
    with Town(tmp_path) as town:
        town.fill_library()
        town.start("collector")
        town.run("collector", "sites", "add", "Dzemul", "--time-zone", "America/Merida", "--json")
        kit = str(tmp_path / "dzemul.kit")
        town.run("collector", "sites", "kit", "dzemul", "-o", kit, "--address", town.office)
        town.run("hub", "setup", "--kit", kit, "--json")
        town.start("web")
        _move_back(town, 0)
        yield town


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=PHONE, locale="es-MX", has_touch=True, accept_downloads=True)
    yield context
    context.close()


def take(page: Page, selector: str, folder: Path) -> Path:
    """Tap, and keep the file under the name it comes with."""
    with page.expect_download() as coming:
        page.click(selector)
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    return file


def give(page: Page, file: Path) -> str:
    page.set_input_files("#file", file)
    follow(page.locator("main form button"))
    return page.locator("main").inner_text()


def test_what_a_phone_carries_to_head_office_and_back_empties_the_outbox(
    town: Town, phone: BrowserContext, tmp_path: Path
) -> None:
    villager = Phone(town)
    villager.play(ITEM, [[0, 40]])
    villager.insist()
    at_the_hub, downloads = phone.new_page(), tmp_path / "downloads"
    downloads.mkdir()
    at_the_hub.goto(town.at("/usage"))
    at_the_hub.click("main a[href='/carry']")
    file = take(at_the_hub, "main .main-action", downloads)
    assert file.name.startswith("village-hub-dzemul-")
    assert file.suffix == ".vhub"
    office = phone.new_page()
    office.goto(f"{town.office}/carry")
    assert "La oficina central ya tiene 1 día de Dzemul" in give(office, file)
    assert town.at_head_office()["plays"] == 1
    reply = take(office, "main .take", downloads)
    assert reply.name == "village-hub-dzemul-respuesta.vhub"
    at_the_hub.goto(town.at("/carry"))
    assert "La oficina central ya tiene 1 registro más de este pueblo." in give(at_the_hub, reply)
    assert until(lambda: json.loads(town.run("hub", "uplink", "status", "--json"))["pending"] == 0)
    assert "La oficina central ya tiene todo hasta ahora." in at_the_hub.locator("main").inner_text()
    again = give(office, file)
    assert "La oficina central ya tiene 1 día de Dzemul" in again, "twice does no harm"
    assert town.at_head_office()["plays"] == 1


def test_head_offices_page_keeps_nobody_out(town: Town, phone: BrowserContext, tools: Tools, tmp_path: Path) -> None:
    """By eye, ear, thumb and keyboard, empty and with what was brought; valid HTML."""
    page, photo, pages = phone.new_page(), tmp_path / "foto.jpg", []
    photo.write_bytes(b"\xff\xd8\xff")
    file = tmp_path / "village-hub-dzemul.vhub"
    town.run("hub", "carry", "export", str(file))
    page.goto(f"{town.office}/carry")
    for brought in ([], [photo, file]):
        if brought:
            page.set_input_files("#file", brought)
            page.click("main form button")
            page.wait_for_selector(".brought")
        page.evaluate(tools.axe)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(AXE, TAGS) == []
        assert page.evaluate(SMALL.replace("button, ", "main button, main ").replace("'a:not(.skip)", "'main a")) == []
        for size in (PHONE, SMALLEST):
            page.set_viewport_size(size)
            assert page.evaluate(LOST) == []
        page.set_viewport_size(PHONE)
        pages.append(tmp_path / f"{len(brought)}.html")
        pages[-1].write_text(page.content(), "utf-8")
    assert tools.vnu(pages) == []
    assert "Este no es un archivo de una caja" in page.locator(".brought >> nth=0").inner_text()
    page.goto(f"{town.office}/carry")
    focused = []
    for _ in range(12):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.tagName + '#' + document.activeElement.id"))
    assert "INPUT#file" in focused
    assert focused.index("BUTTON#") > focused.index("INPUT#file")
