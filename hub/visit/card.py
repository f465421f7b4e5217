"""Root's hands at first boot: what lies on the card goes to the hub, and what the hub says goes to card and screen.

    take(settings)      # hub-setup.toml and hub-setup.kit, from beside HUB_ANSWERS to HUB_RUN
    tell(settings)      # what the hub noted there: to hub-setup.result.txt, hub-network.txt and /run/issue.d

The FAT partition that a technician can write to from any laptop is root's, and what judges its files is not. Root
decides nothing here and decodes nothing of the technician's: it carries bytes, of modest size, never through a link,
and what it writes over and removes is the very file that was taken, by its SHA-256. Where there is no such partition,
the screen and the cable remain.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from content_cache.durable import sync_folder, write_file
from wire.kit import LONGEST as LONGEST_KIT

if TYPE_CHECKING:
    from pathlib import Path

    from hub.settings import Settings

ANSWERS, KIT, NOTE = "hub-setup.toml", "hub-setup.kit", "first-boot.json"
RESULT, NETWORK, ISSUE = "hub-setup.result.txt", "hub-network.txt", "run/issue.d/village-hub.issue"
LARGEST = 64 * 1024  # bytes
MOST_OF = {ANSWERS: LARGEST, KIT: LONGEST_KIT}


class Note(Struct, frozen=True, kw_only=True):
    """What the hub leaves for root: texts for screen and card, and the SHA-256 of the file that was taken, if any."""

    console: str
    network: str
    result: str | None = None
    taken: str | None = None


def take(settings: Settings) -> list[str]:
    """Lay what the card brings where the hub can read it; the names of what was brought."""
    folder = settings.answers_file.parent
    sources = {ANSWERS: settings.answers_file, KIT: folder / KIT}
    brought = []
    for name, source in sources.items():
        data = _plain(source, MOST_OF[name])
        if data is not None:
            _hand_over(settings.run_folder, name, data)
            brought.append(name)
    return brought


def tell(settings: Settings) -> list[str]:
    """Put the hub's texts where people see them; the names of the files that were written."""
    data = _plain(settings.run_folder / NOTE, LARGEST)
    if data is None:
        return []
    try:
        note = msgspec.json.decode(data, type=Note)
    except msgspec.MsgspecError:
        return []
    folder, written = settings.answers_file.parent, []
    texts = {
        folder / NETWORK: note.network,
        folder / RESULT: note.result,
        settings.machine / ISSUE: _safe(note.console),
    }
    for path, text in texts.items():
        if text is not None and _write(path, text):
            written.append(path.name)
    if note.taken is not None:
        _remove(settings.answers_file, note.taken)
        _remove(folder / KIT, None)
    return written


def _plain(path: Path, largest: int) -> bytes | None:
    """The bytes of a plain file, at most one more than `largest`; None for what is none."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(number, "rb") as file:
        return file.read(largest + 1) if stat.S_ISREG(os.fstat(number).st_mode) else None


def _hand_over(folder: Path, name: str, data: bytes) -> None:
    """A new file for the owner of `folder` alone; what stood there under that name is not followed or written to."""
    within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=within)
        number = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=within)
        with os.fdopen(number, "wb") as file:
            file.write(data)
            owner = os.fstat(within)
            if os.geteuid() == 0:
                os.fchown(number, owner.st_uid, owner.st_gid)
    finally:
        os.close(within)


def _safe(text: str) -> str:
    """Without what a terminal obeys or agetty fills in (agetty(8), issue escapes)."""
    return "".join(sign for sign in text if sign == "\n" or (sign.isprintable() and sign != "\\"))


def _write(path: Path, text: str) -> bool:
    """Written anew only if it says something else: a card wears. False where there is no such folder, or no room."""
    data = text.replace("\n", "\r\n").encode() if path.suffix == ".txt" else text.encode()
    try:
        if path.suffix == ".issue":
            path.parent.mkdir(exist_ok=True)
        if _plain(path, LARGEST) == data:
            return False
        write_file(path, data)
    except OSError:
        return False
    return True


def _remove(path: Path, mark: str | None) -> None:
    """Write over the file that has this SHA-256, or over any for None, and remove it."""
    data = _plain(path, LARGEST)
    if data is None or (mark is not None and hashlib.sha256(data).hexdigest() != mark):
        return
    with suppress(OSError):
        number = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        with os.fdopen(number, "wb") as file:
            file.write(b" " * len(data))
            file.flush()
            os.fsync(number)
        path.unlink()
        sync_folder(path.parent)
