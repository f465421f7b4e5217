"""`GET /usage` over a real socket: its numbers are what phones reported, and it is fit for everybody who opens it."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import secrets
import wave
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from content_cache.importer import import_repository
from content_cache.publisher.publish import publish
from hub.app import Hub, create_app
from hub.clock import Clock
from hub.server import HubServer
from hub.settings import Settings
from hub.usage.days import RENEW_EVERY
from tests.content_cache.making import course
from tests.hub.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ZONE = ZoneInfo("America/Mexico_City")  # what a site has that nobody has set up
WEDNESDAY = datetime(2026, 3, 11, 17, 20, tzinfo=ZONE)
HOSTILE = """</strong><script>alert("x")</script>' onmouseover='y"""
ITEMS = f"""\
  - item: voz
    kind: audio
    title: {json.dumps(HOSTILE)}
    file: a.wav
    seconds: 60
  - item: hoja
    kind: document
    title: La hoja
    file: hoja.pdf
"""
FIGURE = re.compile(r"<li><strong>([^<]+)</strong> ([^<]+)</li>")
SVG = re.compile(r'<svg viewBox="0 0 350 170".*?</svg>', re.DOTALL)


class Village:
    """A hub on a free port, whose clock the test turns, and its phones."""

    def __init__(self, folder: Path) -> None:
        self.seconds = 5000.0
        self.settings = Settings(data=folder / "hub", port=0, threads=4, connections=50)
        self.clock = Clock(since_boot=lambda: self.seconds, boot_id="boot", synchronised=lambda: False)
        self.app = create_app(self.settings, self.clock)
        self.hub: Hub = self.app.extensions["hub"]
        self.server = HubServer(self.app, self.settings)
        lessons = course(folder / "course", items=ITEMS)
        with wave.open(str(lessons / "a.wav"), "wb") as sound:
            sound.setparams((1, 1, 8000, 800, "NONE", ""))
            sound.writeframes(bytes(800))
        publish(lessons, folder / "repository")
        import_repository(folder / "repository", self.hub.library)

    def ask(self, path: str = "/usage", method: str = "GET", body: bytes | None = None, **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.server.effective_port), timeout=10)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def play(self, phone: int, *intervals: tuple[float, float], slug: str = "voz", group: int = 1) -> None:
        play = {"id": secrets.token_hex(16), "item": f"precio-justo/{slug}", "intervals": intervals, "group": group}
        cookie = f"visitor={phone:032x}; language=es"
        self.ask("/", Cookie=cookie)
        status, _, _ = self.ask("/usage/events", "POST", json.dumps({"plays": [play]}).encode(), Cookie=cookie)
        assert status == 202
        self.hub.recorder.flush()

    def page(self, language: str = "es") -> str:
        status, _, body = self.ask(Accept_Language=language)
        assert status == 200
        return body.decode()

    def figures(self) -> dict[str, str]:
        return {words: shown for shown, words in FIGURE.findall(self.page())}

    def later(self, **time: float) -> None:
        self.seconds += timedelta(**time).total_seconds()


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    it = Village(tmp_path)
    with serving(it.server):
        yield it


def busy(village: Village) -> None:
    """Five phones on Tuesday, the first again on Wednesday; two hear the lesson to its end, one shows it to 18 people."""
    village.clock.learn(WEDNESDAY - timedelta(days=1), "a test")
    village.play(1, (0, 60))
    village.play(2, (0, 30), (20, 58))
    village.play(3, (0, 30), group=18)
    village.play(4, (0, 120), slug="hoja")
    village.play(5, (0, 20))
    village.hub.recorder.delivered(7_500_000)
    village.hub.recorder.downloaded(2)
    village.later(days=1)
    village.play(1, (0, 40))


def test_the_pages_numbers_are_what_the_phones_reported(village: Village) -> None:
    busy(village)
    assert village.figures() == {
        "teléfonos distintos": "5",
        "visitas": "6",
        "horas con la caja encendida": "24",
        "teléfonos a la vez, como máximo": "5",
        "veces se abrió una lección": "6",
        "minutos con las lecciones": "5",  # 60 + 58 + 30 + 120 + 20 + 40 seconds
        "lección llevada a casa": "1",
        "veces se vio una lección hasta el final": "2",
        "lección vista hasta el final": "1",
    }
    text = village.page()
    for said in (
        "Esta semana, desde el lunes 9 de marzo hasta hoy.",
        "Idiomas de las visitas: Español 6.",
        "1 vez se juntó un grupo para ver una lección.",
        "suman 14 minutos",  # 328 seconds, and 30 for each of the 17 others
        "La caja entregó 7.5 MB.",
        "empieza a las 5 de la tarde.",
        "se abrió 5 veces · 3 minutos",
        "se abrió 1 vez · 2 minutos",
        'href="/items/precio-justo/voz"',
    ):
        assert said in text


def test_a_report_shows_up_within_a_minute(village: Village) -> None:
    busy(village)
    assert village.figures()["veces se abrió una lección"] == "6"
    village.play(2, (0, 10))
    assert village.figures()["veces se abrió una lección"] == "6"
    village.later(seconds=RENEW_EVERY)
    assert village.figures()["veces se abrió una lección"] == "7"


def test_bars_are_labelled_for_eyes_and_for_screen_readers(village: Village) -> None:
    busy(village)
    text = village.page()
    plots = SVG.findall(text)
    assert len(plots) == 3
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for plot in plots:
        drawn = ET.fromstring(plot)
        assert drawn.get("role") == "img"
        title, description = (drawn.find(name) for name in ("title", "desc"))
        assert drawn.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert description.text.count(" de marzo: ") == 7
        days = [each.text for each in drawn.findall("text") if each.get("class") is None]
        assert days == ["jue", "vie", "sáb", "dom", "lun", "mar", "hoy"]
    assert "martes 10 de marzo: 5; hoy, miércoles 11 de marzo: 1." in plots[0]
    table = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td>', text)
    assert len(table) == 21
    assert table[5:7] == [("martes 10 de marzo", "5"), ("hoy, miércoles 11 de marzo", "1")]
    assert text.count("<caption") == 3


def test_days_of_the_week_before_differ_by_shape_and_the_legend_says_so(village: Village) -> None:
    village.clock.learn(WEDNESDAY - timedelta(days=8), "a test")
    for pause, phones in ((0, 1), (4, 5), (4, 3)):  # on Tuesday and Saturday of last week, and on Wednesday
        village.later(days=pause)
        for phone in range(phones):
            village.play(phone, (0, 60))
    text = village.page()
    (visits, *_) = SVG.findall(text)
    assert re.findall(r'<rect class="(\w+)"', visits) == ["before", "now"]
    assert re.search(r'<rect class="before"[^>]*/></svg> la semana anterior', text)
    assert "Más que la semana anterior hasta el mismo día." in text


def test_nothing_in_the_page_needs_script_or_inline_style(village: Village) -> None:
    busy(village)
    text = village.page()
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=\"|data:|https?://", text)


def test_a_hostile_title_is_only_text(village: Village) -> None:
    busy(village)
    text = village.page()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&#39; onmouseover=&#39;y" in text


def test_in_a_tiny_village_a_count_is_not_a_person(village: Village) -> None:
    village.clock.learn(WEDNESDAY, "a test")
    for phone in range(4):
        village.play(phone, (0, 60))
    text = village.page()
    assert "Esta semana ha venido poca gente hasta ahora." in text
    assert set(village.figures()) == {
        "visitas",
        "hora o menos con la caja encendida",
        "veces se abrió una lección",
        "minutos con las lecciones",
        "lecciones llevadas a casa",
        "veces se vio una lección hasta el final",
    }
    for hidden in ('viewBox="0 0 350 170"', "<table", "/items/", "Español 4", "de la tarde", "distint"):
        assert hidden not in text
    village.play(5, (0, 60))
    village.later(seconds=RENEW_EVERY)
    assert "poca gente" not in village.page()


def test_an_unknown_time_is_said_with_how_much_waits(village: Village) -> None:
    village.play(1, (0, 60))
    village.play(2, (0, 60))
    text = village.page()
    assert "La caja no sabe qué día es." in text
    assert "2 lecciones abiertas esperan" in text
    assert "Todavía no ha venido nadie" not in text
    assert FIGURE.findall(text) == []
    village.clock.learn(WEDNESDAY, "a test")
    assert "La caja no sabe" not in village.page()
    assert village.figures()["veces se abrió una lección"] == "2"


def test_a_hub_that_nobody_has_used_invites(village: Village) -> None:
    village.clock.learn(WEDNESDAY, "a test")
    text = village.page()
    assert "Esta semana todavía no ha venido nadie. Sé la primera" in text
    assert 'class="main-action" href="/"' in text
    assert [text.count(f"<strong>{step}</strong>") for step in ("Acceso", "Uso", "Apropiación", "Bienestar")] == [1] * 4
    assert FIGURE.findall(text) == []
    assert "poca gente" not in text
    assert '<svg viewBox="0 0 350' not in text
    assert "Nobody has come by yet this week." in village.page("en")


def test_a_box_that_was_just_switched_on_is_not_said_to_have_been_off(village: Village) -> None:
    village.clock.learn(WEDNESDAY, "a test")
    village.play(1, (0, 60))
    assert village.figures()["hora o menos con la caja encendida"] == "1"


def test_what_is_not_measured_yet_is_said_instead_of_a_zero(village: Village) -> None:
    busy(village)
    text = village.page()
    assert "Aquí se contarán los cuestionarios y los certificados" in text
    assert "Aquí todavía no se mide nada." in text


def test_each_phone_gets_its_language_and_all_the_same_bytes(village: Village) -> None:
    busy(village)
    _, headers, spanish = village.ask()
    assert (headers["content-language"], headers["cache-control"]) == ("es", "private, no-cache")
    _, headers, english = village.ask(Accept_Language="en")
    assert headers["content-language"] == "en"
    assert b"different phones" in english
    assert {"accept-encoding", "accept-language", "cookie"} <= set(re.split(r",\s*", headers["vary"].lower()))
    _, _, other = village.ask(Cookie=f"visitor={9:032x}")
    assert other == spanish


def test_a_phone_that_has_the_page_is_told_so(village: Village) -> None:
    busy(village)
    for encoding in ("identity", "gzip"):
        _, headers, body = village.ask(Accept_Encoding=encoding)
        assert headers.get("content-encoding", "identity") == encoding
        assert "visitas" in (gzip.decompress(body) if encoding == "gzip" else body).decode()
        status, again, nothing = village.ask(Accept_Encoding=encoding, If_None_Match=headers["etag"])
        assert (status, nothing, again["etag"]) == (304, b"", headers["etag"])
    assert len(body) < 6000


def test_opening_the_page_is_a_visit_once_the_phone_has_returned_its_cookie(village: Village) -> None:
    village.clock.learn(WEDNESDAY, "a test")
    _, headers, _ = village.ask()
    cookie = headers["set-cookie"].split(";")[0]
    village.ask(method="HEAD", Cookie=cookie)
    village.hub.recorder.flush()
    village.later(seconds=RENEW_EVERY)
    assert "Esta semana todavía no ha venido nadie" in village.page()
    village.ask(Cookie=cookie)
    village.hub.recorder.flush()
    village.later(seconds=RENEW_EVERY)
    assert village.figures()["visita"] == "1"


def test_head_gives_the_headers_alone_and_nothing_can_be_sent(village: Village) -> None:
    village.clock.learn(WEDNESDAY, "a test")
    _, whole, _ = village.ask()
    status, headers, body = village.ask(method="HEAD")
    assert (status, body, headers["content-length"]) == (200, b"", whole["content-length"])
    assert "set-cookie" not in headers
    assert "script-src 'self'" in headers["content-security-policy"]
    for method in ("POST", "PUT", "DELETE"):
        status, _, body = village.ask(method=method, body=b"x=1")
        assert status == 405
        assert "<h1>" in body.decode()
