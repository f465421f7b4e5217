"""The page for whoever carries, at a person's pace and in her language; the technician's, with sticks and the kit."""

from __future__ import annotations

import dataclasses
import io
import re
import threading
from typing import TYPE_CHECKING

import pytest
import requests

from hub.carry.models import Carrier as Plugged
from hub.carry.models import carrying
from hub.carry.routes import BURST
from hub.carry.sticks import STATES
from hub.clock import Clock
from hub.db import database, writing
from hub.server import HubServer
from hub.settings import Settings
from hub.site import this_site
from hub.uplink.models import Outbox
from tests.hub.content.test_sticks import Port
from tests.hub.serving import serving
from tests.hub.technician.conftest import ORIGIN, Bench
from tests.hub.uplink.conftest import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from werkzeug.test import TestResponse

    from tests.hub.carry.conftest import HeadOffice


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path)
    if not database.is_closed():
        database.close()


@pytest.fixture
def carried(bench: Bench, office: HeadOffice) -> Bench:
    """A hub with a kit, which a signed-in technician gave it."""
    give_kit(bench, office.kit(address="https://office.example"))
    return bench


def give_kit(bench: Bench, data: bytes) -> TestResponse:
    staff = bench.signed_in()
    fields = {"form_token": staff.form_token("/technician/carry"), "kit": (io.BytesIO(data), "dzemul.kit")}
    return staff.client.post("/technician/carry/kit", data=fields, headers={"Origin": ORIGIN, "Accept-Language": "en"})


def bring(bench: Bench, data: bytes, origin: str = ORIGIN, language: str = "en", address: str = "10.0.0.9"):
    return bench.app.test_client().post(
        "/carry",
        data={"file": (io.BytesIO(data), "r.vhub")},
        headers={"Origin": origin, "Accept-Language": language},
        environ_overrides={"REMOTE_ADDR": address},
    )


def fetch(bench: Bench, address: str = "10.0.0.9") -> TestResponse:
    return bench.app.test_client().get("/carry/file", environ_overrides={"REMOTE_ADDR": address})


def test_all_the_way_round_by_the_pages_alone(carried: Bench, office: HeadOffice) -> None:
    page = carried.browser().get("/carry").text
    assert "At https://office.example/carry" in page
    assert "<script" not in page
    file = fetch(carried)
    assert re.fullmatch(r"attachment; filename=village-hub-dzemul-\S+\.vhub", file.headers["Content-Disposition"])
    taken = office.take(file.data)
    assert taken.site == "Dzemul"
    answer = bring(carried, taken.reply or b"")
    assert answer.status_code == 200
    assert "Thank you." in answer.text
    assert "Head office does not know this box yet" not in carried.signed_in().get("/technician/carry").text
    assert (carrying().given, carrying().back) == (1, 1)


def test_the_page_speaks_spanish(carried: Bench) -> None:
    page = carried.browser("es-MX").get("/carry").text
    assert "Lleva los datos a la oficina central" in page
    assert "Llévate el archivo" in page
    assert "Este no es un archivo de la oficina central" in bring(carried, b"PK", language="es").text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04", "This is no file of head office"),
        (b"\xa4\x00\x07\x01", "damaged on the way"),
        (bytes(4_194_305), "larger than any"),
        (bytes(5_000_000), "larger than any"),
    ],
)
def test_a_wrong_file_gets_a_sentence(carried: Bench, data: bytes, words: str) -> None:
    answer = bring(carried, data)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_hub_without_head_office_says_so_and_hands_out_nothing(bench: Bench) -> None:
    page = bench.browser().get("/carry")
    assert "This hub works without head office." in page.text
    assert "/carry/file" not in page.text
    assert fetch(bench).location == "/carry"
    assert bring(bench, b"x").location == "/carry"


def test_a_form_of_a_stranger_is_refused(carried: Bench) -> None:
    assert bring(carried, b"x", origin="http://elsewhere.example").status_code == 403


def test_a_phone_has_a_persons_pace_and_others_are_not_held_up(carried: Bench) -> None:
    answers = [fetch(carried).status_code for _ in range(BURST + 2)]
    assert answers == [200] * BURST + [429] * 2
    assert fetch(carried, "10.0.0.10").status_code == 200


