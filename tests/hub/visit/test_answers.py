"""The five answers: right ones are kept at once, wrong ones change nothing and say in one sentence why."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from content_cache.durable import make_folder
from hub.db import writing
from hub.network.record import WiFi
from hub.network.rules import judge_words
from hub.site import Site, this_site
from hub.technician.place import describe
from hub.uplink.budget import Rules
from hub.uplink.ledger import rules
from hub.visit.answers import (
    Answers,
    BadAnswer,
    OfficeAnswer,
    PlaceAnswer,
    UplinkAnswer,
    WiFiAnswer,
    judge,
    judge_uplink,
    judge_wifi,
    network_of,
)
from hub.visit.keep import keep, told
from hub.visit.own import Own, own_wifi
from hub.visit.zones import STATES, find_zone, near_zones, place_named
from tests.hub.visit.conftest import PASSWORD, RIGHT, Box

OWN = Own(WiFi(name="Village Hub 3F9A", password="40718263"), WiFi(name="Village Hub 3F9A setup", password="b" * 24))
SIGNS = [chr(number) for number in range(ord(" "), ord("~") + 1)]  # of a password of WPA2
CODE = "K7QM-3T5X-9D2B-HJ4W-P6RE"
WRONG = [
    ("office", {}, "choose its kit"),
    ("office", {"code": CODE}, "address is missing"),
    ("office", {"address": "office.example"}, "code is missing"),
    ("office", {"address": "no address", "code": CODE}, "no address"),
    ("office", {"address": "office.example", "code": "K7QM-3T5X"}, "wrong letter"),
    ("place", {"name": "", "state": "MX-YUC"}, "1 to 80 letters"),
    ("place", {"name": "Dzemul"}, "choose the state"),
    ("place", {"name": "Dzemul", "other": "Bogotaa"}, "America/Bogota"),
    ("place", {"name": "Dzemul", "other": "qqqqqqqqqqq"}, "large city"),
    ("wifi", {"name": "ñ" * 17}, "too long"),
    ("wifi", {"password": "corta"}, "8 to 63"),
    ("wifi", {"password": "contraseña larga"}, "without accents"),
    ("wifi", {"country": "México"}, "two letters"),
    ("uplink", {}, "Choose how"),
    ("uplink", {"kind": "pigeon"}, "Choose how"),
    ("uplink", {"kind": "wifi"}, "type its name"),
    ("uplink", {"kind": "wifi", "wifi_name": "Casa", "wifi_password": "x"}, "8 to 63"),
    ("uplink", {"kind": "cable", "daily": "mucho"}, "MB as a number"),
    ("uplink", {"kind": "cable", "first": "06"}, "both hours"),
    ("uplink", {"kind": "cable", "share": "yes"}, "villagers together"),
    ("uplink", {"kind": "cable", "share": "yes", "villagers": "many"}, "villagers together"),
    ("uplink", {"kind": "cable", "share": "yes", "villagers": "0"}, "villagers together"),
    ("uplink", {"kind": "cable", "share": "yes", "villagers": "100001"}, "villagers together"),
    ("administrator", {"name": "rosa", "password": PASSWORD, "again": "otra"}, "not the same"),
    ("administrator", {"name": "Doña Rosa", "password": PASSWORD, "again": PASSWORD}, "letters a to z"),
    ("administrator", {"name": "rosa", "password": "corta", "again": "corta"}, "too short"),
    ("administrator", {"name": "rosa", "password": "1234567890", "again": "1234567890"}, "easy to guess"),
]
# What is chosen, or a password: no text of the page.
HIDDEN = ("kind", "first", "country", "password", "again", "share")


@pytest.mark.parametrize(("part", "fields", "sentence"), WRONG)
def test_a_wrong_answer_changes_nothing_and_what_was_typed_stays(box: Box, part: str, fields: dict, sentence: str):
    phone = box.phone()
    page = phone.answer(part, **fields)
    assert page.status_code == 422
    assert sentence in page.text
    assert page.text.count('role="alert"') == 1
    typed = [value for name, value in fields.items() if name not in HIDDEN]
    assert [value for value in typed if value not in page.text] == []
    assert told() == Answers()
    assert this_site().name is None
    assert box.asked is None


def test_a_wrong_answer_after_a_right_one_leaves_the_right_one(box: Box) -> None:
    phone = box.phone()
    phone.answer("place", **RIGHT["place"])
    assert phone.answer("place", name="", state="MX-SON").status_code == 422
    assert told().place == PlaceAnswer(name="Dzemul", state="MX-YUC", time_zone="America/Merida")


def test_each_answer_is_kept_when_it_is_given(box: Box) -> None:
    box.phone().answer("office", none="yes")
    box.phone().answer("place", **RIGHT["place"])
    box.boot("second")
    assert (this_site().name, this_site().time_zone) == ("Dzemul", "America/Merida")
    assert "Question 3 of 5" in box.phone("10.45.0.99").get().text


def test_what_a_command_set_up_is_not_asked_again(box: Box) -> None:
    describe("Dzemul", "America/Merida")
    assert (told().office, told().place) == (None, PlaceAnswer(name="Dzemul", time_zone="America/Merida"))
    with writing():
        Site.update(collector_url="https://office.example", collector_key=bytes(32)).execute()
    assert told().office == OfficeAnswer(address="https://office.example")
    assert 'value="Dzemul"' in box.phone().get("/technician/visit/place").text


def test_the_uplinks_budget_and_hours_hold_at_once(box: Box) -> None:
    box.phone().answer("uplink", kind="modem", daily="20", monthly="", first="22", last="06")
    assert rules() == Rules(daily=20_000_000, monthly=None, hours="22-06")


def test_an_answer_that_is_given_again_as_it_stands_on_the_page_is_the_same(box: Box) -> None:
    """What a file said in more words than the page has choices for is not lost by a tap on Go on."""
    phone = box.phone()
    keep("uplink", judge_uplink(UplinkAnswer(kind="cable", daily_mb=20, hours="22-06", free_hours="00-05")))
    keep("wifi", judge_wifi(WiFiAnswer(channel=3)))
    own = own_wifi(box.settings)
    before = (network_of(told(), own, 1, "setup"), rules())
    assert 'value="20"' in phone.get("/technician/visit/uplink").text
    for part in ("uplink", "wifi"):
        page = phone.get(f"/technician/visit/{part}").text
        phone.answer(part, **as_it_stands(page))
    assert (network_of(told(), own, 1, "setup"), rules()) == before
    assert rules().free == "00-05"


def as_it_stands(page: str) -> dict[str, str]:
    """The fields of the form, as a browser sends them if nobody touches any."""
    fields = dict(re.findall(r'<input id="\w+" name="(\w+)" value="([^"]*)"', page))
    fields |= re.findall(r'<input type="(?:radio|checkbox)" name="(\w+)" value="([^"]*)" checked', page)
    for name, choices in re.findall(r'<select id="\w+" name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', choices) or re.search(r'value="([^"]*)"', choices)
        fields[name] = chosen[1] if chosen else ""
    return fields


def test_villagers_get_nothing_of_the_uplink_until_somebody_switches_it_on_and_says_how_much(box: Box) -> None:
    """The hub's own budget is another count, and stays as it was answered."""
    phone = box.phone()
    phone.answer_all(uplink={"kind": "cable", "daily": "20", "villagers": "300"})
    assert box.asked is not None
    assert box.asked.share_mb == 0, "a number without the tick gives nothing"
    phone.answer("uplink", kind="cable", daily="20", share="yes", villagers="300")
    assert (box.asked.share_mb, rules().daily) == (300, 20_000_000)
    assert "villagers: 300 MB a day" in phone.get().text
    share = box.settings.run_folder / "share.json"
    make_folder(share.parent)
    share.write_text('{"used_bytes": 12000000}')  # as hub/network/share.py says it
    assert "villagers: 300 MB a day, 12 MB of it used" in phone.get().text
    share.write_text("[")
    assert "of it used" not in phone.get().text
    form = phone.get("/technician/visit/uplink").text
    assert re.search(r'name="share" value="yes" checked', form)
    assert 'value="300"' in form
    phone.answer("uplink", kind="cable", daily="20", villagers="300")
    assert box.asked.share_mb == 0


