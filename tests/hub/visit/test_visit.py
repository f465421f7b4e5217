"""From the fifth answer to the end of the visit: the check, a trial of the Wi-Fi, finish, restart and shutdown."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from content_cache.durable import locked, make_folder
from content_cache.library import Library
from content_cache.sync.progress import NAME, Progress
from hub.acceptance.models import latest
from hub.box.orders import ordered
from hub.content.models import Stick
from hub.content.sticks import READING, TAKEN
from hub.db import database, writing
from hub.visit.models import visit
from hub.visit.trial import PATIENCE, look
from tests.hub.visit.conftest import PASSWORD, Box

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.visit.conftest import Phone


def in_force(box: Box, **facts: object) -> None:
    """Root has done what was asked."""
    assert box.asked is not None
    box.root_says(number=box.asked.number, ok=True, sentence="The network is in force.", **facts)


def pressed(box: Box, address: str = "10.44.0.9") -> None:
    """A phone in the village presses the portal's button, and the hub has written that down."""
    box.phone(address, "10.44.0.1").post("/welcome")
    box.app.extensions["portal"].save()


@pytest.fixture
def phone(box: Box) -> Phone:
    phone = box.phone()
    phone.answer_all()
    return phone


def test_the_page_looks_again_by_itself_until_root_has_answered(box: Box, phone: Phone) -> None:
    assert phone.get().headers["Refresh"] == "5"
    in_force(box)
    page = phone.get()
    assert "Refresh" not in page.headers
    assert "the Wi-Fi is as you said" in page.text


def test_only_a_box_that_was_told_an_address_with_a_certificate_tells_phones_of_an_api(tmp_path: Path) -> None:
    for api in ("", "https://portal.example.org/api"):
        box = Box(tmp_path / str(len(api)), portal_api=api)
        box.phone().answer_all()
        assert box.asked is not None
        assert box.asked.api == api
        database.close()


def test_what_root_refused_is_said_and_the_answer_can_be_given_again(box: Box, phone: Phone) -> None:
    assert box.asked is not None
    before = box.asked.number
    box.root_says(number=before, ok=False, sentence="There is no radio wlan1; plug it in.")
    page = phone.get()
    assert "the one before runs on" in page.text
    assert "There is no radio wlan1; plug it in, or leave the choice to the box." in page.text
    assert "/technician/visit/wifi" in re.search(r'class="main-action" href="([^"]*)"', page.text)[1]
    phone.answer("wifi", channel="11")
    assert (box.asked.number, box.asked.channel) == (before + 1, 11)
    assert phone.get().headers["Refresh"] == "5"


def test_the_check_shows_the_villages_wifi_for_some_minutes_and_says_how_to_come_back(box: Box, phone: Phone) -> None:
    in_force(box)
    page = phone.answer("check")
    assert box.asked is not None
    assert (page.status_code, box.asked.stage) == (200, "trial")
    for words in (box.asked.village.name, box.asked.village.password, box.asked.setup.name, "10.45.0.1/technician"):
        assert words in page.text
    row = latest()
    assert row is not None
    assert row.passed is None


def test_where_both_networks_stay_the_check_alone_begins(box: Box, phone: Phone) -> None:
    in_force(box, always_both=True)
    phone.answer("wifi")
    in_force(box, always_both=True)
    before = box.asked
    assert phone.answer("check").location == "/technician/acceptance"
    assert box.asked == before
    assert before is not None
    assert before.stage == "village"


def test_on_the_cable_the_check_opens_the_villages_wifi_that_was_answered_for_elsewhere(box: Box, phone: Phone) -> None:
    """On a radio that holds one network it is not there yet, and there would be nothing to join."""
    in_force(box)
    assert box.asked is not None
    assert box.asked.stage == "setup"
    cable = box.phone("169.254.3.4", "169.254.44.1")
    cable.post("/technician/sign-in", name="rosa", password=PASSWORD)
    assert cable.answer("check").location == "/technician/acceptance"
    assert box.asked.stage == "village"
    before = box.asked
    cable.answer("check")
    assert box.asked == before


def test_a_trial_ends_some_seconds_after_a_phone_was_let_in(box: Box, phone: Phone) -> None:
    in_force(box)
    pressed(box, "10.44.0.5")  # before the trial; does not count
    box.seconds += 60
    phone.answer("check")
    in_force(box)
    box.seconds += 60
    assert not look(box.settings, box.clock)
    pressed(box)
    assert not look(box.settings, box.clock)
    box.seconds += PATIENCE + 1
    assert look(box.settings, box.clock)
    assert box.asked is not None
    assert box.asked.stage == "setup"
    assert not look(box.settings, box.clock)


