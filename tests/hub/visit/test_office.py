"""Head office gets to know the hub by the code that was typed: by the worker, as soon as there is a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.site import this_site
from hub.visit.models import DONE, REFUSED, WAITING, WANTED, OfficeCode
from hub.visit.office import again, look
from tests.collector.running import RunningOffice
from tests.town import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.visit.conftest import Box

CODE = "K7QM-3T5X-9D2B-HJ4W-P6RE"


def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


def row() -> OfficeCode:
    return OfficeCode.get()


def test_a_code_that_is_right_makes_the_hub_known_and_is_forgotten(box: Box, tmp_path: Path) -> None:
    with RunningOffice(tmp_path / "office") as office:
        phone = box.phone()
        phone.answer_all(office={"address": office.address, "code": office.add_site("Dzemul")})
        assert "asks head office now" in phone.get().text
        assert look(box.settings, box.clock)
    assert (row().state, row().code) == (DONE, None)
    assert this_site().code == "dzemul"
    assert "Head office knows this hub" in phone.get().text
    assert not look(box.settings, box.clock)


def test_nobody_is_asked_before_there_is_an_administrator(box: Box) -> None:
    box.phone().answer("office", address=nobody(), code=CODE)
    assert not look(box.settings, box.clock)
    assert row().state == WANTED


def test_without_a_line_it_is_tried_again_with_longer_pauses_and_at_a_tap(box: Box) -> None:
    phone = box.phone()
    phone.answer_all(office={"address": nobody(), "code": CODE})
    box.root_says(number=1, ok=True, sentence="")
    assert look(box.settings, box.clock)
    pauses = []
    for _time in range(7):
        began = box.seconds
        while not look(box.settings, box.clock):
            box.seconds += 5
        pauses.append(box.seconds - began)
    assert pauses == [15, 30, 60, 120, 240, 300, 300]
    page = phone.get()
    assert "Head office was not reached yet" in page.text
    assert "Refresh" not in page.headers
    assert not look(box.settings, box.clock)
    again()
    assert look(box.settings, box.clock)
    assert row().state == WAITING


def test_after_a_restart_it_is_tried_at_once(box: Box) -> None:
    box.phone().answer_all(office={"address": nobody(), "code": CODE})
    look(box.settings, box.clock)
    assert not look(box.settings, box.clock)
    box.boot("second")
    assert look(box.settings, box.clock)


def test_a_code_that_head_office_does_not_take_is_asked_for_again(box: Box, tmp_path: Path) -> None:
    with RunningOffice(tmp_path / "office") as office:
        phone = box.phone()
        phone.answer_all(office={"address": office.address, "code": CODE})
        assert look(box.settings, box.clock)
        assert row().state == REFUSED
        assert "Head office does not take the code" in phone.get().text
        assert not look(box.settings, box.clock)
        phone.answer("office", address=office.address, code=office.add_site("Dzemul"))
        assert look(box.settings, box.clock)
    assert row().state == DONE


def test_who_says_that_there_is_none_is_not_asked_about_an_old_code(box: Box) -> None:
    phone = box.phone()
    phone.answer_all(office={"address": nobody(), "code": CODE})
    phone.answer("office", none="yes")
    assert OfficeCode.select().count() == 0
    assert "none yet" in phone.get().text
