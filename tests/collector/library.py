"""Signed content as head office meets it: courses published for real, signed with quick keys of a root of its own.

library = Library(tmp_path)
library.publish(title="El precio justo")        # numbers 1 to 4: the course and its three items
library.sign()                                  # its number
library.names(app).follow(number)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from collector.db import database
from collector.names.models import Course, Item
from collector.names.watch import Names
from content_cache.publisher.publish import publish
from content_cache.records import Blob
from content_cache.trust import keys
from content_cache.trust.passphrases import Passphrases
from content_cache.trust.publishing import sign_repository, signable
from content_cache.trust.signing import sign
from tests.content_cache.making import course

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from collector.names.trouble import Trouble

HEAD = b'{"format":1}\n'  # the first line of a file of names
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


CALLED = {1: "El precio justo", 2: "Tus costos", 3: "Hoja de costos", 4: "Un puesto"}


@contextlib.contextmanager
def connected() -> Iterator[None]:
    """The database of the office that was made last, open."""
    with database.connection_context() if database.is_closed() else contextlib.nullcontext():
        yield


def names_of(app, library: Library, place: str | None = None, **how) -> Names:
    """The office's own, from now on those of the library."""
    folder = app.extensions["office"].settings.data / "names"
    names = Names(place or str(library.repository), library.root.read_bytes(), folder, **how)
    app.extensions["office"] = replace(app.extensions["office"], names=names)
    return names


def follow(names: Names, number: int | None) -> Trouble | None:
    """Let it look for the names of that content, if it must; what is in the way."""
    with connected():
        names.follow(number)
    return names.trouble


def titles() -> dict[int, str]:
    """What head office calls each number."""
    with connected():
        rows = [*Course.select(), *Item.select()]
        return {row.number: next(iter(json.loads(row.titles).values()), row.slug) for row in rows}
