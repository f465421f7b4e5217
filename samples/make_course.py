"""Make every film, caption, poster and PDF of a sample course out of the texts and drawings in samples/sources.

    python -m samples.make_course precio-justo            # everything, about five minutes
    python -m samples.make_course precio-justo --only 2   # only what belongs to lesson 2
    python -m samples.make_course precio-justo --look     # only the PDF, and slides as PNG to look at

An editor changes the YAML and SVG files in ``samples/sources/<course>`` and runs this; ``course.yaml``, the reading,
the questions and the cover in ``samples/courses/<course>`` are written by hand and stay untouched.

Needs, when making and never when installing: Debian's ``ffmpeg espeak-ng librsvg2-bin fonts-cabin npm`` and the
Python packages in ``samples/requirements.txt``. The voice is fetched once, into ``var/samples``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from samples import film, lesson, renditions, slides
from samples.speech import Voice

HERE = Path(__file__).resolve().parent
DRAWINGS = HERE / "sources" / "dibujos"  # of all courses
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
    chosen = [(number, one) for number, one in enumerate(lessons, start=1) if arguments.only in (None, number)]
    if not arguments.only:
        _make_worksheets(sources, course)
    if arguments.look:
        _look(chosen, CACHE / "look" / arguments.course)
    else:
        _make_lessons(chosen, course / "lecciones")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m samples.make_course", description="Make a sample course.")
    parser.add_argument("course", nargs="?", default="precio-justo", help="folder in samples/sources")
    parser.add_argument("--only", type=int, help="number of the one lesson to make")
    parser.add_argument("--look", action="store_true", help="only the PDF, and slides as PNG in var/samples/look")
    return parser.parse_args()


def _need_tools() -> None:
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        sys.exit(f"Missing: {' '.join(missing)}. Install with: apt-get install {' '.join(missing)} fonts-cabin")


def _make_worksheets(sources: Path, course: Path) -> None:
    for sheet in sorted(sources.glob("*.svg")):
        slides.draw(sheet.read_text(encoding="utf-8"), course / f"{sheet.stem}.pdf", "-f", "pdf")
        print(f"{sheet.stem}.pdf")


def _look(lessons: list[tuple[int, lesson.Lesson]], target: Path) -> None:
    for number, one in lessons:
        folder = target / one.name
        folder.mkdir(parents=True, exist_ok=True)
        _draw_pictures(one, folder)
        slides.draw(_poster(one, number), folder / "poster.png")
        print(folder)


def _make_lessons(lessons: list[tuple[int, lesson.Lesson]], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    voice = Voice(CACHE)
    for number, one in lessons:
        _make_lesson(one, number, target, voice)


def _make_lesson(one: lesson.Lesson, number: int, target: Path, voice: Voice) -> None:
    spoken = film.timeline(one, voice.say)
    (target / f"{one.name}.vtt").write_text(film.captions(spoken), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        slides.draw(_poster(one, number), scratch / "poster.png")
        renditions.poster(scratch / "poster.png", target / f"{one.name}.webp")
        film.sound(spoken, scratch / "voice.wav")
        pictures = _draw_pictures(one, scratch)
        keyframes = film.keyframes(spoken, pictures)
        made = renditions.encode(film.frames(spoken, pictures), scratch / "voice.wav", keyframes, scratch / one.name)
        weights = [f"{path.name} {path.stat().st_size / 1000:.0f} KB" for path in made]
        for path in made:
            shutil.move(path, target / path.name)
    print(f"{one.name}: seconds: {round(film.length(spoken))} in course.yaml; {', '.join(weights)}")


def _draw_pictures(one: lesson.Lesson, scratch: Path) -> dict[tuple[int, int], Path]:
    pictures = {}
    for slide_number, slide in enumerate(one.slides):
        for step_number in range(len(slide.steps)):
            image = scratch / f"{slide_number}-{step_number}.png"
            drawing = DRAWINGS / f"{slide.drawing}.svg"
            slides.draw(slides.slide(slide.title, slide.lines, slide.shown_at(step_number), drawing), image)
            pictures[slide_number, step_number] = image
    return pictures


def _poster(one: lesson.Lesson, number: int) -> str:
    first = one.slides[0]
    return slides.poster(first.title, DRAWINGS / f"{first.drawing}.svg", f"Lección {number}")


if __name__ == "__main__":
    main()