def test_without_an_uplink_there_is_nothing_to_share(box: Box) -> None:
    box.phone().answer_all(uplink={"kind": "none", "share": "yes", "villagers": "300"})
    assert box.asked is not None
    assert box.asked.share_mb == 0


def test_five_answers_ask_root_for_their_network(box: Box) -> None:
    box.phone().answer_all(
        wifi={"name": "Aula", "password": "maíz".replace("í", "i") + "-2026", "channel": "6"},
        uplink={"kind": "wifi", "wifi_name": "Casa ejidal", "wifi_password": "clave de casa"},
    )
    asked = box.asked
    assert asked is not None
    assert asked.village == WiFi(name="Aula", password="maiz-2026")
    assert asked.setup == own_wifi(box.settings).setup
    assert (asked.country, asked.channel, asked.uplink) == ("MX", 6, "wifi")
    assert asked.uplink_wifi == WiFi(name="Casa ejidal", password="clave de casa")


def test_nothing_is_asked_of_root_before_all_five_are_there(box: Box) -> None:
    phone = box.phone()
    for part in ("office", "place", "wifi", "uplink"):
        phone.answer(part, **RIGHT[part])
        assert box.asked is None


@pytest.mark.parametrize(
    ("address", "host", "both", "stage"),
    [
        ("10.45.0.17", "10.45.0.1", False, "setup"),
        ("10.45.0.17", "10.45.0.1", True, "village"),
        ("169.254.3.4", "169.254.44.1", False, "village"),
    ],
)
def test_the_technician_keeps_her_way_in(box: Box, address: str, host: str, both: bool, stage: str) -> None:
    box.root_says(number=0, ok=True, sentence="", always_both=both)
    box.phone(address, host).answer_all()
    assert box.asked is not None
    assert box.asked.stage == stage