def test_many_taps_seal_once(carried: Bench) -> None:
    fetch(carried)
    before = [row.sequence for row in Outbox.select()]
    names = {fetch(carried, f"10.0.1.{n}").headers["Content-Disposition"] for n in range(20)}
    assert [row.sequence for row in Outbox.select()] == before
    assert len(names) == 1
    assert len(list((carried.settings.data / "carry").iterdir())) == 1


def test_many_phones_at_once_get_one_file(carried: Bench) -> None:
    got, gate = [], threading.Barrier(6)

    def tap(number: int) -> None:
        gate.wait()
        got.append(fetch(carried, f"10.0.2.{number}").data)
        database.close()

    phones = [threading.Thread(target=tap, args=(n,)) for n in range(6)]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.join(60)
    assert len(got) == 6
    assert len(set(got)) == 1


def test_a_kit_is_taken_from_a_technician_who_is_signed_in_alone(bench: Bench, office: HeadOffice) -> None:
    stranger = bench.browser()
    fields = {"form_token": "0" * 64, "kit": (io.BytesIO(office.kit()), "dzemul.kit")}
    answer = stranger.client.post("/technician/carry/kit", data=fields, headers={"Origin": ORIGIN})
    assert answer.location == "/technician/sign-in"
    assert not this_site().enrolled
    assert give_kit(bench, office.kit()).status_code == 303
    assert this_site().code == "dzemul"
    assert "Head office does not know this box yet" in bench.signed_in().get("/technician/carry").text


def test_a_bad_kit_gets_a_sentence(bench: Bench, office: HeadOffice) -> None:
    answer = give_kit(bench, office.kit()[:-1])
    assert answer.status_code == 422
    assert "This is no kit, or it is damaged" in answer.text
    assert not this_site().enrolled


def test_the_largest_kit_fits_the_form(bench: Bench, office: HeadOffice) -> None:
    root = b"x" * (10 << 10)
    answer = give_kit(bench, office.kit(content_root=root))
    assert "other keys for courses" in answer.text, "it was read, and its root is none"


def test_the_technicians_page_has_a_sentence_for_whatever_becomes_of_a_stick(
    carried: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = Port(tmp_path, monkeypatch)
    carried.settings = dataclasses.replace(carried.settings, sticks=port.folder)
    carried.boot("another boot")
    said = set()
    for state in STATES:
        stick = port.plug_in(state, "x")
        with writing():
            Plugged.create(place=str(stick), name=state, state=state, stamp="", boot=1, seconds=1)
        page = carried.signed_in().get("/technician/carry").text
        said |= set(re.findall(rf">{state}</h3>\s*<p><strong>\s*([^<]+)</strong>", page))
    assert len(said) == len(STATES)


def test_the_technicians_page_and_the_villages_lead_there(carried: Bench) -> None:
    assert 'href="/technician/carry"' in carried.signed_in().get("/technician").text
    assert 'href="/carry"' in carried.browser().get("/usage").text


def test_a_file_that_is_too_large_gets_a_sentence_over_a_real_socket_too(
    carried: Bench, tmp_path: Path, free_port: int
) -> None:
    server = HubServer(carried.app, Settings(data=tmp_path, port=free_port))
    at = f"http://127.0.0.1:{free_port}"
    with serving(server):
        answer = requests.post(
            f"{at}/carry", files={"file": ("foto.vhub", bytes(5_000_000))}, headers={"Origin": at}, timeout=30
        )
        assert answer.status_code == 422
        assert "El archivo es más grande" in answer.text
        elsewhere = requests.post(f"{at}/usage/events", data=bytes(300_000), headers={"Origin": at}, timeout=30)
        assert elsewhere.status_code == 413, "only files that people bring may be large"


@pytest.fixture
def machine() -> Machine:
    """Of head office alone: the hub's clock is its own, and shows the year that this runs in."""
    import datetime as dt

    machine = Machine()
    machine.true = dt.datetime.now(dt.UTC)
    return machine


def test_the_clock_of_the_bench_is_unsure(bench: Bench) -> None:
    """So what is handed out above is what a box without a line and without the time hands out."""
    assert isinstance(bench.clock, Clock)
    assert bench.clock.now() is None
