"""A technician tells the time where nothing else does: signed in, asked twice, forward and bounded."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clock import BUILT
from hub.db import writing
from hub.site import Site, this_site
from hub.technician import hour

if TYPE_CHECKING:
    from tests.hub.technician.conftest import Bench, Browser

PATH = "/technician/time"
MERIDA = ZoneInfo("America/Merida")
NOON = dt.datetime(2026, 11, 28, 12, 0, tzinfo=MERIDA)


@pytest.fixture
def staff(bench: Bench) -> Browser:
    browser = bench.signed_in()
    this_site()
    with writing():
        Site.update(time_zone="America/Merida").execute()
    return browser


def tell(browser: Browser, **fields: str):
    return browser.post(PATH, form_token=browser.form_token(PATH), **fields)


def began(page: str) -> str:
    found = re.search(r'name="began" value="([^"]+)"', page)
    assert found
    return found[1]


def test_what_was_told_and_confirmed_is_the_time_however_long_the_button_took(bench: Bench, staff: Browser) -> None:
    assert "Tell the hub the time" in staff.get("/technician").text
    asked = tell(staff, time="2026-11-28T12:00")
    assert "Is it 2026-11-28 12:00 in America/Merida now?" in asked.text
    assert bench.clock.now() is None, "it is asked twice"
    bench.seconds += 300
    assert tell(staff, began=began(asked.text)).status_code == 303
    assert bench.clock.now() == NOON + dt.timedelta(minutes=5)
    assert "The hub knows the time: 2026-11-28 12:05." in staff.get(PATH).text
    assert "Tell the hub the time" not in staff.get("/technician").text


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("2025-12-30T23:59", "has passed for certain"),
        ("2027-06-01T12:00", "more than a year ahead"),
        ("9998-12-31T23:59", "more than a year ahead"),
        ("yesterday", "no date and time"),
        ("", "no date and time"),
    ],
)
def test_a_slip_is_told_and_moves_nothing(bench: Bench, staff: Browser, told: str, sentence: str) -> None:
    answer = tell(staff, time=told)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert bench.clock.now() is None


@pytest.mark.parametrize("forged", ["0", "1e300", "nan", "inf", "-1", "x", "4102444800"])
def test_what_is_confirmed_is_bounded_as_well(bench: Bench, staff: Browser, forged: str) -> None:
    assert tell(staff, began=forged).status_code == 422
    assert bench.clock.now() is None


def test_the_first_certain_word_stands(bench: Bench, staff: Browser) -> None:
    asked = tell(staff, time="2026-11-28T12:00")
    token = staff.form_token(PATH)
    bench.clock.learn(NOON + dt.timedelta(hours=1), "head office")
    staff.post(PATH, form_token=token, began=began(asked.text))
    assert bench.clock.now() == NOON + dt.timedelta(hours=1)


def test_nobody_else_moves_the_time(bench: Bench, staff: Browser) -> None:
    assert bench.browser().get(PATH).status_code == 303, "who is not signed in is sent to sign in"
    assert bench.browser().post(PATH, began=str(NOON.timestamp())).status_code == 303
    assert staff.post(PATH, began=str(NOON.timestamp())).status_code == 403, "without the form's token"
    elsewhere = staff.post(PATH, origin="http://evil.example", form_token=staff.form_token(PATH), time="x")
    assert elsewhere.status_code == 403
    assert bench.clock.now() is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_form_gives_a_time_within_the_bounds_or_one_of_three_reasons(time: str, began: str) -> None:
    try:
        told = hour.read(hour.Form(time=time, began=began), 5.0, MERIDA, BUILT)
    except (hour.NoTime, hour.TooEarly, hour.TooLate):
        return
    assert BUILT <= told <= BUILT + hour.FURTHEST
