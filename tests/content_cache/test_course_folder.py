"""A bad course folder gets a sentence that names file, line and mend; all of them at once."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from content_cache.errors import CourseError
from content_cache.publisher.coursefile import read_course_file
from content_cache.publisher.coursefolder import read_folders
from content_cache.yamlfile import Problems
from tests.content_cache.making import PDF, SRT, VTT, course, mp4, yaml

VIDEO = """\
  - item: uno
    kind: video
    title: Uno
    file: uno.mp4
"""


@pytest.fixture
def without_ffprobe(monkeypatch):
    monkeypatch.setattr("content_cache.publisher.looks.shutil.which", lambda _: None)


def problems(folder: Path) -> list[str]:
    with pytest.raises(CourseError) as caught:
        read_folders(folder)
    found = [one.removeprefix(f"{folder}/course.yaml, ") for one in caught.value.problems]
    assert all(one.startswith("line ") and one.endswith(".") for one in found)
    return found


def wrong(tmp_path: Path, old: str, new: str) -> list[str]:
    """The problems of a good course in which `old` was written as `new`."""
    folder = course(tmp_path / "c")
    text = (folder / "course.yaml").read_text()
    assert old in text
    (folder / "course.yaml").write_text(text.replace(old, new, 1))
    return problems(folder)


def test_values_are_taken_as_they_are_written(tmp_path):
    items = "  - {item: a, kind: reading, title: 2024, file: uno.md}\n  - {item: b, kind: reading, title: yes, file: uno.md}\n"
    folder = course(tmp_path / "c", items=items, title="no")
    read = read_folders(folder)[0]
    assert (read.draft.title, [item.draft.title for item in read.items]) == ("no", ["2024", "yes"])


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "course: precio-justo",
            "course: Precio Justo",
            "line 1: course cannot be read ('Precio Justo'). Write small letters, digits and hyphens, for instance precio-justo.",
        ),
        ("title: El", "titel: El", "line 2: 'titel' is no field. Did you mean title."),
        (
            "title: El precio justo",
            "title:",
            "line 2: title cannot be read (empty). Write a title of 1 to 300 letters.",
        ),
        (
            "language: es-MX",
            "language: español",
            "line 5: language cannot be read ('español'). Write a language tag, for instance es-MX.",
        ),
        (
            "kind: reading",
            "kind: lectura",
            "line 10: kind cannot be read ('lectura'). Write video, audio, reading, document, image, quiz or package.",
        ),
        ("    title: Tus costos\n", "", "line 9: title is missing. Write a title of 1 to 300 letters."),
        (
            "    title: Tus costos\n",
            "    title: a\n    title: b\n",
            "line 12: title is in line 11 already. Keep one of the two.",
        ),
        ("item: hoja", "item: costos", "line 13: item costos is in line 9 already. Give each item a slug of its own."),
        (
            "file: uno.md",
            "file: dos.md",
            "line 12: dos.md is not there. Copy it into the course folder, or correct the path.",
        ),
        ("file: uno.md", "file: unos.md", "line 12: unos.md is not there. Did you mean uno.md."),
        ("file: uno.md", "file: UNO.md", "line 12: UNO.md is written 'uno.md' on the disk. Write it the same here."),
        ("file: uno.md", "file: ../uno.md", "line 12: '../uno.md' is no path inside the course folder."),
        ("file: uno.md", "file: /etc/passwd", "line 12: '/etc/passwd' is no path inside the course folder."),
        ("file: uno.md", "file: a\\uno.md", "line 12: 'a\\\\uno.md' is no path inside the course folder."),
        (
            "file: uno.md",
            "file: hoja.pdf",
            "line 12: hoja.pdf is no file for reading. Use one that ends in .md, .markdown.",
        ),
        ("file: uno.md", "file: [uno.md]", "line 12: file cannot be read. Write the file's path"),
        ("file: uno.md", "file: uno.md\n    poster: foto.png", "line 13: a reading has no poster. Remove poster here."),
        (
            "title: Tus costos",
            "title: Tus: costos",
            "line 11: this is not YAML (mapping values are not allowed in this context).",
        ),
        ("title: Tus costos", "title: &a Tus", "line 11: this uses an anchor or alias (& or *). Write the value out"),
        ("title: Tus costos", "title: *a", "line 11: this uses an anchor or alias"),
        ("title: Tus costos", "title: !!python/name:os.system x", "line 11: this uses a tag (!). Remove it"),
        ("title: Tus costos", "title: [[[[[[x]]]]]]", "line 11: this is nested too deeply."),
        ("title: Tus costos", "title: a\x00b", "line 11: this is not YAML"),
        (
            "title: Tus costos",
            "title: a\n    seconds: 1.5",
            "line 12: seconds cannot be read ('1.5'). Write a whole number of seconds",
        ),
    ],
)
def test_one_mistake_gets_one_sentence_with_its_line_and_mend(tmp_path, old, new, sentence):
    found = wrong(tmp_path, old, new)
    assert len(found) == 1
    assert found[0].startswith(
        sentence.replace("is no path inside the course folder.", "is no path inside the course folder")
    )


def test_all_mistakes_of_all_courses_are_told_at_once(tmp_path):
    one = course(tmp_path / "in" / "a")
    (one / "hoja.pdf").write_bytes(b"no pdf")
    (one / "foto.png").write_bytes(b"no png")
    two = course(tmp_path / "in" / "b", slug="otro")
    (two / "uno.md").unlink()
    with pytest.raises(CourseError) as caught:
        read_folders(tmp_path / "in")
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        f"{one}/course.yaml, line 16",
        f"{one}/course.yaml, line 20",
        f"{two}/course.yaml, line 12",
    ]


def test_two_folders_of_one_slug_are_refused(tmp_path):
    for name in "ab":
        course(tmp_path / "in" / name)
    with pytest.raises(CourseError, match=r"precio-justo is the course in .*/a too"):
        read_folders(tmp_path / "in")


def test_a_folder_without_a_course_is_refused(tmp_path):
    with pytest.raises(CourseError, match=r"has no course.yaml"):
        read_folders(tmp_path)


@pytest.mark.parametrize(
    ("text", "what"),
    [("", "not a course"), ("- a\n", "not a course"), ("a: b: c\n", "not YAML"), ("{}", "course is missing")],
)
def test_a_file_that_is_no_course_is_refused(tmp_path, text, what):
    folder = course(tmp_path / "c")
    (folder / "course.yaml").write_text(text)
    assert what in problems(folder)[0]


def test_a_course_without_items_is_refused(tmp_path):
    assert "has no items" in problems(course(tmp_path / "c", items="  []\n"))[0]


def test_a_file_in_another_encoding_or_too_large_is_refused(tmp_path):
    folder = course(tmp_path / "c")
    (folder / "course.yaml").write_bytes("course: a\ntitle: niño\n".encode("latin-1"))
    assert problems(folder) == ["line 2: this is not UTF-8. Save the file as UTF-8 in your editor."]
    (folder / "course.yaml").write_bytes(b"#" * (2**20 + 1))
    assert "more than 1048576 bytes" in problems(folder)[0]


def test_a_windows_editor_s_byte_order_mark_and_line_ends_are_fine(tmp_path):
    folder = course(tmp_path / "c")
    text = (folder / "course.yaml").read_text().replace("\n", "\r\n")
    (folder / "course.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_folders(folder)[0].draft.course == "precio-justo"


def test_files_that_lead_out_or_are_no_files_are_refused(tmp_path):
    (tmp_path / "secret.md").write_text("x")
    folder = course(tmp_path / "c")
    (folder / "uno.md").unlink()
    (folder / "uno.md").symlink_to(tmp_path / "secret.md")
    assert "leads out of the course folder" in problems(folder)[0]
    (folder / "uno.md").unlink()
    os.mkfifo(folder / "uno.md")
    assert "is not a file" in problems(folder)[0]
    (folder / "uno.md").unlink()
    (folder / "uno.md").touch()
    assert "is empty" in problems(folder)[0]
    (folder / "uno.md").unlink()
    (folder / "uno.md").symlink_to("uno.md")
    assert "cannot be opened" in problems(folder)[0]


def test_a_reading_must_be_utf8_and_carries_no_pictures(tmp_path):
    folder = course(tmp_path / "c")
    (folder / "uno.md").write_bytes("niño".encode("latin-1"))
    assert "uno.md is not UTF-8 (byte 2)" in problems(folder)[0]
    (folder / "uno.md").write_text("Mira:\n\n![x](foto.png)\n")
    assert "uno.md shows a picture in line 3" in problems(folder)[0]


@pytest.mark.usefixtures("without_ffprobe")
def test_without_ffprobe_the_boxes_of_an_mp4_tell_its_length_and_whether_it_is_whole(tmp_path):
    folder = course(tmp_path / "c", items=VIDEO)
    (folder / "uno.mp4").write_bytes(mp4(83))
    assert read_folders(folder)[0].items[0].seconds == 83
    for cut in (200, 60, 140):
        (folder / "uno.mp4").write_bytes(mp4(83)[:cut])
        assert problems(folder) == [
            "line 12: uno.mp4 is cut off: part of it is missing. Export or copy it again, then open it once to see that it works."
        ]


def test_the_editor_s_own_seconds_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr("content_cache.publisher.looks.shutil.which", lambda _: None)
    folder = course(tmp_path / "c", items=VIDEO + "    seconds: 5\n")
    (folder / "uno.mp4").write_bytes(mp4(83))
    assert read_folders(folder)[0].items[0].seconds == 5


@pytest.mark.usefixtures("without_ffprobe")
@pytest.mark.parametrize(
    ("name", "data"),
    [("webm", b"\x1a\x45\xdf\xa3\x9fwebm"), ("mp4", b"MZ\x90"), ("mp4", bytes(4) + b"ftyp"), ("mp4", PDF)],
)
def test_a_film_that_is_none_is_refused(tmp_path, name, data):
    folder = course(tmp_path / "c", items=VIDEO.replace("uno.mp4", f"uno.{name}"))
    (folder / f"uno.{name}").write_bytes(data)
    assert len(problems(folder)) == 1


@pytest.mark.parametrize(
    "svg",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>x</script></svg>",
        "<svg onload='x'/>",
        "<svg><a href='javascript:x'/></svg>",
        "<svg><foreignObject/></svg>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><svg/>",
        "<?xml version='1.0' encoding='nope'?><svg/>",
        "<?xml version='1.0' encoding='UTF-7'?><svg/>",
        "<html/>",
        "<svg>",
        "no",
    ],
)
def test_a_drawing_that_acts_is_refused(tmp_path, svg):
    folder = course(tmp_path / "c")
    text = (folder / "course.yaml").read_text().replace("foto.png", "foto.svg")
    (folder / "course.yaml").write_text(text)
    (folder / "foto.svg").write_text(svg)
    assert "foto.svg" in problems(folder)[0]
    (folder / "foto.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>")
    assert read_folders(folder)[0].items[2].parts[0].mime == "image/svg+xml"


@pytest.mark.usefixtures("without_ffprobe")
def test_captions_become_webvtt_and_their_names_tell_the_language(tmp_path):
    captions = "    poster: foto.png\n    captions:\n      es-MX: uno.vtt\n      en: uno.srt\n"
    folder = course(tmp_path / "c", items=VIDEO + captions)
    (folder / "uno.mp4").write_bytes(mp4())
    (folder / "uno.srt").write_bytes(SRT)
    parts = read_folders(folder)[0].items[0].parts
    assert [(part.role, part.name, part.language) for part in parts] == [
        ("main", "uno.mp4", None),
        ("poster", "uno-poster.png", None),
        ("captions", "uno.en.vtt", "en"),
        ("captions", "uno.es-mx.vtt", "es-MX"),
    ]
    english, spanish = (part.open().read() for part in parts[2:])
    assert english.startswith(b"WEBVTT\n")
    assert b"Hola" in english
    assert spanish == VTT


RENDITIONS = """\
    renditions:
      240p: uno.240p.mp4
      audio: uno.m4a
      1080p: uno.1080p.mp4