def test_a_trial_that_a_restart_ended_is_not_ordered_back(box: Box, phone: Phone) -> None:
    in_force(box)
    phone.answer("check")
    before = box.asked
    box.boot("second")
    assert look(box.settings, box.clock)
    assert visit().stage == "setup"
    assert box.asked == before


def test_to_finish_leaves_the_villages_wifi_on(box: Box, phone: Phone) -> None:
    in_force(box)
    phone.answer("finish")
    assert box.asked is not None
    assert box.asked.stage == "village"
    in_force(box)
    page = phone.get().text
    assert "The visit is finished" in page
    assert "/visit/finish" not in page


def test_to_finish_orders_nothing_that_is_in_force(box: Box, phone: Phone) -> None:
    in_force(box, always_both=True)
    phone.answer("wifi")
    in_force(box, always_both=True)
    before = box.asked
    phone.answer("finish")
    assert box.asked == before
    assert "The visit is finished" in phone.get().text


def test_who_closed_the_browser_signs_in_and_finds_the_visit_before_all_else(box: Box, phone: Phone) -> None:
    in_force(box)
    later = box.phone("10.45.0.18")
    assert later.get("/technician").location == "/technician/sign-in"
    later.post("/technician/sign-in", name="Rosa ", password=PASSWORD)
    page = later.get("/technician").text
    assert 0 < page.index('href="/technician/visit"') < page.index('id="health"')


@pytest.mark.parametrize("word", ["restart", "shutdown"])
def test_the_box_is_switched_off_by_an_order_that_is_asked_twice(box: Box, phone: Phone, word: str) -> None:
    page = phone.get().text
    assert page.count(f'value="{word}"') == 1
    assert page.index("<details>") < page.index(f'value="{word}"')
    answer = phone.answer("power", do=word)
    assert answer.status_code == 200
    assert ordered(box.settings, "power") == word.encode()


@pytest.mark.parametrize("fields", [{"do": "format"}, {}])
def test_nothing_else_can_be_ordered(box: Box, phone: Phone, fields: dict[str, str]) -> None:
    assert phone.answer("power", **fields).status_code == 400
    assert ordered(box.settings, "power") is None


@pytest.mark.parametrize("path", ["power", "finish", "check", "open", "office/again"])
def test_a_stranger_orders_nothing(box: Box, phone: Phone, path: str) -> None:
    before = box.asked
    assert box.phone("10.45.0.99").post(f"/technician/visit/{path}", do="restart").location == "/technician/sign-in"
    assert phone.post(f"/technician/visit/{path}", do="restart").status_code == 403  # without the session's token
    assert box.asked == before
    assert ordered(box.settings, "power") is None


def test_a_stick_shows_how_far_it_was_read_and_the_page_looks_again_until_it_was(box: Box, phone: Phone) -> None:
    in_force(box)
    assert "Plug it in" in phone.get().text
    with writing():
        Stick.create(place="/media/sda1", name="sda1", state=READING, boot=1, seconds=5)
    folder = Library(box.settings.library_root).incoming
    make_folder(folder)
    with locked(folder):  # as the sync that reads it does
        now = Progress("stick", "files", 2_000_000, 8_000_000, 1e6)
        (folder / NAME).write_bytes(msgspec.json.encode(now))
        page = phone.get()
    assert "sda1" in page.text
    assert "2 MB of 8 MB" in page.text
    assert page.headers["Refresh"] == "5"
    with writing():
        Stick.update(state=TAKEN).execute()
    page = phone.get()
    assert "What was new on it is here now" in page.text
    assert "Refresh" not in page.headers


def test_the_worker_carries_no_pages() -> None:
    """Flask and its languages take 8 MB of a small box's memory, in a process that shows nothing."""
    code = "import sys, hub.worker.run; print(*sorted({'flask', 'jinja2', 'flask_babel'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []


def test_on_a_laptop_nobody_waits_for_root(tmp_path: Path) -> None:
    laptop = Box(tmp_path, name="")
    phone = laptop.phone()
    phone.answer_all()
    page = phone.get()
    assert "Refresh" not in page.headers
    assert "Check the box" in page.text
    database.close()
