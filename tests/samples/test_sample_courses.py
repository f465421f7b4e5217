"""The sample courses as they are committed: whole, small, playable on old phones, right in every sum and sourced."""

from __future__ import annotations

import ast
import json
import operator
import re
import shutil
import struct
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import webvtt
import yaml

from content_cache.drawings import clean_svg
from content_cache.publisher.publish import publish

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
COURSES = sorted((SAMPLES / "courses").iterdir())
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
SIZES = {"360p": (640, 360), "240p": (426, 240)}

Video = tuple[Path, dict[str, Any]]


def record(course: Path) -> dict[str, Any]:
    return yaml.safe_load((course / "course.yaml").read_text(encoding="utf-8"))


def sources(course: Path) -> Path:
    return SAMPLES / "sources" / course.name


def items(course: Path, kind: str) -> list[dict[str, Any]]:
    return [item for item in record(course)["items"] if item["kind"] == kind]


VIDEOS: list[Video] = [(course, item) for course in COURSES for item in items(course, "video")]
courses = pytest.mark.parametrize("course", COURSES, ids=lambda course: course.name)
videos = pytest.mark.parametrize("video", VIDEOS, ids=[f"{course.name}/{item['item']}" for course, item in VIDEOS])


def films(video: Video) -> dict[str, Path]:
    """Each rendition of a video with its file; the main one is 360p."""
    course, item = video
    return {"360p": course / item["file"]} | {name: course / file for name, file in item["renditions"].items()}


def captions(video: Video) -> Any:
    course, item = video
    return webvtt.read(str(course / item["captions"]["es-MX"]))


def lesson(video: Video) -> list[str]:
    """The breaths of a lesson's source, in order."""
    course, item = video
    number = Path(item["file"]).name.split("-")[0]
    source = yaml.safe_load((sources(course) / f"leccion-{number}.yaml").read_text(encoding="utf-8"))
    return [text for slide in source["slides"] for step in slide["steps"] for text in step["say"]]


def guide(course: Path) -> str:
    (reading,) = items(course, "reading")
    return (course / reading["file"]).read_text(encoding="utf-8")


def questions(course: Path) -> list[dict[str, Any]]:
    (quiz,) = items(course, "quiz")
    return yaml.safe_load((course / quiz["file"]).read_text(encoding="utf-8"))["questions"]


def right(question: dict[str, Any]) -> list[int]:
    return question["correct"] if isinstance(question["correct"], list) else [question["correct"]]


def boxes(film: bytes) -> list[tuple[str, int]]:
    """Type and offset of each top-level box (ISO/IEC 14496-12, 4.2)."""
    found, offset = [], 0
    while offset < len(film):
        size, kind = struct.unpack_from(">I4s", film, offset)
        assert size >= 8
        found.append((kind.decode("latin-1"), offset))
        offset += size
    return found


def movie_seconds(film: Path) -> float:
    """Length from the movie header (ISO/IEC 14496-12, 8.2.2, version 0)."""
    content = film.read_bytes()
    header = content.index(b"mvhd") + 4
    assert content[header] == 0
    timescale, duration = struct.unpack_from(">II", content, header + 12)
    return duration / timescale


def probe(file: Path) -> dict[str, Any]:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed: apt-get install ffmpeg")
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-of", "json", file], capture_output=True, check=True
    )
    return {stream["codec_type"]: stream for stream in json.loads(told.stdout)["streams"]}


