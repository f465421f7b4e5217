"""`hub content`: take in, list and check the course library of this hub."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from content_cache.library import Library

FOLDER = click.Path(file_okay=False, path_type=Path)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of sentences.")


@click.group("content")
def command() -> None:
    """Take in, list and check the course library."""


@command.command("import")
@click.argument("repository", type=FOLDER)
@as_json_option
def import_command(repository: Path, as_json: bool) -> None:
    """Take in the release in the folder REPOSITORY, and switch to it in one step once all of it is here."""
    from content_cache.errors import mb
    from content_cache.importer import import_repository
    from content_cache.showing import bar, count, tell
    from hub.settings import Settings

    settings = Settings.load()
    with bar("Importing", quiet=as_json) as progress:
        imported = import_repository(repository, _library(), reserve=settings.reserve_bytes, progress=progress)
    size = f"{count(imported.courses, 'course')}, {count(imported.items, 'item')}"
    verb = "now serves" if imported.changed else "serves already"
    sentence = f"This hub {verb} release {imported.number}: {size}; {mb(imported.bytes)} brought."
    tell(imported, [sentence], as_json=as_json)


@command.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """List the courses of the release that is served."""
    from content_cache.showing import count, tell

    catalogue = _library().catalogue()
    courses = catalogue.courses() if catalogue else []
    lines = [f"{course.slug}: {course.title} ({count(course.items, 'item')}, {course.language})" for course in courses]
    tell(courses, lines or ["The library is empty; take one in with `hub content import REPOSITORY`."], as_json=as_json)


@command.command("verify")
@as_json_option
def verify_command(as_json: bool) -> None:
    """Read every blob of the release again; set aside what is damaged, and say what is missing."""
    from content_cache.errors import DamagedBlob
    from content_cache.showing import bar, count, tell

    with bar("Verifying", quiet=as_json) as progress:
        total, wrong = _verify(_library(), progress)
    sentences = [f"Blob {sha256} is damaged or missing." for sha256 in wrong]
    last = "; import the repository again to mend it." if wrong else "."
    sentences.append(f"{count(total - len(wrong), 'blob')} of {total} whole{last}")
    tell({"blobs": total, "wrong": wrong}, sentences, as_json=as_json)
    if wrong:
        sys.exit(DamagedBlob.exit_code)


def _verify(library: Library, progress: Callable[[int, int], None]) -> tuple[int, list[str]]:
    """How many blobs the release names, and those that are not here whole."""
    catalogue = library.catalogue()
    total = sum(1 for _ in catalogue.blobs()) if catalogue else 0
    wrong: list[str] = []
    for done, blob in enumerate(catalogue.blobs() if catalogue else (), start=1):
        if not library.store.verify(blob.sha256):
            wrong.append(blob.sha256)
        progress(done, total)
    return total, wrong


def _library() -> Library:
    from content_cache.library import Library
    from hub.settings import Settings

    return Library(Settings.load().library_root)
