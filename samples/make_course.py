"""Make every film, caption, poster and PDF of a sample course out of the texts and drawings in samples/sources.

    python -m samples.make_course precio-justo            # everything, about five minutes
    python -m samples.make_course precio-justo --only 2   # only what belongs to lesson 2

An editor changes the YAML and SVG files in ``samples/sources/<course>`` and runs this; ``course.yaml`` and the reading
in ``samples/courses/<course>`` are written by hand and stay untouched.

Needs, when making and never when installing: Debian's ``ffmpeg espeak-ng librsvg2-bin fonts-cabin npm`` and the
Python packages in ``samples/requirements.txt``. The voice is fetched once, into ``var/samples``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from samples import film, lesson, slides
from samples.speech import Voice

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / "var" / "samples"
TOOLS = {"ffmpeg": "ffmpeg", "espeak-ng": "espeak-ng", "rsvg-convert": "librsvg2-bin", "npm": "npm"}


def main() -> None:
    """Read the command line, make what it asks for, say what was made."""
    arguments = _arguments()
    sources = HERE / "sources" / arguments.course
    course = HERE / "courses" / arguments.course
    _need_tools()
    try:
        lessons = [lesson.read(path) for path in sorted(sources.glob("leccion-*.yaml"))]
    except lesson.BadLesson as error:
        sys.exit(str(error))
    if not arguments.only:
        _make_worksheets(sources, course)
    voice = Voice(CACHE)
    for number, one in enumerate(lessons, start=1):
        if arguments.only in (None, number):
            _make_lesson(one, number, sources / "dibujos", course / "lecciones", voice)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m samples.make_course", description="Make a sample course.")
    parser.add_argument("course", nargs="?", default="precio-justo", help="folder in samples/sources")
    parser.add_argument("--only", type=int, help="number of the one lesson to make")
    return parser.parse_args()


def _need_tools() -> None:
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        sys.exit(f"Missing: {' '.join(missing)}. Install with: apt-get install {' '.join(missing)} fonts-cabin")


def _make_worksheets(sources: Path, course: Path) -> None:
    for sheet in sorted(sources.glob("*.svg")):
        slides.draw(sheet.read_text(encoding="utf-8"), course / f"{sheet.stem}.pdf", "-f", "pdf")
        print(f"{sheet.stem}.pdf")


def _make_lesson(one: lesson.Lesson, number: int, drawings: Path, target: Path, voice: Voice) -> None:
    target.mkdir(parents=True, exist_ok=True)
    spoken = film.timeline(one, voice.say)
    (target / f"{one.name}.vtt").write_text(film.captions(spoken), encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        _make_poster(one, number, drawings, Path(scratch), target / f"{one.name}.jpg")
        film.sound(spoken, Path(scratch) / "voice.wav")
        pictures = film.frames(spoken, _draw_pictures(one, drawings, Path(scratch)))
        film.encode(pictures, Path(scratch) / "voice.wav", Path(scratch) / "film.mp4")
        shutil.move(Path(scratch) / "film.mp4", target / f"{one.name}.mp4")
    size = (target / f"{one.name}.mp4").stat().st_size
    print(f"{one.name}.mp4: seconds: {round(film.length(spoken))} in course.yaml, {size / 1e6:.2f} MB")


def _draw_pictures(one: lesson.Lesson, drawings: Path, scratch: Path) -> dict[tuple[int, int], Path]:
    pictures = {}
    for slide_number, slide in enumerate(one.slides):
        for step_number in range(len(slide.steps)):
            image = scratch / f"{slide_number}-{step_number}.png"
            drawing = drawings / f"{slide.drawing}.svg"
            slides.draw(slides.slide(slide.title, slide.lines, slide.shown_at(step_number), drawing), image)
            pictures[slide_number, step_number] = image
    return pictures


def _make_poster(one: lesson.Lesson, number: int, drawings: Path, scratch: Path, target: Path) -> None:
    first = one.slides[0]
    svg = slides.poster(first.title, drawings / f"{first.drawing}.svg", f"Lección {number}")
    slides.draw(svg, scratch / "poster.png")
    plain = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-q:v", "3", "-y"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(scratch / "poster.png"), *plain, str(target)], check=True)


if __name__ == "__main__":
    main()
