"""What a publisher saw in a file the last time, so that a file that has not changed is not read again.

    seen = Seen(repository / ".publisher" / "seen")
    memory = seen.of(path)              # empty if the file changed since, or was never seen
    memory.looks["video"] = 83          # what a look found, to be kept
    seen.save(folder)

A file is taken for the same while its size, times and inode are. That is not enough for one that was written in the
very moment it was read, since a clock ticks and a second write may bear the first one's time (git calls it racy): what
was younger than two seconds when it was read is not remembered. A damaged memory is none.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

import msgspec

from content_cache.durable import make_folder, write_file
from content_cache.records import Blob, TreeRef  # noqa: TC001 (msgspec reads them)

# Raised whenever a look finds what it did not find before: what older ones passed is looked at again.
RULES = 1
SETTLED = 2 * 10**9  # nanoseconds; FAT counts times in twos


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """By what a file is known to be the same; times in nanoseconds."""

    size: int
    modified: int
    changed: int
    inode: int


class Memory(msgspec.Struct, array_like=True):
    """One file: the seconds (or None) that a look as each kind found, the blob that each form of it is, its tree."""

    stamp: Stamp
    looks: dict[str, int | None] = {}
    blobs: dict[str, Blob] = {}
    tree: TreeRef | None = None


class _Kept(msgspec.Struct):
    rules: str
    files: dict[str, Memory]


class Seen:
    """The memory kept in the file `path`; of nothing, if there is no file, and for this time alone without a path."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._rules = f"{RULES} {shutil.which('ffprobe') or ''}"
        self._old = _load(path, self._rules) if path else {}
        self._asked: dict[str, tuple[Memory, int]] = {}

    def of(self, file: Path) -> Memory:
        """What is known of `file`, to be added to; ask before reading it."""
        name, stamp = str(file.absolute()), _stamp(file)
        before = self._asked[name][0] if name in self._asked else self._old.get(name)
        if before is None or before.stamp != stamp:
            self._asked[name] = Memory(stamp), time.time_ns()
        elif name not in self._asked:
            self._asked[name] = before, 0
        return self._asked[name][0]

    def save(self, folder: Path) -> None:
        """Keep what was seen, durably; of the files in `folder`, those that were asked for this time."""
        above = f"{folder.absolute()}/"
        files = {name: memory for name, memory in self._old.items() if not name.startswith(above)}
        files |= {name: memory for name, (memory, read) in self._asked.items() if _is_settled(memory, name, read)}
        data = msgspec.msgpack.encode(_Kept(self._rules, dict(sorted(files.items()))))
        text = hashlib.sha256(data).digest() + data
        if self._path and not (self._path.is_file() and self._path.read_bytes() == text):
            make_folder(self._path.parent)
            write_file(self._path, text)


def _stamp(file: Path) -> Stamp:
    found = file.stat()
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _is_settled(memory: Memory, name: str, read: int) -> bool:
    """Whether the file was old enough when it was read, at `read` (0: another time), and is the same still."""
    if not read:
        return True
    try:
        return max(memory.stamp.modified, memory.stamp.changed) <= read - SETTLED and _stamp(Path(name)) == memory.stamp
    except OSError:
        return False


def _load(path: Path, rules: str) -> dict[str, Memory]:
    try:
        text = path.read_bytes()
        kept = msgspec.msgpack.decode(text[32:], type=_Kept)
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return {}
    return kept.files if kept.rules == rules and hashlib.sha256(text[32:]).digest() == text[:32] else {}
