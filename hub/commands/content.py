"""`hub content`: bring, list, order and check the course library of this hub, and pass it on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from content_cache.library import Library
    from content_cache.records import Held
    from content_cache.sync.synced import Synced
    from hub.clock import Clock
    from hub.content.status import ContentStatus
    from hub.settings import Settings

FOLDER = click.Path(file_okay=False, path_type=Path)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of sentences.")


@click.group("content")
def command() -> None:
    """Bring, list, order and check the course library, and pass it on."""


@command.command("sync")
@click.option(
    "--from", "place", metavar="PLACE", help="A folder or address to take from this once; else the usual one."
)
@click.option("--force", is_flag=True, help="Take a release again that a rollback left.")
@as_json_option
def sync_command(place: str | None, force: bool, as_json: bool) -> None:
    """Look for what head office signed last and bring it now. Any place will do: what is signed is believed.

    A place that is named with --from and has a private address is a neighbour: it costs the uplink nothing.
    """
    from content_cache.showing import bar, tell
    from hub.content.sync import by_hand

    settings, clock, library = _open()
    with bar("Bringing", quiet=as_json) as progress:
        synced = by_hand(place, settings, clock, library, force=force, progress=progress)
    tell(synced, _synced(synced), as_json=as_json)


def _synced(synced: Synced) -> list[str]:
    from content_cache.errors import mb
    from content_cache.showing import count

    size = f"{count(synced.courses, 'course')}, {count(synced.items, 'item')}"
    verb = "now serves" if synced.changed else "serves"
    lines = [*synced.problems, f"This hub {verb} release {synced.number}: {size}; {mb(synced.came)} came."]
    if synced.held:
        lines.append(f"Release {synced.held} is not taken, since a rollback left it; --force takes it again.")
    if synced.coming:
        reasons = ", ".join(sorted({WHY.get(one.reason, one.reason) for one in synced.left}))
        lines.append(f"{count(len(synced.left), 'item')} and {mb(synced.coming)} are still to come: {reasons}.")
    return lines


WHY = {
    "budget": "the uplink's budget is used up for now",
    "space": "the disk has no room",
    "removed": "removed by the technician",
    "source": "the source has no more",
}


@command.command("rollback")
@as_json_option
def rollback_command(as_json: bool) -> None:
    """Serve the release before this one again, at once."""
    from content_cache.showing import tell

    _, _, library = _open()
    name = library.rollback()
    sentence = f"This hub serves release {library.number()} again; a newer one is taken when it comes."
    tell({"release": name}, [sentence], as_json=as_json)


@command.command("export")
@click.option("--to", "folder", type=FOLDER, required=True, metavar="FOLDER", help="A folder on a stick, say.")
@as_json_option
def export_command(folder: Path, as_json: bool) -> None:
    """Copy what is here, with its signatures, to FOLDER, for the next village. What lies there already stays."""
    from content_cache.errors import mb
    from content_cache.passing import export
    from content_cache.showing import bar, count, tell

    _, _, library = _open()
    with bar("Copying", quiet=as_json) as progress:
        done = export(library, folder, progress=progress)
    sentences = [f"{folder} holds release {done.release}; {count(done.files, 'file')}, {mb(done.bytes)} copied."]
    if done.lacking:
        sentences.append(f"{count(done.lacking, 'file')} of it are not here yet and were left out.")
    tell(done, [*done.problems, *sentences], as_json=as_json)


def _order(name: str, does: str, sentence: str) -> None:
    """A command that orders something of one subject."""

    @command.command(name, help=f"{does} SUBJECT is the slug of a course, or the id of an item: course/item.")
    @click.argument("subject")
    @as_json_option
    def order_command(subject: str, as_json: bool) -> None:
        from content_cache.showing import tell
        from hub.content import orders

        _, _, library = _open()
        orders.check_subject(subject, library)
        getattr(orders, name.replace("-", "_"))(subject)
        tell({"subject": subject, "order": name}, [sentence.format(subject)], as_json=as_json)


_order(
    "pin", "Bring it before all else, and never let it go for want of room.", "{} is pinned: it comes first and stays."
)
_order("unpin", "Treat it like all else.", "{} is not pinned any more.")
_order("remove", "Let it go, and do not bring it again.", "{} is removed; `hub content bring-back` lets it come again.")
_order("bring-back", "Let what was removed come again.", "{} comes again with the next sync.")


@command.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """List the courses of the release that is served."""
    from content_cache.showing import count, tell

    _, _, library = _open()
    held = _held(library)
    lines = [f"{one.id}: {one.title} ({_sizes(one)}{_decided(one.id)})" for one in held]
    lines.append(f"{count(len(held), 'course')} in release {library.number()}." if held else EMPTY)
    tell(held, lines, as_json=as_json)


def _held(library: Library) -> list[Held]:
    """All courses, with what they take."""
    from contextlib import closing

    catalogue = library.catalogue()
    if catalogue is None:
        return []
    with closing(catalogue):
        return catalogue.held_courses(catalogue.totals().courses)


def _sizes(one: Held) -> str:
    from content_cache.errors import mb

    here = mb(max(one.bytes - one.coming, 0))
    return f"{here} here, {mb(one.coming)} coming" if one.coming else f"{here} here"


def _decided(subject: str) -> str:
    from hub.content.models import PINNED, REMOVED, wished

    return next((f", {kind}" for kind in (PINNED, REMOVED) if subject in wished(kind)), "")


EMPTY = "The library is empty; plug in a stick, or bring one with `hub content sync`."


@command.command("status")
@as_json_option
def status_command(as_json: bool) -> None:
    """Show where content comes from, what is here and coming, what failed, and the sticks that are plugged in."""
    from content_cache.showing import tell
    from hub.content.status import status

    _, clock, library = _open()
    found = status(clock, library)
    tell(found, _status_lines(found), as_json=as_json)


def _status_lines(found: ContentStatus) -> list[str]:
    from content_cache.errors import mb

    lines = [f"Courses of the group {found.group} come from {found.source}." if found.source else NO_PLACE]
    if found.totals:
        lines.append(f"Release {found.release} is served; {mb(found.totals.bytes - found.totals.coming)} here.")
    else:
        lines.append(EMPTY)
    if found.totals and found.totals.coming:
        lines.append(f"{mb(found.totals.coming)} are still to come.")
    if found.confirmed:
        lines.append(f"Content was last confirmed on {found.confirmed.isoformat()}.")
    if found.progress:
        lines.append(f"Now: {found.progress.step} from {found.progress.source}, {mb(found.progress.done)}"
                     f" of {mb(found.progress.total)}.")  # fmt: skip
    if found.held:
        lines.append(f"Release {found.held} is not taken, since a rollback left it; `hub content sync --force` does.")
    if found.damaged:
        lines.append(f"{found.damaged} files are damaged and not served; they are brought again.")
    if found.error:
        lines.append(f"The last look failed: {found.error}")
    lines += [f"Stick {one.name} ({one.place}): {one.sentence or one.state}" for one in found.sticks]
    return lines


NO_PLACE = "Nobody said where courses come from; `hub setup --content-url` does, and sticks are taken as they are."


@command.command("verify")
@as_json_option
def verify_command(as_json: bool) -> None:
    """Read every blob that is here again; set aside what is damaged, say what is missing, and have it brought again."""
    from content_cache.errors import DamagedBlob
    from content_cache.showing import bar, count, tell
    from hub.content.orders import sync_now

    _, _, library = _open()
    with bar("Verifying", quiet=as_json) as progress:
        total, wrong = _verify(library, progress)
    sentences = [f"Blob {sha256} is damaged or missing." for sha256 in wrong]
    last = "; `hub content sync` brings the rest again, and the worker does so by itself." if wrong else "."
    sentences.append(f"{count(total - len(wrong), 'blob')} of {total} whole{last}")
    tell({"blobs": total, "wrong": wrong}, sentences, as_json=as_json)
    if wrong:
        sync_now()
        sys.exit(DamagedBlob.exit_code)


def _verify(library: Library, progress: Callable[[int, int], None]) -> tuple[int, list[str]]:
    """How many blobs are said to be here, and those that are not, whole."""
    catalogue = library.catalogue()
    total = sum(1 for _ in catalogue.blobs()) if catalogue else 0
    wrong: list[str] = []
    for done, blob in enumerate(catalogue.blobs() if catalogue else (), start=1):
        if not library.store.verify(blob.sha256):
            wrong.append(blob.sha256)
        progress(done, total)
    return total, wrong


def _open() -> tuple[Settings, Clock, Library]:
    from content_cache.library import Library
    from hub.clock import Clock
    from hub.db import open_database
    from hub.settings import Settings

    settings = Settings.load()
    open_database(settings.database)
    return settings, Clock(), Library(settings.library_root)
