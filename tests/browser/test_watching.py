"""Real videos and subtitles made by others, watched in Chromium on a screen as wide as a cheap phone's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import CourseError
from content_cache.publisher.publish import publish
from tests.browser.chromium import follow
from tests.town import ITEM, SAMPLES, Town, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

VIDEOS = [
    "rabbit.mp4",
    "big_buck_bunny_1080p_10s.mp4",
    "gnome-task-switching.webm",
    "rabbit.webm",
    "low_res_sample.mp4",
]
PLAY = "() => { const v = document.querySelector('video'); v.muted = true; return v.play(); }"
TIME = "document.querySelector('video').currentTime"


def write_course(folder: Path, shared_data: Path, videos: list[str]) -> Path:
    """A course of real videos, each with real subtitles, the sample course beside it."""
    course = folder / "courses" / "real"
    course.mkdir(parents=True)
    lines = [
        "course: real",
        "title: Videos de verdad",
        "summary: Hechos por otros.",
        "language: es-MX",
        "topic: pruebas",
        "items:",
    ]
    for video in videos:
        shutil.copy(shared_data / "video" / video, course / video)
        slug = video.replace(".", "-").replace("_", "-").lower()
        lines += [f"  - item: {slug}", "    kind: video", f"    title: {video}", f"    file: {video}"]
        lines += ["    captions:", "      es: es.vtt", "      en: en.vtt"]
    shutil.copy(shared_data / "subtitles" / "wwa_captions_es.vtt", course / "es.vtt")
    shutil.copy(shared_data / "subtitles" / "wwa_captions_en.vtt", course / "en.vtt")
    (course / "course.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    shutil.copytree(SAMPLES / "precio-justo", folder / "courses" / "precio-justo")
    return folder / "courses"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("watching")
    with Town(folder) as it:
        it.library = it.fill_library(write_course(folder, shared_data, [*VIDEOS, "big_buck_bunny_0_30.webm"]))
        it.start("web")
        yield it


def wait(page: Page, condition: str) -> None:
    """Until `condition` is true in the page; Playwright's own way needs `eval`, which our pages forbid."""
    assert until(lambda: page.evaluate(condition)), condition


@pytest.mark.parametrize("video", VIDEOS)
def test_a_real_video_plays_with_its_captions_and_seeks(town: Town, phone: BrowserContext, video: str) -> None:
    page, parts = phone.new_page(), []
    page.on("response", lambda answer: parts.append(answer.status) if answer.url.endswith(video[-4:]) else None)
    page.goto(town.at(f"/items/real/{video.replace('.', '-').replace('_', '-').lower()}"))
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 0.3")
    length = page.evaluate("document.querySelector('video').duration")
    page.evaluate(f"document.querySelector('video').currentTime = {length * 0.6}")
    wait(page, f"{TIME} > {length * 0.6} && !document.querySelector('video').seeking")
    wait(page, "[...document.querySelector('video').textTracks].some(t => t.mode === 'showing' && t.cues.length > 10)")
    showing = "[...document.querySelector('video').textTracks].filter(t => t.mode === 'showing').map(t => t.language)"
    assert page.evaluate(showing) == ["es"]
    assert 206 in parts


def test_the_truncated_video_is_refused_with_a_sentence(tmp_path: Path, shared_data: Path) -> None:
    courses = write_course(tmp_path, shared_data, ["Invalid_Video_Content.mp4"])
    with pytest.raises(CourseError, match=r"Invalid_Video_Content\.mp4"):
        publish(courses, tmp_path / "repository")
    assert not (tmp_path / "repository" / "catalogue.json").exists()


def test_a_lesson_that_cannot_be_played_says_so_and_offers_the_download(
    town: Town, phone: BrowserContext, shared_data: Path
) -> None:
    item = town.library.catalogue().item("real/big-buck-bunny-0-30-webm")
    broken = (shared_data / "video" / "Invalid_Video_Content.mp4").read_bytes()[:200_000]
    town.library.store.path(item.file("main").sha256).write_bytes(broken)
    page = phone.new_page()
    page.goto(town.at(f"/items/{item.id}"))
    assert page.locator("[role=alert]").is_hidden(), "nothing of it was asked for yet"
    page.evaluate("() => { document.querySelector('video').play().catch(() => 0); }")
    page.wait_for_selector("[role=alert]:visible")
    assert "no se puede ver" in page.inner_text("[role=alert]")
    assert page.locator("a[href*='?download=']").is_visible()


def test_a_lesson_goes_on_where_this_phone_left_it(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at(f"/items/{ITEM}"))
    page.evaluate(PLAY)
    page.evaluate("document.querySelector('video').currentTime = 30")
    wait(page, f"{TIME} > 32")
    page.goto(town.at("/"))
    page.wait_for_selector("text=Sigue donde te quedaste")
    follow(page.locator("section:visible >> text=¿Cuánto te cuesta de verdad?").first)
    page.evaluate(PLAY)
    wait(page, f"{TIME} > 30")


def test_what_is_played_reaches_the_hub_and_is_listed_as_kept(town: Town, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(town.at("/"))
    page.goto(town.at("/items/precio-justo/prueba-tu-precio"))
    page.evaluate(PLAY)
    with page.expect_response("**/usage/events", timeout=20_000) as answered:
        pass
    assert answered.value.status == 202
    page.evaluate("document.querySelector('video').pause()")
    stored = "Object.keys(JSON.parse(localStorage.getItem('plays') || '{}')).length"
    assert until(lambda: page.evaluate(stored) == 0, 30)


def test_without_javascript_everything_is_there(town: Town, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="es-MX")
    page = context.new_page()
    page.goto(town.at("/"))
    follow(page.locator("text=Ponle precio justo").first)
    follow(page.locator(f"a[href='/items/{ITEM}']").first)
    assert page.locator("video[controls] > source").count() == 1
    assert page.locator("video > track[kind=captions]").count() == 1
    with page.expect_download() as taken:
        page.click("a[href*='?download=']")
    assert taken.value.suggested_filename.endswith(".mp4")
    follow(page.locator("text=English").first)
    assert page.get_by_role("link", name="Next lesson").is_visible()
    assert page.locator("html").get_attribute("lang") == "en"
    context.close()
