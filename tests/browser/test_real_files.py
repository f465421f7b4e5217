"""Files made by others, published as a course, then found, watched, heard, read and taken home on a phone."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import follow
from tests.town import Town, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

COURSE = """\
course: de-verdad
title: Archivos de verdad
summary: Hechos por otras personas.
language: es-MX
topic: Pruebas
items:
  - item: conejo
    kind: video
    title: El conejo en el prado
    file: conejo.mp4
    renditions:
      240p: conejo.240p.mp4
      audio: conejo.m4a
    captions:
      es: es.vtt
      en: en.vtt
  - item: buzon
    kind: audio
    title: Instrucciones del buzón
    file: buzon.wav
  - item: cancion
    kind: audio
    title: Sonido del conejo
    file: conejo.mp3
  - item: manual
    kind: document
    title: Un manual en PDF
    file: manual.pdf
  - item: mapa
    kind: image
    title: Mapa de México
    summary: Los estados de México.
    file: mapa.png
  - item: dibujo
    kind: image
    title: Un dibujo
    file: dibujo.svg
"""
FILES = {
    "conejo.mp4": "video/big_buck_bunny_1080p_10s.mp4",
    "es.vtt": "subtitles/wwa_captions_es.vtt",
    "en.vtt": "subtitles/wwa_captions_en.vtt",
    "buzon.wav": "audio/es_MX_demo-instruct.wav",
    "conejo.mp3": "audio/bunny.stereo.audio.mp3",
    "manual.pdf": "pdf/doc_ES.pdf",
    "mapa.png": "image/mexico_states.png",
    "dibujo.svg": "image/es_gs-search2.svg",
}
MEDIA = "document.querySelector('video, audio')"
PLAY = f"() => {{ {MEDIA}.muted = true; return {MEDIA}.play(); }}"
SHOWN = f"[...{MEDIA}.textTracks].filter(one => one.mode === 'showing').map(one => one.language)"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Town]:
    if shutil.which("ffmpeg") is None:
        pytest.skip("component absent: ffmpeg")
    folder = tmp_path_factory.mktemp("real")
    course = folder / "courses" / "de-verdad"
    course.mkdir(parents=True)
    (course / "course.yaml").write_text(COURSE, "utf-8")
    for name, path in FILES.items():
        shutil.copy(shared_data / path, course / name)
    lighter = ["-vf", "scale=-2:240", "-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p"]
    sound = ["-f", "lavfi", "-i", "sine=220:duration=10"]
    film = ["-i", str(course / "conejo.mp4")]
    convert([*film, *lighter, "-preset", "ultrafast", "-an", str(course / "conejo.240p.mp4")])
    convert([*sound, "-c:a", "aac", str(course / "conejo.m4a")])
    with Town(folder) as it:
        it.library = it.fill_library(folder / "courses")
        it.start("web")
        yield it


def convert(words: list[str]) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *words], check=True, timeout=100)


def wait(page: Page, condition: str) -> None:
    assert until(lambda: page.evaluate(condition)), condition


def file_of(town: Town, item: str) -> str:
    return str(town.library.catalogue().item(f"de-verdad/{item}").file("main").sha256)


def test_a_film_is_found_watched_with_captions_made_lighter_and_taken_home(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at("/"))
    page.get_by_role("searchbox").fill("conejos en el PRADO")
    page.get_by_role("searchbox").press("Enter")
    follow(page.get_by_role("link", name="El conejo en el prado"))
    page.evaluate(PLAY)
    wait(page, f"{MEDIA}.currentTime > 0.5 && {MEDIA}.videoHeight > 0")
    assert page.evaluate(f"{MEDIA}.videoHeight") == 240  # a small screen saves data by itself
    assert page.evaluate(SHOWN) == ["es"]
    wait(page, f"[...{MEDIA}.textTracks].some(one => one.mode === 'showing' && one.cues && one.cues.length > 10)")
    page.get_by_role("navigation", name="Cómo ver").get_by_role("link", name="Mejor imagen").click()
    wait(page, f"{MEDIA}.videoHeight > 240 && {MEDIA}.currentTime > 0.5 && !{MEDIA}.paused")
    with page.expect_download() as taken:
        page.get_by_role("region", name="Para llevar").get_by_role("link", name="Mejor imagen").click()
    kept = taken.value.path()
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == file_of(town, "conejo")


@pytest.mark.parametrize("item", ["buzon", "cancion"])
def test_a_recording_is_heard(town: Town, phone: BrowserContext, item: str) -> None:
    page = phone.new_page()
    page.goto(town.at(f"/items/de-verdad/{item}"))
    page.evaluate(PLAY)
    wait(page, f"{MEDIA}.currentTime > 0.5")
    assert page.locator("[role=alert]").is_hidden()


def test_a_document_opens_whole(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at("/items/de-verdad/manual"))
    link = page.get_by_role("link", name="Abrir el documento").get_attribute("href")
    answer = page.request.get(town.at(link))
    assert answer.headers["content-type"] == "application/pdf"
    assert hashlib.sha256(answer.body()).hexdigest() == file_of(town, "manual")


@pytest.mark.parametrize(("item", "words"), [("mapa", "Los estados de México."), ("dibujo", "Un dibujo")])
def test_a_picture_is_shown_and_described(town: Town, phone: BrowserContext, item: str, words: str) -> None:
    page = phone.new_page()
    page.goto(town.at(f"/items/de-verdad/{item}"))
    picture = page.get_by_role("img", name=words)
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    assert picture.bounding_box()["width"] <= 360
