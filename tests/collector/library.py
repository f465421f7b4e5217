"""Signed content as head office meets it: courses published for real, signed with quick keys of a root of its own.

library = Library(tmp_path)
library.publish(title="El precio justo")        # numbers 1 to 4: the course and its three items
library.sign()                                  # its number
library.names(app).follow(number)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from content_cache.publisher.publish import publish
from content_cache.records import Blob
from content_cache.trust import keys
from content_cache.trust.passphrases import Passphrases
from content_cache.trust.publishing import sign_repository, signable
from content_cache.trust.signing import sign
from tests.content_cache.making import course

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

WORDS = Passphrases([b"cinco palabras que nadie adivina"])


class Library:
    """Keys in `keys`, courses in `courses`, what is published in `repository`."""

    def __init__(self, folder: Path, began: dt.datetime | None = None) -> None:
        self.keys, self.courses, self.repository = folder / "keys", folder / "courses", folder / "repository"
        keys.create(self.keys, WORDS, now=began)
        self.root = self.keys / "roots" / "1.root.json"

    def publish(self, slug: str = "precio-justo", **how: str) -> None:
        """Publish a course, as tests/content_cache/making.py has it."""
        publish(course(self.courses / slug, slug=slug, **how), self.repository)

    def sign(self, now: dt.datetime | None = None) -> int:
        """Sign what is there; the number of the content."""
        return sign_repository(self.repository, self.keys, WORDS, now=now).snapshot

    def sign_names(self, text: bytes, *, packed: bytes | None = None, size: int | None = None) -> int:
        """Sign any file as the file of names, with another size than it has if that is given."""
        sha256 = hashlib.sha256(text).hexdigest()
        (self.repository / "m" / (sha256 if packed is None else f"{sha256}.zst")).write_bytes(packed or text)
        blob = Blob(sha256, len(text) if size is None else size, len(packed) if packed else None)
        return sign(self.repository, self.keys, signable(self.repository), WORDS, names=blob).snapshot