def value(expression: str) -> Fraction:
    def of(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            return OPERATIONS[type(node.op)](of(node.left), of(node.right))
        assert isinstance(node, ast.Constant)
        return Fraction(str(node.value))

    return of(ast.parse(expression.strip(), mode="eval").body)


def book(course: Path) -> dict[str, Any]:
    return yaml.safe_load((sources(course) / "cuentas.yaml").read_text(encoding="utf-8"))


def known_amounts(course: Path) -> set[Fraction]:
    all_sums = book(course)["cuentas"].values()
    in_sums = {Fraction(number) for line in all_sums for number in re.findall(r"\d+(?:\.\d+)?", line)}
    return in_sums | {Fraction(price) for price in book(course).get("precios de otros puestos", [])}


def amounts(text: str) -> set[Fraction]:
    return {Fraction(amount.replace(",", "")) for amount in re.findall(r"\$(\d[\d,]*(?:\.\d+)?)", text)}


def notes(text: str) -> tuple[set[int], set[int]]:
    """The notes a guide refers to, and those that its last part spells out."""
    body, _, end = text.partition("## De dónde sale esto")
    return {int(found) for found in re.findall(r"\[(\d+)\]", body)}, {
        int(found) for found in re.findall(r"^(\d+)\. ", end, re.MULTILINE)
    }


def test_there_are_four_courses_on_four_topics() -> None:
    assert [course.name for course in COURSES] == [
        "ahorro-paso-a-paso",
        "celular-seguro",
        "precio-justo",
        "vende-con-tu-celular",
    ]
    assert len({record(course)["topic"] for course in COURSES}) == 4


def test_all_courses_together_stay_small_enough_to_live_in_the_repository() -> None:
    weights = [path.stat().st_size for path in (SAMPLES / "courses").rglob("*") if path.is_file()]
    assert sum(weights) < 13_500_000


def test_the_publisher_accepts_every_course(tmp_path: Path) -> None:
    published = publish(SAMPLES / "courses", tmp_path / "repository")
    assert (published.courses, published.items) == (4, sum(len(record(course)["items"]) for course in COURSES))


@courses
def test_a_course_has_the_parts_of_its_twins(course: Path) -> None:
    kinds = [item["kind"] for item in record(course)["items"]]
    assert kinds.count("video") in (2, 3)
    assert [kind for kind in kinds if kind != "video"] == ["reading", "document", "quiz"]


@courses
def test_every_file_that_the_course_names_is_there_and_no_other(course: Path) -> None:
    there = {path.relative_to(course).as_posix() for path in course.rglob("*") if path.is_file()}
    named = {"course.yaml", record(course)["cover"]}
    for item in record(course)["items"]:
        named |= {item["file"], *item.get("renditions", {}).values(), *item.get("captions", {}).values()}
        named |= {item["poster"]} if "poster" in item else set()
    assert there == named


@courses
def test_items_have_slugs_of_their_own(course: Path) -> None:
    slugs = [item["item"] for item in record(course)["items"]]
    assert len(set(slugs)) == len(slugs)
    assert record(course)["course"] == course.name
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in [course.name, *slugs])


@videos
def test_captions_follow_each_other_and_end_before_the_video(video: Video) -> None:
    cues = list(captions(video))
    ends = [cue.end_in_seconds for cue in cues]
    starts = [cue.start_in_seconds for cue in cues]
    assert all(start < end for start, end in zip(starts, ends, strict=True))
    assert all(end <= following for end, following in zip(ends, starts[1:], strict=False))
    assert ends[-1] < movie_seconds(films(video)["360p"])


@videos
def test_captions_say_what_the_lesson_says(video: Video) -> None:
    assert [cue.text.replace("\n", " ") for cue in captions(video)] == lesson(video)


@videos
def test_a_caption_fits_in_two_lines_of_a_phone(video: Video) -> None:
    lines = [cue.text.split("\n") for cue in captions(video)]
    assert all(len(cue) <= 2 and max(map(len, cue)) <= 45 for cue in lines)


@videos
def test_no_breath_is_too_short_for_a_melody(video: Video) -> None:
    assert [breath for breath in lesson(video) if len(breath.split()) < 3] == []


@videos
def test_a_video_comes_as_360p_240p_and_sound_alone(video: Video) -> None:
    assert set(films(video)) == {"360p", "240p", "audio"}


@videos
def test_each_rendition_is_lighter_than_the_one_before(video: Video) -> None:
    weights = [films(video)[name].stat().st_size for name in ("360p", "240p", "audio")]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] < 600_000


@videos
def test_every_rendition_starts_playing_before_it_is_all_there(video: Video) -> None:
    for film in films(video).values():
        offsets = dict(boxes(film.read_bytes()))
        assert offsets["moov"] < offsets["mdat"]


@videos
def test_all_renditions_last_as_long_as_the_record_says(video: Video) -> None:
    seconds = {name: movie_seconds(film) for name, film in films(video).items()}
    assert max(seconds.values()) - min(seconds.values()) < 0.25
    assert all(abs(length - video[1]["seconds"]) <= 1 for length in seconds.values())
    assert 70 <= video[1]["seconds"] <= 105


@videos
@pytest.mark.parametrize("name", SIZES)
def test_a_picture_plays_on_old_phones(video: Video, name: str) -> None:
    picture = probe(films(video)[name])["video"]
    assert (picture["codec_name"], picture["pix_fmt"]) == ("h264", "yuv420p")
    assert picture["profile"] in {"Baseline", "Constrained Baseline"}
    assert (picture["width"], picture["height"]) == SIZES[name]


@videos
@pytest.mark.parametrize("name", [*SIZES, "audio"])
def test_the_sound_plays_on_old_phones(video: Video, name: str) -> None:
    streams = probe(films(video)[name])
    sound = streams["audio"]
    assert (sound["codec_name"], sound["profile"], sound["channels"]) == ("aac", "LC", 1)
    assert 20_000 < int(sound["bit_rate"]) < 28_000
    assert ("video" in streams) == (name in SIZES)


