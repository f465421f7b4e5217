"""Real films, sound, drawings and subtitles made by others, from a course folder to a library."""

import hashlib
import shutil
from pathlib import Path

import pytest

from content_cache.errors import CourseError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.coursefolder import read_folders
from content_cache.publisher.publish import publish
from tests.content_cache.making import yaml

FILMS = {
    "rabbit.mp4": 8,
    "rabbit.webm": 8,
    "low_res_sample.mp4": 1,
    "big_buck_bunny_1080p_10s.mp4": 10,
    "big_buck_bunny_0_30.webm": 30,
    "gnome-task-switching.webm": 45,
}
SOUNDS = ["bunny.stereo.audio.mp3", "bunny.stereo.audio.vorbis.ogg", "es_MX_vm-review.wav"]
PICTURES = ["mexico_states.png", "es_gs-search2.svg", "es_gs-search-settings.svg"]
SUBTITLES = ["basic.srt", "encapsulated.vtt", "itaccess_subtitles_es.vtt", "wwa_captions_es.vtt", "wwa_captions_en.vtt"]


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path) -> Path:
    """A course of all of it; the large files are linked, since only reading them matters."""
    made = tmp_path / "curso"
    made.mkdir()
    for path in (shared_data / kind for kind in ("video", "audio", "image", "subtitles")):
        for file in path.iterdir():
            shutil.copyfile(file, made / file.name)
    return made


def item(name: str, kind: str, extra: str = "") -> str:
    slug = name.replace(".", "-").replace("_", "-").lower()
    return f"  - item: {slug}\n    kind: {kind}\n    title: {name}\n    file: {name}\n{extra}"


def test_real_media_is_published_and_imported_byte_for_byte(folder, tmp_path):
    captions = "".join(
        f"      {language}: {name}\n" for language, name in zip(["ar", "en", "es", "fr", "de"], SUBTITLES, strict=True)
    )
    items = [item(name, "video") for name in FILMS] + [item(name, "audio") for name in SOUNDS]
    items += [item(name, "image") for name in PICTURES]
    items[0] = item("rabbit.mp4", "video", f"    poster: mexico_states.png\n    captions:\n{captions}")
    (folder / "course.yaml").write_text(yaml("real", "".join(items)), encoding="utf-8")
    publish(folder, tmp_path / "r")
    library = Library(tmp_path / "library")
    assert import_repository(tmp_path / "r", library).items == len(items)
    catalogue = library.catalogue()
    found = {one.title: one for one in catalogue.items("real")}
    for name in (*FILMS, *SOUNDS, *PICTURES):
        main = found[name].file("main")
        assert main.sha256 == hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert library.store.size(main.sha256) == main.size == (folder / name).stat().st_size
    lengths = {name: found[name].seconds for name in FILMS if name.endswith(".mp4")}
    assert lengths == {name: FILMS[name] for name in lengths}
    shown = [file for file in found["rabbit.mp4"].files if file.role == "captions"]
    assert [file.language for file in shown] == ["ar", "de", "en", "es", "fr"]
    for file in shown:
        assert library.store.path(file.sha256).read_bytes().startswith(b"WEBVTT")


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe, which tells the length of WebM, is not installed")
def test_with_ffprobe_every_film_has_its_length(folder):
    (folder / "course.yaml").write_text(yaml("real", "".join(item(name, "video") for name in FILMS)), encoding="utf-8")
    assert [one.seconds for one in read_folders(folder)[0].items] == list(FILMS.values())


def test_the_truncated_film_is_refused_with_a_sentence(folder):
    (folder / "course.yaml").write_text(yaml("real", item("Invalid_Video_Content.mp4", "video")), encoding="utf-8")
    with pytest.raises(
        CourseError, match=r"course.yaml, line 12: Invalid_Video_Content.mp4 is .*\. Export or copy it again"
    ):
        publish(folder, folder.parent / "r")


@pytest.mark.parametrize("name", FILMS)
def test_a_film_cut_anywhere_is_refused(folder, name, monkeypatch):
    monkeypatch.setattr("content_cache.publisher.looks.shutil.which", lambda _: None)
    (folder / "course.yaml").write_text(yaml("real", item(name, "video")), encoding="utf-8")
    data = (folder / name).read_bytes()
    assert read_folders(folder)
    for part in (0.99, 0.5, 0.01):
        (folder / name).write_bytes(data[: int(len(data) * part)])
        with pytest.raises(CourseError, match=r"is cut off|file inside"):
            read_folders(folder)


@pytest.mark.skipif(
    shutil.which("ffprobe") is None, reason="ffprobe, which finds the streams of a file, is not installed"
)
def test_a_film_without_a_picture_is_no_film(folder, shared_data):
    shutil.copyfile(shared_data / "audio" / "bunny.stereo.audio.mp3", folder / "x.mp3")
    (folder / "course.yaml").write_text(yaml("real", item("rabbit.webm", "video")), encoding="utf-8")
    data = (folder / "rabbit.webm").read_bytes()
    (folder / "rabbit.webm").write_bytes(data[:300] + bytes(len(data) - 300))
    with pytest.raises(CourseError, match=r"rabbit\.webm (cannot be played|holds no video)"):
        read_folders(folder)
