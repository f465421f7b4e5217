"""Brings a repository to where hubs fetch it from, with whatever client that place has.

    push(Path("repository"), ["rclone", "copy", "{}", "office:content"])

The command runs three times, with a folder in place of {}: first all that is named by a hash and never changes, then
the signed metadata, and last its timestamp, which makes the rest count. So a hub that asks in the middle finds the old
release whole, whatever the client does first. The folders are links to the repository's files, laid out as they are to
lie; what is the publisher's own (numbers.jsonl, groups.json) is in none of them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from typing import TYPE_CHECKING

import msgspec

from content_cache.durable import locked, make_folder
from content_cache.errors import NotSent, unusable
from content_cache.publisher.publish import OWN
from content_cache.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PLACE = "{}"
LAST = "metadata/timestamp.json"


class Pushed(msgspec.Struct, frozen=True):
    """What lies at the other place now: how many files, and their bytes."""

    files: int
    bytes: int


def push(root: Path, command: Sequence[str]) -> Pushed:
    """Run `command` for each part of the repository in `root`; raises NotSent if it fails, with the rest not sent.

    One of its words has {} in it, which becomes the folder to send.
    """
    Repository(root).head()
    if not any(PLACE in word for word in command):
        raise NotSent("The command must say {} where the folder to send belongs: -- rclone copy {} office:content")
    folder = root / OWN / f"push-{secrets.token_hex(4)}"
    try:
        parts = _laid_out(root, folder)
        for number, part in enumerate(parts):
            if part.files:
                _run([word.replace(PLACE, str(folder / str(number))) for word in command])
    except OSError as error:
        raise unusable(error) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Pushed(sum(part.files for part in parts), sum(part.bytes for part in parts))


def _laid_out(root: Path, folder: Path) -> list[Pushed]:
    """Link the three parts. The last is linked first: it may be renewed meanwhile, and must not promise what is not."""
    with locked(root):
        last = _linked(folder / "2", [LAST] if (root / LAST).is_file() else [], root)
        signed = _linked(folder / "1", [name for name in _names(root, "metadata") if name != LAST], root)
        hashed = _linked(folder / "0", [name for one in "ocmbd" for name in _names(root, one)], root)
    return [hashed, signed, last]


def _names(root: Path, folder: str) -> list[str]:
    paths = sorted((root / folder).iterdir()) if (root / folder).is_dir() else []
    return [f"{folder}/{path.name}" for path in paths if path.is_file() and not path.name.startswith(".")]


def _linked(folder: Path, names: Iterable[str], root: Path) -> Pushed:
    count = size = 0
    for name in names:
        make_folder((folder / name).parent)
        os.link(root / name, folder / name)
        count, size = count + 1, size + (folder / name).stat().st_size
    return Pushed(count, size)


def _run(command: list[str]) -> None:
    try:
        ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode
    except OSError as error:
        raise NotSent(f"{command[0]} cannot be run ({error.strerror}); install it, or correct its name.") from None
    if ended:
        raise NotSent(f"{command[0]} ended with code {ended}; see what it said, then push again.")
