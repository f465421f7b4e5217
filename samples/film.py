"""From a lesson to a film: when each breath is spoken, its captions, its sound and its frames.

What becomes of them, in which formats and at which weight, is ``samples/renditions.py``.
"""

from __future__ import annotations

import math
import subprocess
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from samples.speech import RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from samples.lesson import Lesson

    Samples = NDArray[np.float32]

FPS = 12
BEFORE_FIRST, BETWEEN_BREATHS, BETWEEN_SLIDES, AFTER_LAST = 0.6, 0.35, 0.8, 1.5  # seconds of silence
FADE_FRAMES = 2
KEYFRAME_EVERY = 12 * FPS  # at most
LINE_OF_CAPTIONS = 42


@dataclass(frozen=True)
class Spoken:
    """One breath in its place: slide and step (from 0), when it begins and ends in seconds, and its samples."""

    slide: int
    step: int
    text: str
    start: float
    end: float
    samples: Samples


def timeline(lesson: Lesson, say: Callable[[str], Samples]) -> list[Spoken]:
    """Speak every breath and set it after the one before, with a longer rest where the slide changes."""
    placed: list[Spoken] = []
    for slide_number, slide in enumerate(lesson.slides):
        for step_number, step in enumerate(slide.steps):
            for text in step.say:
                samples = say(text)
                start = _next_start(placed, slide_number)
                end = start + len(samples) / RATE
                placed.append(Spoken(slide_number, step_number, text, start, end, samples))
    return placed


def _next_start(placed: list[Spoken], slide: int) -> float:
    if not placed:
        return BEFORE_FIRST
    return placed[-1].end + (BETWEEN_BREATHS if placed[-1].slide == slide else BETWEEN_SLIDES)


def length(spoken: list[Spoken]) -> float:
    """Seconds from the first frame to the last."""
    return spoken[-1].end + AFTER_LAST


def captions(spoken: list[Spoken]) -> str:
    """WebVTT (W3C): one cue a breath, from its first sound until the next breath begins or shortly after its end."""
    cues = ["WEBVTT", ""]
    for this, following in zip(spoken, [*spoken[1:], None], strict=True):
        until = min(this.end + 0.4, following.start if following else this.end + 0.4)
        cues += [f"{_stamp(this.start)} --> {_stamp(until)}", *_two_lines(this.text), ""]
    return "\n".join(cues)


def _stamp(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    return f"{thousandths // 60_000:02}:{thousandths // 1000 % 60:02}.{thousandths % 1000:03}"


def _two_lines(text: str) -> list[str]:
    if len(text) <= LINE_OF_CAPTIONS:
        return [text]
    spaces = [place for place, letter in enumerate(text) if letter == " "]
    middle = min(spaces, key=lambda place: abs(place - len(text) / 2))
    return [text[:middle], text[middle + 1 :]]


def sound(spoken: list[Spoken], target: Path) -> None:
    """Write the whole narration as a 16-bit WAV."""
    track = np.zeros(round(length(spoken) * RATE), dtype=np.float32)
    for breath in spoken:
        first = round(breath.start * RATE)
        track[first : first + len(breath.samples)] += breath.samples
    with wave.open(str(target), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes((np.clip(track, -1, 1) * 32767).astype("<i2").tobytes())


def frames(spoken: list[Spoken], pictures: dict[tuple[int, int], Path]) -> Iterator[bytes]:
    """Every frame as raw RGB, each picture from the moment its first breath begins, with a soft change between two."""
    before: NDArray[np.uint8] | None = None
    for begin, end, picture in _scenes(spoken, pictures):
        now = _pixels(picture)
        for number in range(end - begin):
            share = 1.0 if before is None else min(1.0, (number + 1) / FADE_FRAMES)
            yield (now if share == 1.0 or before is None else _blend(before, now, share)).tobytes()
        before = now


def keyframes(spoken: list[Spoken], pictures: dict[tuple[int, int], Path]) -> list[float]:
    """Where a jump shall land, in seconds: where each slide first stands whole, and evenly within long slides."""
    scenes = zip(_firsts(spoken), _scenes(spoken, pictures), strict=True)
    stands = [0, *(begin + FADE_FRAMES - 1 for (slide, step), (begin, _, _) in scenes if slide and not step)]
    ends = [*stands[1:], round(length(spoken) * FPS)]
    return [number / FPS for begin, end in zip(stands, ends, strict=True) for number in _evenly(begin, end)]


def _evenly(begin: int, end: int) -> list[int]:
    parts = math.ceil((end - begin) / KEYFRAME_EVERY)
    return [begin + (end - begin) * part // parts for part in range(parts)]


def _firsts(spoken: list[Spoken]) -> dict[tuple[int, int], float]:
    firsts: dict[tuple[int, int], float] = {}
    for breath in spoken:
        firsts.setdefault((breath.slide, breath.step), breath.start)
    return firsts


def _scenes(spoken: list[Spoken], pictures: dict[tuple[int, int], Path]) -> Iterator[tuple[int, int, Path]]:
    """First frame, frame after the last, and picture of each scene."""
    firsts = _firsts(spoken)
    keys = list(firsts)
    begins = [0, *(round((firsts[key] - 0.15) * FPS) for key in keys[1:]), round(length(spoken) * FPS)]
    for place, key in enumerate(keys):
        yield begins[place], begins[place + 1], pictures[key]


def _blend(before: NDArray[np.uint8], now: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    return (before * (1 - share) + now * share).astype(np.uint8)


def _pixels(picture: Path) -> NDArray[np.uint8]:
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(picture), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True,
        capture_output=True,
    ).stdout
    return np.frombuffer(raw, dtype=np.uint8)
