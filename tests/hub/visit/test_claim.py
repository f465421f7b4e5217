"""Who may enter a box that has no administrator: whoever stands beside it, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.downlink.accounts import carry_out, known, plan
from hub.technician.models import Technician
from hub.technician.passwords import hash_password
from hub.visit.answers import Answers
from hub.visit.keep import set_password, told
from tests.hub.visit.conftest import PASSWORD, RIGHT, Box
from wire.state import Account

if TYPE_CHECKING:
    from pathlib import Path


def test_the_setup_network_and_the_cable_lead_straight_to_the_questions(box: Box) -> None:
    for address, host in (("10.45.0.17", "10.45.0.1"), ("169.254.9.8", "169.254.44.1")):
        answer = box.phone(address, host).get("/technician")
        assert answer.status_code == 303
        assert answer.location == "/technician/visit/next"
        assert box.phone(address, host).get(answer.location).location == "/technician/visit/office"
        assert "Question 1 of 5" in box.phone(address, host).get().text
        assert box.phone(address, host).get("/").location == "/technician/visit/next"


def test_who_types_the_hubs_name_beside_a_new_box_is_led_to_its_number(box: Box) -> None:
    phone = box.phone(host="hub.home.arpa")
    assert phone.get("/").location == "/technician/visit/next"
    assert phone.get("/technician/visit/next").location == "http://10.45.0.1/technician/visit/next"
    assert box.phone("10.44.0.9", "hub.home.arpa").get("/").status_code == 200


@pytest.mark.parametrize("address", ["10.44.0.9", "10.46.0.1", "192.168.1.7", "203.0.113.9"])
def test_nobody_else_can_ask_or_answer(box: Box, address: str) -> None:
    phone = box.phone(address, "10.44.0.1")
    assert "Question" not in phone.get().text
    assert phone.post("/technician/visit/administrator", **RIGHT["administrator"]).status_code in (303, 403, 404)
    assert not Technician.select().exists()


@pytest.mark.parametrize("host", ["evil.example", "10.45.0.1.evil.example", "evil.example:8080", "hub.home.arpa"])
def test_a_page_of_elsewhere_whose_name_leads_here_claims_nothing(box: Box, host: str) -> None:
    assert "Question" not in box.phone(host=host).get().text
    box.phone(host=host).post("/technician/visit/place", name="Dzemul", state="MX-YUC")
    assert told() == Answers()


def test_a_form_from_another_page_is_refused(box: Box) -> None:
    answer = box.phone().client.post(
        "/technician/visit/place",
        data=RIGHT["place"],
        base_url="http://10.45.0.1",
        headers={"Origin": "http://evil.example"},
        environ_base={"REMOTE_ADDR": "10.45.0.17"},
    )
    assert answer.status_code == 403


def test_on_a_laptop_the_claim_is_open_to_nobody(tmp_path: Path) -> None:
    laptop = Box(tmp_path, staff_from="")
    phone = laptop.phone("127.0.0.1", "localhost")
    assert phone.get().location == "/technician/sign-in"
    assert phone.post("/technician/visit/administrator", **RIGHT["administrator"]).location == "/technician/sign-in"
    assert not Technician.select().exists()


def test_once_there_is_an_administrator_she_alone_comes_in(box: Box) -> None:
    first, second = box.phone(), box.phone("10.45.0.18")
    first.answer_all()
    assert first.get().status_code == 200
    assert first.get("/").status_code == 200
    assert second.get().location == "/technician/sign-in"
    assert second.post("/technician/visit/place", name="X", state="MX-YUC").location == "/technician/sign-in"
    assert second.post("/technician/sign-in", name="rosa", password=PASSWORD).location == "/technician"
    assert second.get().status_code == 200


def test_of_two_who_answer_at_once_one_becomes_the_administrator(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    # Both passed the door before either was kept.
    monkeypatch.setattr("hub.visit.routes.may_claim", lambda *_: True)
    one, other = box.phone(), box.phone("10.45.0.18")
    assert one.post("/technician/visit/administrator", **RIGHT["administrator"]).status_code == 303
    late = other.post("/technician/visit/administrator", name="eva", password=PASSWORD, again=PASSWORD)
    assert late.status_code == 422
    assert "Somebody else chose" in late.text
    assert [row.name for row in Technician.select()] == ["rosa"]


def test_who_taps_twice_is_the_same_administrator(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow box the second tap comes in before the first has its answer, which the browser then drops."""
    monkeypatch.setattr("hub.visit.routes.may_claim", lambda *_: True)
    first, second = box.phone(), box.phone()
    assert first.post("/technician/visit/administrator", **RIGHT["administrator"]).status_code == 303
    assert second.post("/technician/visit/administrator", **RIGHT["administrator"]).status_code == 303
    monkeypatch.undo()
    assert second.get().status_code == 200
    wrong = dict.fromkeys(("password", "again"), "otra frase bien larga")
    monkeypatch.setattr("hub.visit.routes.may_claim", lambda *_: True)
    late = box.phone().post("/technician/visit/administrator", name="rosa", **wrong)
    assert late.status_code == 422
    assert "Somebody else chose" in late.text


def test_head_office_cannot_take_away_the_account_that_keeps_the_box_closed(box: Box) -> None:
    """Whose password was given by the card is the box's own; without anybody the next who comes would be its master."""
    hashed = f"scrypt:32768:8:1$abcdefghijklmnop${'0' * 128}"
    carry_out(plan([Account(name="rosa", password=hashed)], known()))
    set_password("rosa", hash_password(PASSWORD))
    carry_out(plan([], known()))
    assert [row.name for row in Technician.select()] == ["rosa"]
    assert box.phone().get().location == "/technician/sign-in"
