"""What root refuses is told to a technician in her language, with the answer that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from hub.i18n import speaking
from hub.network.record import BadNetwork, WiFi
from hub.network.rules import adapted, judge_machine
from hub.visit.said import KNOWN, said
from tests.hub.network.places import PI, PI_WITH_ADAPTER, network
from tests.hub.network.test_rules import WITH_DEAF

if TYPE_CHECKING:
    from hub.network.hardware import Hardware
    from hub.network.record import Network
    from tests.hub.visit.conftest import Box

SCHOOL = WiFi(name="Escuela", password="12345678")
# What the page's two questions about the network let a technician choose, on a machine that cannot do it.
CHOICES = {
    "a radio that was pulled out": (network(radio="wlan7"), PI, "wifi", "ningún radio wlan7"),
    "a radio that opens nothing": (network(radio="wlan2"), WITH_DEAF, "wifi", "no puede abrir"),
    "a port that was pulled out": (network(access_point="eth7"), PI, "wifi", "ningún puerto eth7"),
    "a telephone as a port": (network(access_point="usb0"), PI_WITH_ADAPTER, "wifi", "usb0 es un módem"),
    "a radio and a port": (network(radio="wlan0", access_point="eth0"), PI, "wifi", "uno de los dos"),
    "another Wi-Fi by the only radio": (network(uplink="wifi", uplink_wifi=SCHOOL), PI, "uplink", "único radio"),
    "the cable by the only port": (network(access_point="eth0", uplink="cable"), PI, "uplink", "único puerto"),
}


@pytest.mark.parametrize(("wish", "machine", "part", "words"), CHOICES.values(), ids=CHOICES)
def test_what_cannot_be_done_is_said_in_spanish_and_leads_to_its_question(
    wish: Network, machine: Hardware, part: str, words: str
) -> None:
    with pytest.raises(BadNetwork) as caught:
        judge_machine(wish, machine)
    with speaking("es"):
        found = said(str(caught.value))
    assert (found.part, found.exact) == (part, True)
    assert words in found.sentence


def test_what_was_pulled_out_at_a_start_is_said_too() -> None:
    _network, lost = adapted(replace(network(), radio="wlan7"), PI)
    with speaking("es"):
        assert "vuelve a conectarlo" in said(f"The village's network is open. {lost}").sentence


def test_what_no_answer_mends_says_what_helps_and_leaves_roots_own_words(box: Box) -> None:
    phone = box.phone(language="es-MX")
    phone.answer_all()
    assert box.asked is not None
    box.root_says(number=box.asked.number, ok=False, sentence="hostapd does not take its file (line 3).")
    page = phone.get().text
    assert "Reiníciala" in page
    assert '<p class="facts" lang="en">hostapd does not take its file (line 3).</p>' in page


def test_each_sentence_names_what_it_is_about() -> None:
    with speaking("en"):
        told = [say("wlan7") for _part, _pattern, say in KNOWN]
    assert len(set(told)) == len(told)
    assert [text for text in told if not text.endswith(".")] == []