"""


@pytest.fixture
def film(tmp_path, monkeypatch):
    """A course of a film with three renditions, looked at without ffprobe."""
    monkeypatch.setattr("content_cache.publisher.looks.shutil.which", lambda _: None)
    folder = course(tmp_path / "c", items=VIDEO + RENDITIONS)
    for name in ("uno.mp4", "uno.240p.mp4", "uno.1080p.mp4", "uno.m4a"):
        (folder / name).write_bytes(mp4(80))
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "course.yaml").read_text()
    assert old in text
    (folder / "course.yaml").write_text(text.replace(old, new, 1))


def test_renditions_follow_the_film_the_best_picture_first(film):
    parts = read_folders(film)[0].items[0].parts
    assert [(part.role, part.name, part.rendition, part.mime) for part in parts] == [
        ("main", "uno.mp4", None, "video/mp4"),
        ("rendition", "uno.1080p.mp4", "1080p", "video/mp4"),
        ("rendition", "uno.240p.mp4", "240p", "video/mp4"),
        ("rendition", "uno.audio.m4a", "audio", "audio/mp4"),
    ]


@pytest.mark.parametrize("seconds", [78, 82])
def test_renditions_may_differ_by_two_seconds(film, seconds):
    (film / "uno.m4a").write_bytes(mp4(seconds))
    assert len(read_folders(film)[0].items[0].parts) == 4


@pytest.mark.parametrize("seconds", [77, 83, 1])
def test_a_rendition_of_another_length_is_refused_whatever_the_editor_says(film, seconds):
    edit(film, "    renditions", "    seconds: 9\n    renditions")
    (film / "uno.m4a").write_bytes(mp4(seconds))
    assert problems(film) == [f"line 16: uno.m4a lasts {seconds} s and uno.mp4 80 s. Make both of the same film again."]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("1080p:", "240p:", "line 16: 240p is there twice. Keep one of the two."),
        ("1080p:", "hd:", "line 14: renditions cannot be read. Write one line for each below it, for instance 240p:"),
        ("1080p:", "0144p:", "line 14: renditions cannot be read."),
        ("audio: uno.m4a", "audio: uno.mp4", "line 15: uno.mp4 is no file for audio. Use one that ends in .mp3, .m4a"),
        ("240p: uno.240p.mp4", "240p: uno.m4a", "line 14: uno.m4a is no file for video. Use one that ends in .mp4"),
        ("uno.1080p.mp4", "dos.mp4", "line 16: dos.mp4 is not there."),
        ("kind: video", "kind: audio", "line 12: uno.mp4 is no file for audio."),
    ],
)
def test_a_mistake_in_renditions_is_named_with_its_line(film, old, new, sentence):
    edit(film, old, new)
    assert problems(film)[0].startswith(sentence)


def test_only_a_video_has_renditions(film):
    edit(film, "kind: video\n    title: Uno\n    file: uno.mp4", "kind: audio\n    title: Uno\n    file: uno.m4a")
    assert problems(film) == ["line 13: an audio has no renditions. Remove renditions here."]


@pytest.mark.parametrize("name", ["uno.240p.mp4", "uno.m4a", "uno.mp4"])
def test_every_form_of_a_film_is_looked_at(film, name):
    edit(film, "    renditions", "    seconds: 80\n    renditions")
    (film / name).write_bytes(mp4(80)[:150])
    (found,) = problems(film)
    assert f"{name} is cut off: part of it is missing." in found


COVER = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><title>a</title><circle r='2' fill='red'/></svg>"


def test_a_cover_comes_clean_and_in_the_course(tmp_path):
    folder = course(tmp_path / "c")
    edit(folder, "topic:", "cover: dibujo.svg\ntopic:")
    (folder / "dibujo.svg").write_text(COVER)
    cover = '<svg viewBox="0 0 9 9" aria-hidden="true" focusable="false"><circle r="2" fill="red"/></svg>'
    assert read_folders(folder)[0].cover == cover
    (folder / "dibujo.svg").write_text(cover)
    assert read_folders(folder)[0].cover == cover


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("dibujo.svg", COVER.replace("<title>", "<title onclick='x'>"), "dibujo.svg holds onclick='x', which acts"),
        ("dibujo.svg", COVER.replace("<circle", "<path d='M" + "0 " * 4000 + "'/><circle"), "dibujo.svg takes 8"),
        ("dibujo.svg", "no", "dibujo.svg is not an SVG drawing (line 1: "),
        ("dibujo.svg", " " * 300_000, "dibujo.svg has more than 262144 bytes"),
        ("dibujo.png", COVER, "dibujo.png is no file for cover. Use one that ends in .svg."),
        ("otro.svg", COVER, "dibujo.svg is not there. "),
    ],
)
def test_a_cover_that_cannot_be_is_named_with_its_line(tmp_path, name, text, what):
    folder = course(tmp_path / "c")
    edit(folder, "topic:", f"cover: {'dibujo.svg' if name == 'otro.svg' else name}\ntopic:")
    (folder / name).write_text(text)
    (found,) = problems(folder)
    assert found.startswith(f"line 6: {what}")


@pytest.mark.usefixtures("without_ffprobe")
@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"hola", "does not parse"),
        (b"WEBVTT\n", "holds no captions"),
        (b"WEBVTT\n\n00:00.000 --> xx\n\xff", "is not UTF-8"),
        (b"WEBVTT\n" + b"\n" * 2**22, "has more than"),
    ],
)
def test_captions_that_do_not_parse_are_named_with_their_own_line(tmp_path, data, what):
    folder = course(tmp_path / "c", items=VIDEO + "    captions:\n      es-MX: uno.vtt\n")
    (folder / "uno.mp4").write_bytes(mp4())
    (folder / "uno.vtt").write_bytes(data)
    found = problems(folder)
    assert len(found) == 1
    assert found[0].startswith(f"line 14: uno.vtt {what}")


def test_a_name_is_found_in_either_unicode_form_and_told(tmp_path):
    folder = course(tmp_path / "c")
    (folder / "uno.md").rename(folder / "lecci\u006f\u0301n.md")
    text = (folder / "course.yaml").read_text().replace("uno.md", "lecci\u00f3n.md")
    (folder / "course.yaml").write_text(text)
    assert "is written" in problems(folder)[0]


KEYS = st.sampled_from(["course", "title", "items", "item", "kind", "file", "captions", "seconds", "<<", "x"])
VALUES = st.sampled_from(
    ["a", "es-MX", "", "~", "[]", "{}", "[{}]", "- x", "1", "!!int 3", "&a b", "*a", '"', "?", "|", "\t", "\x85"]
)


@given(st.lists(st.tuples(st.integers(0, 3), KEYS, VALUES), max_size=12))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_yaml_breaks_the_reader(tmp_path, lines):
    text = "".join(f"{'  ' * depth}{key}: {value}\n" for depth, key, value in lines)
    read_it(tmp_path, text.encode())


@given(st.binary(max_size=200))
@example(b"[" * 100_000)
@example(b"- " * 100_000)
@example(b"{a: " * 50_000)
@example(b"? " * 50_000)
@example(yaml("a", "  - [1, {a: b}]\n  - 1\n").encode())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_the_reader(tmp_path, data):
    read_it(tmp_path, data)


def read_it(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "course.yaml"
    path.write_bytes(data)
    found = Problems(path)
    read = read_course_file(path, found)
    assert len(found) > 0 or read.course is not None


def test_the_folder_is_only_read(tmp_path):
    folder = course(tmp_path / "c")
    shutil.copytree(folder, tmp_path / "d")
    read_folders(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in (tmp_path / "d").iterdir())
