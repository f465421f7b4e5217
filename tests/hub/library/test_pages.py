"""The library's pages as a phone gets them: right, in its language, the same bytes for everybody, renewed in time."""

from __future__ import annotations

import gzip
import re
import shutil
import wave
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from hub.library import pages
from tests.content_cache.making import course
from tests.hub.library.conftest import VISITOR, Running
from tests.town import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

PATHS = ["/", "/courses/precio-justo", "/items/precio-justo/costos", "/topics/costos-y-precios", "/search?q=costos"]
VIDEO = SAMPLES / "precio-justo" / "lecciones" / "1-cuanto-te-cuesta.mp4"
VISITED = {"Cookie": f"visitor={VISITOR}"}

MEDIA = """\
  - item: video
    kind: video
    title: Un video
    file: v.mp4
    poster: foto.png
    captions:
      es-MX: uno.vtt
      en: two.vtt
      yua: two.vtt
  - item: voz
    kind: audio
    title: Una voz
    file: a.wav
    seconds: 200
"""


def publish_media(running: Running) -> None:
    folder = course(running.folder / "course", items=MEDIA)
    shutil.copy(VIDEO, folder / "v.mp4")
    with wave.open(str(folder / "a.wav"), "wb") as sound:
        sound.setparams((1, 1, 8000, 800, "NONE", ""))
        sound.writeframes(bytes(800))
    (folder / "two.vtt").write_bytes(b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n")
    running.publish(folder)


def test_an_empty_library_says_who_can_fill_it(running: Running) -> None:
    answer = running.ask("/")
    assert answer.status == 200
    assert "Todavía no hay cursos" in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_a_page_speaks_spanish_unless_asked_otherwise(running: Running, path: str) -> None:
    running.publish(course(running.folder / "course"))
    for headers, language in (
        ({}, "es"),
        ({"Accept_Language": "fr"}, "es"),
        ({"Accept_Language": "yua, es-MX;q=0.9, en;q=0.8"}, "es"),
        ({"Accept_Language": "es-419, en;q=0.8"}, "es"),
        ({"Accept_Language": "en;q=0, es"}, "es"),
        ({"Accept_Language": "es;q=0.5, en-GB;q=0.9"}, "en"),
        ({"Accept_Language": "en;q=" + "9" * 5000}, "es"),
        ({"Accept_Language": "en-GB,en;q=0.9"}, "en"),
        ({"Accept_Language": "en", "Cookie": "a=b; language=es"}, "es"),
        ({"Cookie": "language=en; a=b"}, "en"),
        ({"Cookie": "language=xx"}, "es"),
    ):
        answer = running.ask(path, **headers)
        assert answer.status == 200
        assert f'<html lang="{language}">' in answer.text, headers
        assert answer.headers["content-language"] == language


def test_a_course_lists_its_lessons_in_order(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    text = running.ask("/courses/precio-justo").text
    listed = re.findall(r'class="row" href="([^"]+)"', text)
    assert listed == [f"/items/precio-justo/{slug}" for slug in ("costos", "hoja", "puesto")]
    assert 'class="main-action" href="/items/precio-justo/costos"' in text


def test_a_reading_is_in_the_page_and_leads_to_the_next_lesson(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    text = running.ask("/items/precio-justo/costos").text
    assert "<h2>Costos</h2>" in text
    assert 'href="/items/precio-justo/hoja" rel="next"' in text
    assert "Lección 1 de 3" in text
    assert 'rel="next"' not in running.ask("/items/precio-justo/puesto").text


def test_a_document_and_a_picture_can_be_opened_and_taken_home(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    for slug, name, what in (("hoja", "hoja.pdf", "application/pdf"), ("puesto", "puesto.png", "image/png")):
        text = running.ask(f"/items/precio-justo/{slug}").text
        (opened,) = {link for link in re.findall(r'href="(/media/[^"]+)"', text) if "?" not in link}
        (taken,) = re.findall(r'href="(/media/[^"]+\?download=\d+)"', text)
        assert opened.endswith(name)
        assert running.ask(opened).headers["content-type"] == what
        assert running.ask(taken).headers["content-disposition"].startswith("attachment")


def test_a_picture_is_described(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    assert 'alt="Un puesto"' in running.ask("/items/precio-justo/puesto").text


def test_a_video_brings_poster_captions_and_a_download_with_its_size(running: Running) -> None:
    publish_media(running)
    text = running.ask("/items/precio-justo/video").text
    (video,) = re.findall(r"<video[^>]*>", text)
    for attribute in ("controls", "playsinline", 'preload="none"', 'poster="/media/'):
        assert attribute in video
    assert re.search(r'<source src="/media/[0-9a-f]{64}/[^"]+\.mp4" type="video/mp4">', text)
    tracks = re.findall(r'<track kind="captions"[^>]*srclang="([^"]+)" label="([^"]+)"( default)?>', text)
    assert sorted(tracks) == [("en", "English", ""), ("es-MX", "Español", " default"), ("yua", "yua", "")]
    assert "2 min" in text
    assert re.search(r"Descargar <span class=\"facts\">· \d+ kB</span>", text)
    english = running.ask("/items/precio-justo/video", Accept_Language="en").text
    assert re.search(r'srclang="en" label="English" default>', english)


def test_a_recording_plays_in_the_page(running: Running) -> None:
    publish_media(running)
    text = running.ask("/items/precio-justo/voz").text
    assert re.search(r"<audio controls[^>]*>\s*<source src=\"/media/[^\"]+\.wav\" type=\"audio/wav\">", text)
    assert "3 min" in text


@pytest.mark.parametrize(
    "path", ["/courses/nada", "/items/precio-justo/nada", "/items/nada/costos", "/topics/nada", "/nada"]
)
def test_what_is_not_there_is_said_in_her_language_with_a_way_home(running: Running, path: str) -> None:
    running.publish(course(running.folder / "course"))
    answer = running.ask(path, **VISITED)
    assert answer.status == 404
    assert "No encontramos la página" in answer.text
    assert 'href="/"' in answer.text
    assert "Page not found" in running.ask(path, Accept_Language="en").text
    assert "etag" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_a_phone_that_has_the_page_is_told_so_in_no_bytes(running: Running, path: str) -> None:
    running.publish(course(running.folder / "course"))
    for headers in ({}, {"Accept_Encoding": "gzip"}):
        first = running.ask(path, **VISITED, **headers)
        assert first.headers["cache-control"] == "private, no-cache"
        again = running.ask(path, **VISITED, **headers, If_None_Match=first.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert "W/" not in first.headers["etag"]
    assert running.ask(path, If_None_Match='"other"').status == 200


def test_a_page_is_compressed_only_for_those_who_take_it(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    plain, zipped = running.ask("/"), running.ask("/", Accept_Encoding="gzip, deflate")
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != zipped.headers["etag"]
    assert {"accept-encoding", "accept-language", "cookie"} <= set(re.split(r",\s*", plain.headers["vary"].lower()))


@pytest.mark.parametrize("path", PATHS)
def test_head_gives_the_headers_alone(running: Running, path: str) -> None:
    running.publish(course(running.folder / "course"))
    whole, head = running.ask(path), running.ask(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))
    assert head.headers["etag"] == whole.headers["etag"]


def test_a_new_release_shows_at_once(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    before = running.ask("/")
    running.publish(course(running.folder / "course", title="Otro nombre"))
    after = running.ask("/", If_None_Match=before.headers["etag"])
    assert after.status == 200
    assert "Otro nombre" in after.text
    assert "El precio justo" in before.text
    assert "El precio justo" not in after.text


def test_a_page_holds_nothing_of_whoever_asked_first(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    first = running.ask("/?secret=query-1", Cookie="visitor=" + "ab" * 16 + "; x=cookie-1", Host="evil.example")
    second = running.ask("/", **VISITED)
    assert first.body == second.body
    for personal in (b"query-1", b"cookie-1", b"abab", b"evil.example"):
        assert personal not in second.body


def test_a_page_is_rendered_once_for_all_phones(running: Running) -> None:
    rendered = []
    running.app.before_request(lambda: rendered.append(1) and None)
    running.publish(course(running.folder / "course"))
    for _ in range(5):
        running.ask("/")
    assert len(rendered) == 1
    running.ask("/", Accept_Language="en")
    assert len(rendered) == 2


def test_the_cache_keeps_what_was_asked_last_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "CACHE_BYTES", 1000)
    kept = pages.Kept("1")
    for number in range(20):
        kept.put((str(number), "es"), pages.Page("200 OK", [], b"x" * 200, b"y" * 50, "e"))
        kept.get(("0", "es"))
    there = [number for number in range(20) if kept.get((str(number), "es"))]
    assert there == [0, 17, 18, 19]
    assert kept._bytes == 1000
    kept.put(("0", "es"), pages.Page("200 OK", [], b"", b"", "e"))
    assert kept._bytes == 750


def test_a_phone_gets_one_cookie_and_is_counted_when_it_returns_it(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    (cookie,) = running.ask("/").cookies
    assert re.fullmatch(r"visitor=[0-9a-f]{32}; Max-Age=2678400; Path=/; HttpOnly; SameSite=Lax", cookie)
    assert not running.hub.recorder._visits
    visitor = cookie[8:40]
    running.ask("/courses/precio-justo", Cookie=f"visitor={visitor}", Accept_Language="en")
    assert running.ask("/courses/precio-justo", Cookie=f"visitor={visitor}").cookies == []
    assert set(running.hub.recorder._visits) == {visitor}
    assert running.hub.recorder._visits[visitor].language == "es"


def test_a_search_is_a_visit_like_any_page(running: Running) -> None:
    running.publish(course(running.folder / "course"))
    (cookie,) = running.ask("/search?q=costos").cookies
    assert cookie.startswith("visitor=")
    assert running.ask("/search?q=costos", **VISITED).cookies != []
    assert running.ask("/search?q=otra", **VISITED).cookies == []
    assert set(running.hub.recorder._visits) == {VISITOR}


def test_a_page_that_is_not_there_and_head_count_nobody(running: Running) -> None:
    running.ask("/courses/nada", **VISITED)
    running.ask("/", "HEAD", **VISITED)
    assert not running.hub.recorder._visits


def test_choosing_a_language_leads_back_and_is_remembered(running: Running) -> None:
    answer = running.ask("/language/en?next=/courses/precio-justo")
    assert (answer.status, answer.headers["location"]) == (303, "/courses/precio-justo")
    assert answer.headers["set-cookie"].startswith("language=en;")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "https://evil.example",
        "/%5Cevil.example",
        "%5C%5Cevil.example",
        "/%0d%0aX: y",
        "/%09/evil",
        "",
    ],
)
def test_choosing_a_language_never_leads_elsewhere(running: Running, elsewhere: str) -> None:
    answer = running.ask(f"/language/es?next={elsewhere.replace(' ', '%20')}")
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_an_unknown_language_is_not_there(running: Running) -> None:
    assert running.ask("/language/tlh").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_page_can_only_be_read(running: Running, method: str) -> None:
    assert running.ask("/", method).status == 405


def test_markup_in_a_title_is_text(running: Running) -> None:
    folder: Path = course(running.folder / "course", title="'<script>alert(1)</script>'")
    running.publish(folder)
    for path in PATHS[:2]:
        text = running.ask(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize("path", [*PATHS, "/items/precio-justo/hoja", "/nada"])
def test_a_page_needs_no_inline_script_or_style(running: Running, path: str) -> None:
    running.publish(course(running.folder / "course"))
    answer = running.ask(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", answer.text)


@pytest.mark.parametrize("path", [*PATHS, "/items/precio-justo/hoja", "/items/precio-justo/puesto", "/nada"])
def test_headings_go_down_one_step_at_a_time_and_landmarks_have_names(running: Running, path: str) -> None:
    running.publish(course(running.folder / "course"))
    text = running.ask(path).text
    levels = [
        int(level)
        for level in re.findall(r"<h([1-6])", re.sub(r"<section hidden.*?</section>", "", text, flags=re.DOTALL))
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert text.count("<main") == 1
    assert all("aria-label" in nav for nav in re.findall(r"<nav[^>]*>", text))
    assert 'href="#main"' in text
