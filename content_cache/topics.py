"""Topics: an editor writes words that people read, and courses stand together whose words make the same slug."""

from __future__ import annotations

import re
import unicodedata

from content_cache.records import SLUG

MAX_SLUG = 80


def topic_slug(words: str) -> str:
    """`Costos y precios` becomes `costos-y-precios`; empty if there is no Latin letter or digit in it."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_SLUG].strip("-")


def topic_title(words: str) -> str:
    """The words as they are shown; a slug, as editors wrote it before, becomes words."""
    if re.fullmatch(SLUG, words):
        return words.replace("-", " ").strip().capitalize()
    return " ".join(words.split())
