"""The sample course as it is committed: whole, small, playable on old phones, and right in every sum."""

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

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
COURSE = SAMPLES / "courses" / "precio-justo"
SOURCES = SAMPLES / "sources" / "precio-justo"
RECORD: dict[str, Any] = yaml.safe_load((COURSE / "course.yaml").read_text(encoding="utf-8"))
ITEMS: list[dict[str, Any]] = RECORD["items"]
VIDEOS = [item for item in ITEMS if item["kind"] == "video"]
videos = pytest.mark.parametrize("item", VIDEOS, ids=[item["item"] for item in VIDEOS])
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def named_files() -> set[str]:
    return {
        name
        for item in ITEMS
        for name in (item["file"], item.get("poster"), *item.get("captions", {}).values())
        if name
    }


def boxes(film: bytes) -> list[tuple[str, int]]:
    """Type and offset of each top-level box (ISO/IEC 14496-12, 4.2)."""
    found, offset = [], 0
    while offset < len(film):
        size, kind = struct.unpack_from(">I4s", film, offset)
        assert size >= 8
        found.append((kind.decode("latin-1"), offset))
        offset += size
    return found


def movie_seconds(film: bytes) -> float:
    """Length from the movie header (ISO/IEC 14496-12, 8.2.2, version 0)."""
    header = film.index(b"mvhd") + 4
    assert film[header] == 0
    timescale, duration = struct.unpack_from(">II", film, header + 12)
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


def sums() -> dict[str, str]:
    return yaml.safe_load((SOURCES / "cuentas.yaml").read_text(encoding="utf-8"))["cuentas"]


def known_amounts() -> set[Fraction]:
    book = yaml.safe_load((SOURCES / "cuentas.yaml").read_text(encoding="utf-8"))
    in_sums = {Fraction(number) for line in book["cuentas"].values() for number in re.findall(r"\d+(?:\.\d+)?", line)}
    return in_sums | {Fraction(price) for price in book["precios de otros puestos"]}


def test_every_file_that_the_course_names_is_there_and_no_other() -> None:
    there = {path.relative_to(COURSE).as_posix() for path in COURSE.rglob("*") if path.is_file()}
    assert there == named_files() | {"course.yaml"}


def test_the_course_stays_small_enough_to_live_in_the_repository() -> None:
    assert sum(path.stat().st_size for path in COURSE.rglob("*") if path.is_file()) < 3_500_000


def test_items_have_slugs_of_their_own() -> None:
    slugs = [item["item"] for item in ITEMS]
    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in [RECORD["course"], RECORD["topic"], *slugs])


@videos
def test_captions_follow_each_other_and_end_before_the_video(item: dict[str, Any]) -> None:
    cues = list(webvtt.read(str(COURSE / item["captions"]["es-MX"])))
    ends = [cue.end_in_seconds for cue in cues]
    starts = [cue.start_in_seconds for cue in cues]
    assert all(start < end for start, end in zip(starts, ends, strict=True))
    assert all(end <= following for end, following in zip(ends, starts[1:], strict=False))
    assert ends[-1] < movie_seconds((COURSE / item["file"]).read_bytes())


@videos
def test_captions_say_what_the_lesson_says(item: dict[str, Any]) -> None:
    number = Path(item["file"]).name.split("-")[0]
    source = yaml.safe_load((SOURCES / f"leccion-{number}.yaml").read_text(encoding="utf-8"))
    spoken = [text for slide in source["slides"] for step in slide["steps"] for text in step["say"]]
    cues = webvtt.read(str(COURSE / item["captions"]["es-MX"]))
    assert [cue.text.replace("\n", " ") for cue in cues] == spoken


@videos
def test_a_caption_fits_in_two_lines_of_a_phone(item: dict[str, Any]) -> None:
    lines = [cue.text.split("\n") for cue in webvtt.read(str(COURSE / item["captions"]["es-MX"]))]
    assert all(len(cue) <= 2 and max(map(len, cue)) <= 45 for cue in lines)


@videos
def test_a_video_starts_playing_before_it_is_all_there(item: dict[str, Any]) -> None:
    offsets = dict(boxes((COURSE / item["file"]).read_bytes()))
    assert offsets["moov"] < offsets["mdat"]


@videos
def test_the_length_in_the_record_is_the_length_of_the_video(item: dict[str, Any]) -> None:
    seconds = movie_seconds((COURSE / item["file"]).read_bytes())
    assert abs(seconds - item["seconds"]) <= 1


@videos
def test_a_video_plays_on_old_phones(item: dict[str, Any]) -> None:
    streams = probe(COURSE / item["file"])
    picture, sound = streams["video"], streams["audio"]
    assert (picture["codec_name"], picture["pix_fmt"]) == ("h264", "yuv420p")
    assert picture["profile"] in {"Baseline", "Constrained Baseline"}
    assert (picture["width"], picture["height"]) == (640, 360)
    assert (sound["codec_name"], sound["channels"]) == ("aac", 1)


@videos
def test_a_poster_is_a_jpeg(item: dict[str, Any]) -> None:
    poster = (COURSE / item["poster"]).read_bytes()
    assert poster[:3] == b"\xff\xd8\xff"
    assert poster[-2:] == b"\xff\xd9"


def test_the_worksheet_is_a_pdf_of_one_page() -> None:
    sheet = COURSE / "hoja-de-costos.pdf"
    assert sheet.read_bytes().startswith(b"%PDF-")
    if shutil.which("pdfinfo") is None:
        pytest.skip("pdfinfo is not installed: apt-get install poppler-utils")
    told = subprocess.run(["pdfinfo", sheet], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^Pages:\s+1$", told, re.MULTILINE)


@pytest.mark.parametrize("name", sums())
def test_the_sum_is_right(name: str) -> None:
    left, right = sums()[name].split("=")
    assert value(left) == value(right)


@pytest.mark.parametrize(
    "text", [*sorted(SOURCES.glob("leccion-*.yaml")), COURSE / "guia-de-precios.md"], ids=lambda path: path.stem
)
def test_every_amount_of_pesos_comes_from_the_sums(text: Path) -> None:
    amounts = re.findall(r"\$(\d[\d,]*(?:\.\d+)?)", text.read_text(encoding="utf-8"))
    assert amounts
    assert {Fraction(amount.replace(",", "")) for amount in amounts} - known_amounts() == set()


def test_a_wrong_sum_would_be_noticed() -> None:
    assert value("90 + 50 + 180 + 40 + 40") != value("401")
