"""The page of the check: from its start to a verdict, with whatever may be wrong on the way."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from hub.acceptance.models import Acceptance, errand, note
from hub.acceptance.results import kept
from hub.db import database
from tests.hub.acceptance.conftest import PAGE, SETUP, VILLAGE, Box
from tests.hub.box import machine as machines

if TYPE_CHECKING:
    from tests.hub.technician.conftest import Browser

FINE = '{"spanned":30000000000,"blocks":20000,"wrong":0,"real":null,"write_mb":21.0,"read_mb":40.0,"commit_ms":6.0,"longest_ms":30.0,"seconds":40.0}'


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def fine(box: Box, **other: Any) -> None:
    """What the worker finds on a good card, whatever this test's own disk is worth today."""
    now = box.clock.moment()
    card = json.dumps(json.loads(FINE) | other)
    moments = {f"{name}_{part}": getattr(now, part) for name in ("card", "files") for part in ("boot", "seconds")}
    note(step="", wanted="", card_word="tested", card=card, files=2, bytes=11_000, **moments)


def all_is_well(box: Box, browser: Browser) -> None:
    """A check under way in which nothing is left to be done."""
    box.enrol()
    assert box.press(browser, "start") == 303
    box.seconds += 60
    fine(box)
    box.phone("page", "accepted")
    box.answered()


def test_from_plug_to_pass_it_takes_three_taps(box: Box) -> None:
    browser = box.signed_in()
    assert "Start the check" in browser.get(PAGE).text
    all_is_well(box, browser)
    page = browser.get(PAGE)
    assert "Everything passed." in words(page.text)
    assert "Refresh" not in page.headers
    assert box.press(browser, "end") == 303
    told = words(browser.get(PAGE).text)
    assert "Passed. Check 1" in told
    row = Acceptance.get()
    assert (row.passed, row.site, row.code) == (True, "Dzemul", "YUC-031")
    assert {one.status for one in kept(row).rows} == {"pass"}
    assert len(kept(row).rows) == 18


def test_it_says_what_it_waits_for_and_comes_again_by_itself(box: Box) -> None:
    browser = box.signed_in()
    box.enrol()
    box.press(browser, "start")
    page = browser.get(PAGE)
    told = words(page.text)
    assert page.headers["Refresh"] == "5"
    assert f"Join “{VILLAGE.name}” with your phone." in told
    assert f"Password: {VILLAGE.password}" in told
    assert "Head office is being called." in told
    assert "The files are still to be read back." in told
    box.phone("page")
    assert "Press the button of the welcome page on your phone." in words(browser.get(PAGE).text)


@pytest.mark.parametrize(
    ("ills", "name", "sentence"),
    [
        (machines.UNDER_VOLTAGE, "power", "take the hub's own power supply and a short, thick cable"),
        (machines.WAS_UNDER_VOLTAGE, "power", "take a stronger power supply or a shorter cable"),
        (machines.HOT, "heat", "It is too hot (84 °C); give the hub shade and air"),
        (machines.OLD_CARD, "storage", "change it before it fails"),
        (machines.READ_ONLY, "storage", "copy what is on it, and change it"),
        ({"errors": 2}, "storage", "The card had errors (2); change it."),
        (machines.NO_WATCHDOG, "watchdog", "take a board with one"),
        (machines.ASLEEP, "watchdog", "set RuntimeWatchdogSec=15 for systemd, then restart"),
        ({"free_kib": 20_000}, "memory", "restart the hub"),
    ],
)
def test_each_trouble_of_the_machine_fails_with_what_to_do(
    box: Box, ills: dict[str, Any], name: str, sentence: str
) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.ills(**ills)
    page = words(browser.get(PAGE).text)
    assert "1 thing to mend" in page
    assert sentence in page
    box.press(browser, "end")
    row = Acceptance.get()
    assert row.passed is False
    assert [one.name for one in kept(row).rows if one.status == "fail"] == [name]
    assert sentence in words(re.sub("</?code>", "", browser.get("/technician").text)), "any day"


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        ({"wrong": 30, "real": 8_000_000_000}, "The card is counterfeit: it really holds about 8 GB. Change it"),
        ({"wrong": 2}, "Of 20000 blocks 2 came back changed; change the card."),
        ({"write_mb": 3.25}, "The card writes 3.2 MB a second, and 10 are needed; take one of class 10 and A1."),
        ({"read_mb": 4.0}, "The card reads 4.0 MB a second, and 10 are needed"),
        ({"commit_ms": 320.4}, "The card takes 320 ms to keep one answer, and may take 100; take one of class A1."),
    ],
)
def test_each_trouble_of_the_card_fails_with_what_to_do(box: Box, card: dict[str, Any], sentence: str) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    fine(box, **card)
    assert sentence in words(browser.get(PAGE).text)
    box.press(browser, "end")
    assert Acceptance.get().passed is False


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("full", "take a larger one, or remove some courses"),
        ("broken", "The card took nothing more in the middle of its test; change it."),
        ("interrupted", "look at the power supply, then test again"),
        ("busy", "test it once they are here"),
    ],
)
def test_a_test_of_the_card_that_did_not_end_does_not_pass(box: Box, word: str, sentence: str) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    note(card_word=word, card=None)
    assert sentence in words(browser.get(PAGE).text)
    box.press(browser, "end")
    assert Acceptance.get().passed is False


