"""Captions at publication: WebVTT as it is once it parses, SRT turned into WebVTT, which is what browsers read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from content_cache.errors import MissingPart
from content_cache.records import MAX_CAPTIONS

if TYPE_CHECKING:
    from pathlib import Path


class BadCaptions(ValueError):
    """A phrase on what is wrong with a file of captions."""


def as_webvtt(path: Path) -> bytes:
    """The captions in `path` (.vtt or .srt) as WebVTT; raises BadCaptions."""
    with path.open("rb") as file:
        data = file.read(MAX_CAPTIONS + 1)
    if len(data) > MAX_CAPTIONS:
        raise BadCaptions(f"has more than {MAX_CAPTIONS} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadCaptions("is not UTF-8") from None
    kind = path.suffix.lower()[1:]
    parsed = _parse(text, kind)
    if not parsed.captions:
        raise BadCaptions("holds no captions")
    return data if kind == "vtt" else _written(parsed)


def _written(parsed: Any) -> bytes:
    out = io.StringIO()
    parsed.write(out)
    return out.getvalue().encode()


def _parse(text: str, kind: str) -> Any:
    try:
        import webvtt
    except ImportError:
        raise MissingPart(
            "Captions need the extra `publisher`: pip install 'village-hub[publisher]', then publish again."
        ) from None
    try:
        return webvtt.WebVTT.from_buffer(io.StringIO(text), format=kind)
    except (webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError, ValueError) as error:
        raise BadCaptions(f"does not parse ({error})") from None