@videos
def test_a_jump_finds_a_picture_at_most_twelve_seconds_back(video: Video) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed: apt-get install ffmpeg")
    asked = ["-skip_frame", "nokey", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0"]
    for name in SIZES:
        told = subprocess.run(["ffprobe", "-v", "error", *asked, films(video)[name]], capture_output=True, check=True)
        keys = [float(line.strip(",")) for line in told.stdout.decode().split()]
        ends = [*keys[1:], movie_seconds(films(video)[name])]
        assert max(end - begin for begin, end in zip(keys, ends, strict=True)) <= 12.1


@videos
def test_a_poster_is_a_light_webp_of_the_videos_shape(video: Video) -> None:
    poster = (video[0] / video[1]["poster"]).read_bytes()
    assert (poster[:4], poster[8:16]) == (b"RIFF", b"WEBPVP8 ")
    width, height = struct.unpack_from("<HH", poster, 26)  # RFC 6386, 9.1
    assert (width & 0x3FFF, height & 0x3FFF) == (480, 270)
    assert len(poster) <= 9_000


@courses
def test_a_cover_is_a_small_drawing_without_words(course: Path) -> None:
    cover = (course / record(course)["cover"]).read_text(encoding="utf-8")
    assert len(cover.encode()) < 3_000
    assert "<text" not in cover
    assert clean_svg(cover.encode()).count("<path") == cover.count("<path"), "a part of it would not be shown"


@courses
def test_the_worksheet_is_a_pdf_of_one_page(course: Path) -> None:
    (sheet,) = (course / item["file"] for item in items(course, "document"))
    assert sheet.read_bytes().startswith(b"%PDF-")
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo is not installed: apt-get install poppler-utils")
    told = subprocess.run(["pdfinfo", sheet], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^Pages:\s+1$", told, re.MULTILINE)


@courses
def test_a_quiz_has_four_to_six_questions_with_answers_that_exist(course: Path) -> None:
    assert 4 <= len(questions(course)) <= 6
    for question in questions(course):
        assert set(question) == {"prompt", "choices", "correct", "feedback"}
        assert len(set(question["choices"])) == len(question["choices"]) in range(2, 9)
        assert 1 <= min(right(question)) <= max(right(question)) <= len(question["choices"])
        assert len(right(question)) < len(question["choices"])


@courses
def test_the_right_answer_of_a_quiz_does_not_always_stand_in_the_same_place(course: Path) -> None:
    assert len({tuple(right(question)) for question in questions(course)}) > 1


@pytest.mark.parametrize(
    ("course", "name"),
    [(course, name) for course in COURSES for name in book(course)["cuentas"]],
    ids=lambda given: given.name if isinstance(given, Path) else given,
)
def test_the_sum_is_right(course: Path, name: str) -> None:
    left, result = book(course)["cuentas"][name].split("=")
    assert value(left) == value(result)


@courses
def test_every_amount_of_pesos_comes_from_the_sums(course: Path) -> None:
    texts = [
        path.read_text(encoding="utf-8") for path in [*sources(course).glob("leccion-*.yaml"), *course.glob("p*.yaml")]
    ]
    found = set().union(*(amounts(text) for text in [guide(course), *texts]))
    assert found
    assert found - known_amounts(course) == set()


def test_a_wrong_sum_would_be_noticed() -> None:
    assert value("90 + 50 + 180 + 40 + 40") != value("401")


@courses
def test_every_note_of_a_guide_is_spelled_out_and_used(course: Path) -> None:
    used, spelled_out = notes(guide(course))
    assert used == spelled_out == set(range(1, len(used) + 1))


@courses
def test_every_note_says_where_it_was_read(course: Path) -> None:
    _, spelled_out = notes(guide(course))
    everything = (SAMPLES / "sources" / "SOURCES.md").read_text(encoding="utf-8")
    part = everything.split(f"## {course.name}\n")[1].split("\n## ")[0]
    told = {
        int(number) for cell in re.findall(r"^\|[^|]*\|([\d, ]+)\|", part, re.MULTILINE) for number in cell.split(",")
    }
    assert course.name == "precio-justo" or told == spelled_out


@courses
def test_a_telephone_is_the_same_wherever_it_stands(course: Path) -> None:
    known = {"55 5340 0999", "55 5568 8722"}
    files = [
        *course.glob("*.md"),
        *course.glob("*.yaml"),
        *sources(course).glob("*.yaml"),
        *sources(course).glob("*.svg"),
    ]
    written = {
        found for path in files for found in re.findall(r"\b\d\d \d{4} \d{4}\b", path.read_text(encoding="utf-8"))
    }
    assert written <= known