def test_without_a_line_it_waits_for_a_carrier_and_passes(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.enrol(line=False)
    with database.atomic():
        database.execute_sql("DELETE FROM outbox")
    told = words(browser.get(PAGE).text)
    assert "it waits for a carrier" in told
    assert "Everything passed." in told
    box.press(browser, "end")
    row = Acceptance.get()
    assert row.passed is True
    assert {one.name for one in kept(row).rows if one.carrier} == {"reached", "summary"}


def test_an_uplink_that_was_answered_with_none_waits_for_a_carrier_too(box: Box) -> None:
    browser = box.signed_in()
    box.enrol()
    box.network(uplink="none")
    box.press(browser, "start")
    assert "No line leads to head office from here" in words(browser.get(PAGE).text)
    box.network(uplink="cable")
    assert "No line leads" not in words(browser.get(PAGE).text)


def test_head_office_that_does_not_answer_fails_with_what_to_look_at(box: Box) -> None:
    browser = box.signed_in()
    box.enrol()
    box.press(browser, "start")
    box.seconds += 60
    now = box.clock.moment()
    note(wanted="", called_boot=now.boot, called_seconds=now.seconds, call_error="It was not there.")
    told = words(browser.get(PAGE).text)
    assert "look at the cable, the modem or the Wi-Fi that leads there" in told
    assert "head office must be reached first" in told


def test_an_answer_from_before_the_check_is_none(box: Box) -> None:
    browser = box.signed_in()
    box.enrol()
    box.answered()
    box.phone("page", "accepted")
    fine(box)
    box.seconds += 60
    box.press(browser, "start")
    seen = {row.name: row.status for row in kept_now(box)}
    assert seen["reached"] == seen["verified"] == "waiting"
    assert seen["portal"] == "waiting"


def kept_now(box: Box) -> list[Any]:
    from hub.acceptance.results import end, under_way

    with box.app.test_request_context():
        row = under_way()
        assert row is not None
        return kept(end(box.app.extensions["hub"], row)).rows


def test_a_hub_that_nobody_enrolled_asks_for_its_code(box: Box) -> None:
    browser = box.signed_in()
    box.press(browser, "start")
    assert "give the code of the site, or take a kit" in words(browser.get(PAGE).text)


def test_a_network_that_root_refused_fails(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.network(ok=False)
    assert "The Wi-Fi could not be set up as told" in words(browser.get(PAGE).text)
    (box.settings.run_folder / "network.json").unlink()
    assert "The hub's Wi-Fi is not set up; give the answers of the visit." in words(browser.get(PAGE).text)


def test_a_library_that_is_missing_or_not_whole_fails(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    path = next((box.settings.library_root / "blobs").glob("??/*"))
    aside = box.settings.library_root / "blobs" / "damaged"
    aside.mkdir()
    path.rename(aside / path.name)
    assert "Damaged files: 1. They come again by themselves" in words(browser.get(PAGE).text)
    (box.settings.library_root / "catalogues" / "current").unlink()
    assert "bring head office's kit, then a stick" in words(browser.get(PAGE).text)


def test_whoever_needs_help_while_a_check_fails_can_take_the_file_along(box: Box) -> None:
    browser = box.signed_in()
    box.press(browser, "start")
    assert "Take the file along" in words(browser.get(PAGE).text)


def test_ending_early_keeps_what_is_missing_and_does_not_pass(box: Box) -> None:
    browser = box.signed_in()
    box.press(browser, "start")
    assert errand().wanted == "all"
    box.press(browser, "end")
    assert errand().wanted == ""
    row = Acceptance.get()
    assert row.passed is False
    assert {one.name: one.status for one in kept(row).rows}["client"] == "waiting"
    assert "Not passed. Check 1" in words(browser.get(PAGE).text)


def test_the_next_check_has_the_next_number_and_two_taps_begin_one(box: Box) -> None:
    browser = box.signed_in()
    for _ in range(2):
        box.press(browser, "start")
        box.press(browser, "start")
        box.press(browser, "end")
        box.press(browser, "end")
    assert [(row.number, row.passed) for row in Acceptance.select()] == [(1, False), (2, False)]


def test_what_was_mended_can_be_looked_at_once_more_in_the_same_check(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    fine(box, write_mb=2.0)
    assert "Call, test and read once more" in words(browser.get(PAGE).text)
    box.press(browser, "start")
    assert errand().wanted == "all"
    assert Acceptance.select().count() == 1


def test_a_restart_in_the_middle_goes_on_with_the_same_check(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.boot("another boot", 30.0)
    browser = box.signed_in()
    fine(box)
    box.phone("page", "accepted")
    told = words(browser.get(PAGE).text)
    assert "Check 1" not in told  # it has no verdict yet
    assert "A phone has joined the Wi-Fi." in told
    assert "The welcome page came up on a phone" in told


def test_the_result_is_kept_in_both_languages(box: Box) -> None:
    browser = box.signed_in("es")
    all_is_well(box, browser)
    box.ills(**machines.HOT)
    box.press(browser, "end")
    told = {one.name: one.sentences for one in kept(Acceptance.get()).rows}
    assert told["heat"] == {
        "es": "Está demasiado caliente (84 °C); dale a la caja sombra y aire por todos lados.",
        "en": "It is too hot (84 °C); give the hub shade and air on all sides.",
    }
    assert "Está demasiado caliente" in words(browser.get(PAGE).text)
    assert "It is too hot" in words(box.signed_in("en").get(PAGE).text)


def test_what_is_kept_names_no_phone_and_no_password(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.press(browser, "end")
    told = json.dumps(list(Acceptance.select().dicts()), default=str)
    for secret in ("6a:11", "rosa", "10.44.0.7", VILLAGE.password, SETUP.name, SETUP.password):
        assert secret not in told


def test_when_the_time_is_not_known_the_clock_fails_and_the_page_leads_there(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.boot("a boot without a date", 40.0)
    browser = box.signed_in()
    page = browser.get(PAGE).text
    assert "The time is not known" in words(page)
    assert 'href="/technician/time?next=check"' in page


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/report-1.pdf", "/technician/label", "/technician/label/setup"])
def test_strangers_are_sent_to_sign_in(box: Box, path: str) -> None:
    answer = box.browser().get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/technician/sign-in")
    assert VILLAGE.password not in answer.text


@pytest.mark.parametrize("button", ["start", "end", "card", "stop", "support"])
def test_a_button_needs_the_token_of_its_session(box: Box, button: str) -> None:
    browser = box.signed_in()
    assert browser.post(f"{PAGE}/{button}", form_token="0" * 64).status_code == 403
    assert (
        browser.post(f"{PAGE}/{button}", form_token=browser.form_token(PAGE), origin="http://evil.example").status_code
        == 403
    )
    assert Acceptance.select().count() == 0
    assert not errand().at_work


def test_on_a_laptop_what_is_not_there_is_not_asked_for(box: Box) -> None:
    import dataclasses

    (box.settings.run_folder / "network.json").unlink()
    box.settings = dataclasses.replace(box.settings, name="", machine=box.folder / "nothing")
    box.boot("a boot", box.seconds)
    browser = box.signed_in()
    box.press(browser, "start")
    box.seconds += 60
    fine(box)
    told = words(browser.get(PAGE).text)
    assert "Everything passed." in told
    assert "This machine makes no Wi-Fi of its own." in told
    assert "This hub works without head office." in told


def test_a_day_whose_summary_head_office_refused_is_pointed_out(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    with database.atomic():
        database.execute_sql("UPDATE outbox SET acknowledged = 0, refused = 'no'")
    assert "Head office refused a summary of this hub; tell head office." in words(browser.get(PAGE).text)


def test_the_moment_is_told_as_far_as_it_is_known(box: Box) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.press(browser, "end")
    row = Acceptance.get()
    assert row.ended.seconds - row.began.seconds == 60
    assert "2026-11-28" in browser.get(PAGE).text
