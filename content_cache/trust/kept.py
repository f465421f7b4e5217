"""What a hub trusts, as one file that is written in one step, so that a power cut leaves the old state or the new.

`roots` is the chain from the pinned root to the newest, each signed by the one before. `seen` is the newest metadata of
each role that python-tuf accepted, which is what rollbacks are refused by; `whole` is the last set that was accepted
from end to end, which is what content is taken by. A refresh that breaks off midway leaves `seen` ahead of `whole`.

The file is the SHA-256 of the rest, then MessagePack. A file that is damaged counts as absent, and the root that was
pinned, kept beside it as well, is begun from again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from content_cache.durable import make_folder, write_file

if TYPE_CHECKING:
    from pathlib import Path

KEPT, PINNED = "trusted", "pinned.root.json"
DIGEST = 32
BAD = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The state of trust; metadata by role name, as the bytes that were signed."""

    roots: tuple[bytes, ...]
    seen: dict[str, bytes] = {}
    whole: dict[str, bytes] = {}


def load(folder: Path) -> Kept | None:
    """What is kept in `folder`; None if nothing ever was, or nothing of it can be read any more."""
    try:
        data = (folder / KEPT).read_bytes()
        if hashlib.sha256(data[DIGEST:]).digest() == data[:DIGEST]:
            return msgspec.msgpack.decode(data[DIGEST:], type=Kept)
    except (OSError, *BAD):
        pass
    try:
        return Kept(roots=((folder / PINNED).read_bytes(),))
    except OSError:
        return None


def pin(folder: Path, root: bytes) -> None:
    """Begin from `root`, forgetting everything else."""
    make_folder(folder)
    write_file(folder / PINNED, root)
    save(folder, Kept(roots=(root,)))


def save(folder: Path, kept: Kept) -> None:
    """Keep this durably."""
    data = msgspec.msgpack.encode(kept)
    write_file(folder / KEPT, hashlib.sha256(data).digest() + data)
