"""The forms in which a film is given out, all made in one run of ffmpeg from the same frames and the same sound.

They are made for old phones on Wi-Fi: H.264 baseline at 12 frames a second, ``moov`` first, a keyframe where each slide
stands and at least every 12 seconds so that a jump lands soon, and 24 kHz mono AAC-LC as loud as speech should be (EBU
R 128, a little under -17 LUFS). Slides stand still, so nearly all bits of a picture go into its keyframes: letters stay
sharp at these high ``crf`` values, which were chosen by looking at single frames and by weighing the files.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from samples.film import FPS, KEYFRAME_EVERY
from samples.speech import RATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = "640x360"  # of the frames that come in
SOUND_FILTERS = "highpass=f=70,loudnorm=I=-16:TP=-3:LRA=7"
POSTER_SIZE, POSTER_QUALITY = "480:270", "60"  # of WebP: under 9 KB for a drawing and large letters
_PLAIN = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]


@dataclass(frozen=True)
class Rendition:
    """One form: how its file's name ends, its size (none: only sound), ``crf`` and sound in kbit/s."""

    ending: str
    size: str | None
    crf: int
    sound: int


RENDITIONS = (
    Rendition(".mp4", SIZE, crf=38, sound=24),
    Rendition(".240p.mp4", "426x240", crf=38, sound=24),
    Rendition(".m4a", None, crf=0, sound=24),
)


def encode(pictures: Iterator[bytes], narration: Path, keyframes: list[float], stem: Path) -> list[Path]:
    """Make every rendition as ``stem`` and its ending, and return them; the same input gives the same bytes."""
    frames_in = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", SIZE, "-r", str(FPS), "-i", "-", "-i", str(narration)]
    targets = [stem.with_name(stem.name + rendition.ending) for rendition in RENDITIONS]
    outputs = [_output(one, keyframes, target) for one, target in zip(RENDITIONS, targets, strict=True)]
    with subprocess.Popen(
        ["ffmpeg", "-v", "error", *frames_in, *chain.from_iterable(outputs)], stdin=subprocess.PIPE
    ) as encoder:
        assert encoder.stdin is not None
        for picture in pictures:
            encoder.stdin.write(picture)
        encoder.stdin.close()
        if encoder.wait():
            raise RuntimeError(f"ffmpeg could not make {stem.name}: its own words are above")
    return targets


def _output(rendition: Rendition, keyframes: list[float], target: Path) -> list[str]:
    sound = ["-map", "1:a", "-c:a", "aac", "-b:a", f"{rendition.sound}k", "-ac", "1", "-ar", str(RATE)]
    sound += ["-af", SOUND_FILTERS, "-metadata:s:a:0", "language=spa"]
    picture = _picture(rendition, keyframes) if rendition.size else ["-vn"]
    return [*picture, *sound, *_PLAIN, "-movflags", "+faststart", "-y", str(target)]


def _picture(rendition: Rendition, keyframes: list[float]) -> list[str]:
    """One thread, so that the same frames give the same bytes."""
    video = ["-map", "0:v", "-vf", f"scale={rendition.size}:flags=lanczos", "-c:v", "libx264", "-threads", "1"]
    video += ["-profile:v", "baseline", "-level", "3.0", "-pix_fmt", "yuv420p", "-preset", "veryslow"]
    video += ["-tune", "animation", "-crf", str(rendition.crf), "-g", str(KEYFRAME_EVERY + FPS), "-sc_threshold", "0"]
    return [*video, "-force_key_frames", ",".join(f"{second:.3f}" for second in keyframes)]


def poster(picture: Path, target: Path) -> None:
    """Turn the drawn poster into WebP, which Chrome knows since long before version 60."""
    webp = ["-vf", f"scale={POSTER_SIZE}:flags=lanczos", "-c:v", "libwebp", "-compression_level", "6"]
    webp += ["-preset", "drawing", "-quality", POSTER_QUALITY, *_PLAIN[:6], "-y", str(target)]
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(picture), *webp], check=True)