def test_the_villages_wifi_cannot_be_called_like_the_technicians(box: Box) -> None:
    page = box.phone().answer("wifi", name=own_wifi(box.settings).setup.name)
    assert page.status_code == 422
    assert "has that name" in page.text
    assert told().wifi is None


def test_an_open_wifi_has_no_password(box: Box) -> None:
    box.phone().answer_all(wifi={"open": "yes", "password": "x"})
    assert box.asked is not None
    assert box.asked.village.password is None


def test_every_state_has_a_zone_that_exists_and_is_found_however_it_is_written() -> None:
    for key, state in STATES.items():
        assert find_zone(state.zone) == state.zone
        assert place_named(state.name.upper()) == place_named(key.lower()) == key
    assert place_named("yucatan") == "MX-YUC"
    assert find_zone("bogota") == "America/Bogota"
    assert near_zones("Guatemalla") == ["America/Guatemala"]


@given(
    st.builds(
        WiFiAnswer,
        name=st.one_of(st.text(max_size=40), st.just("Aula")),
        password=st.one_of(st.text(max_size=70), st.text(SIGNS, min_size=7, max_size=64)),
        open=st.booleans(),
        country=st.sampled_from(["MX", "mx", "BR"]),
        channel=st.integers(0, 14),
    )
)
def test_whatever_is_judged_good_is_a_network_that_root_can_read(answer: WiFiAnswer) -> None:
    try:
        judged = judge(Answers(wifi=answer))
    except BadAnswer as error:
        event(error.field)
        return
    judge_words(network_of(judged, OWN, 1, "village"))
    assert judge(judged) == judged
    assert msgspec.json.decode(msgspec.json.encode(judged), type=Answers) == judged
