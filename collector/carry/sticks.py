"""Takes in what lies on a stick or in a folder at head office, and lays the replies there for the way back.

for outcome in import_all([Path("/media/ROJO")], None, office):
    outcome.sentence        # "dzemul.vhub: 7 days of Dzemul, until 2026-03-03; nothing is missing."

A stick has a folder `village-hub`: hubs write `up/<hub>.vhub` there, and read `down/`. The file CARRIER beside the two
is what a hub knows such a stick by; whoever imports from a stick makes it one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.carry.refused import NotTaken
from collector.carry.take import Taken, take_parcel
from collector.durable import write_file
from collector.errors import NotWritten
from wire.parcel import CARRIER, CARRIER_TEXT, DOWN, FOLDER, LONGEST_PARCEL, SUFFIX, UP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from collector.office import Office


REPLY = "-reply"


class Outcome(NamedTuple):
    """A file, what was taken of it or None, the reply that was laid out for it, and all of it in a sentence."""

    file: Path
    taken: Taken | None
    reply: Path | None
    sentence: str


def import_all(paths: Sequence[Path], replies: Path | None, office: Office) -> Iterator[Outcome]:
    """Take in each file, one after the other. Raises NotWritten if a reply cannot be laid out."""
    for path in paths:
        base = _base(path)
        if base:
            _refuse_links(base, base / DOWN)
        for file in _files(base / UP) if base else _files(path):
            yield _import(file, replies or (base / DOWN if base else file.parent), office, stick=base is not None)
        if base:
            _write(base / CARRIER, CARRIER_TEXT.encode())


def _base(path: Path) -> Path | None:
    """The folder of ours on a stick; None for a file, or a folder of files that somebody put there."""
    found = path if path.name == FOLDER else path / FOLDER
    return found if found.is_dir() else None


def _refuse_links(*folders: Path) -> None:
    """What lies on a stick is somebody else's: nothing is written where it leads. Raises NotWritten."""
    for folder in folders:
        if folder.is_symlink():
            raise NotWritten(f"{folder} is a link, which leads elsewhere; remove it, or take another stick.")


def _files(path: Path) -> list[Path]:
    """A file, or the files of hubs in a folder; replies that were laid beside them are none."""
    if path.is_file():
        return [path]
    found = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else []
    return [file for file in found if file.is_file() and not file.name.startswith(".") and not _is_reply(file)]


def _is_reply(file: Path) -> bool:
    return file.name.endswith(f"{REPLY}{SUFFIX}")


def _import(file: Path, replies: Path, office: Office, *, stick: bool) -> Outcome:
    try:
        with file.open("rb") as opened:
            taken = take_parcel(opened.read(LONGEST_PARCEL + 1), office)
    except NotTaken as error:
        return Outcome(file, None, None, f"{file.name}: {error}")
    except OSError as error:
        return Outcome(file, None, None, f"{file.name}: it cannot be read ({error.strerror}); copy it again.")
    place = None
    if taken.reply is not None:
        place = replies / f"{taken.hub}{'' if stick else REPLY}{SUFFIX}"
        _write(place, taken.reply)
    return Outcome(file, taken, place, f"{file.name}: {sentence(taken)}")


def sentence(taken: Taken) -> str:
    """What was taken, for operators."""
    parts = [f"{taken.days} {'day' if taken.days == 1 else 'days'} of {taken.site}"]
    parts += [f"until {taken.until}"] if taken.until else []
    parts += [f"{taken.parts} without a date"] if taken.parts else []
    gaps = f"{taken.missing} before are missing" if taken.missing else "nothing is missing"
    aside = f"; {taken.refused} set aside" if taken.refused else ""
    return f"{', '.join(parts)}; {gaps}{aside}."


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
    except OSError as error:
        raise NotWritten(f"{path} cannot be written ({error.strerror}); free the stick, or take another one.") from None
