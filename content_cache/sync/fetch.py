"""Brings one file at a time, resumable at the byte: across broken links, restarts and power cuts.

    fetching = Fetching(library.incoming, source, stop=stop)
    got = fetching.fetch("o/0f3a…", size)         # Got: a few bytes in memory, or a file in incoming/
    if got.sha256 != expected: fetching.discard("o/0f3a…")

What came is written at once and made durable every 256 KiB; the next attempt asks for what is missing and nothing
else. A link that breaks is tried again right away as long as each try brings something, and a few times with pauses
when it does not. After a power cut the last bytes of a file may be other than what came: so what another boot than this
one left is cut to a whole 256 KiB. Whether the bytes are right is for the caller to check, by their hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from content_cache.durable import make_folder, write_file
from content_cache.errors import ContentError, DamagedBlob, SourceError
from content_cache.records import PIECE
from content_cache.sync.source import LINE, manner_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO

    from content_cache.sync.source import Source

T = TypeVar("T")
PART = ".part"
SETTLED = LINE.settled
PROGRESS = 1024  # bytes; a connection costs several times as many
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
AGAIN = "publish it again, or copy the repository again."


class Stopped(Exception):
    """The stop event was set; what came is kept."""


class Got(NamedTuple):
    """A file that came: its bytes in memory, or the file that they lie in, and their hash."""

    data: bytes | None
    path: Path | None
    sha256: str
    size: int


class Rate:
    """Lets at most so many bytes a second through, by waiting; all if `limit` is None."""

    def __init__(self, limit: float | None, stop: threading.Event) -> None:
        self._limit, self._stop = limit, stop
        self._free_at = time.monotonic()

    def moved(self, count: int) -> None:
        if self._limit:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self._limit
            self._stop.wait(max(self._free_at - now, 0))


class _Hashed:
    """The hash of the `count` bytes of a part, kept from break to break: else each would read all of it again."""

    def __init__(self, part: Path | None = None) -> None:
        self.part, self.count, self.digest = part, 0, hashlib.sha256()

    @classmethod
    def of(cls, part: Path) -> Self:
        """By reading what is there."""
        made = cls(part)
        with contextlib.suppress(FileNotFoundError), part.open("rb") as file:
            while piece := file.read(PIECE):
                made.update(piece)
        return made

    def update(self, piece: bytes) -> None:
        self.digest.update(piece)
        self.count += len(piece)


class Fetching:
    """Fetches from `source` into the folder `incoming`; `moved` is told of all bytes as they come."""

    def __init__(
        self,
        incoming: Path,
        source: Source,
        *,
        stop: threading.Event | None = None,
        rate: float | None = None,
        moved: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self.source = source
        self.manner = manner_of(source)
        self._incoming = incoming
        self._stop = stop or threading.Event()
        self._rate = Rate(rate, self._stop)
        self._moved = moved
        self._settled_once = False
        self._hashed = _Hashed()
        self.came = 0

    def part(self, path: str, offset: int = 0) -> Path:
        """The file in incoming/ in which the file at `path` is gathered, from the byte `offset` on."""
        return self._incoming / (_stem(path) + (f"@{offset}" if offset else "") + PART)

    def known(self, path: str) -> int:
        """Bytes of it that are here already."""
        self._settle_after_a_cut()
        try:
            return self.part(path).stat().st_size
        except FileNotFoundError:
            return 0

    def parts(self, prefix: str) -> dict[str, int]:
        """Bytes that are here of files whose paths begin so, by path."""
        self._settle_after_a_cut()
        found = {}
        for part in self._incoming.glob(f"{_stem(prefix)}*{PART}"):
            if "@" not in part.name:
                found[prefix + part.name.removesuffix(PART).removeprefix(_stem(prefix))] = part.stat().st_size
        return found

    def discard(self, path: str) -> None:
        """Forget what came of it."""
        for part in (self.part(path), *self._incoming.glob(f"{_stem(path)}@*{PART}")):
            part.unlink(missing_ok=True)

    def discard_all(self) -> None:
        """Forget all that came in part."""
        for part in self._incoming.glob(f"*{PART}"):
            part.unlink(missing_ok=True)

    def fetch(self, path: str, size: int | None, most: int | None = None) -> Got:
        """All of the file, which should have `size` bytes, or at most `most` if nobody said how many.

        Raises Absent, SourceError or Refused as the source does, DamagedBlob if the length is wrong, and Stopped.
        """
        limit = size if size is not None else most
        if size is not None and size <= self.manner.direct and not self.known(path):
            data = self._gather(path, limit)
            self._check_length(path, len(data), size)
            return Got(data, None, hashlib.sha256(data).hexdigest(), len(data))
        digest, have = self._patiently(lambda: self._resume(path, limit))
        self._check_length(path, have, size)
        return Got(None, self.part(path), digest, have)

    def gather(self, path: str, start: int, end: int) -> None:
        """Have the file's bytes from `start` up to before `end` in parts, going on where one of them ends."""
        have, offset = self._reach(path, start)
        if have < end:
            part = self.part(path, offset)
            self._patiently(lambda: self._append(path, part, offset, end=end))

    def gathered(self, path: str) -> list[tuple[int, int]]:
        """First byte and end of what is here of the file, part by part."""
        self._settle_after_a_cut()
        several = self._incoming.glob(f"{_stem(path)}@*{PART}")
        found = [(int(part.name.removesuffix(PART).rpartition("@")[2]), part) for part in several]
        found += [(0, self.part(path))] if self.part(path).exists() else []
        return [(offset, offset + part.stat().st_size) for offset, part in found]

    def read(self, path: str, start: int, length: int) -> bytes:
        """Bytes that were gathered; fewer if they are not all here."""
        have, offset = self._reach(path, start)
        if have <= start:
            return b""
        with self.part(path, offset).open("rb", buffering=0) as file:
            return os.pread(file.fileno(), length, start - offset)

    def _reach(self, path: str, start: int) -> tuple[int, int]:
        """Up to where the part goes that holds or ends at the byte `start`, and where it begins; else `start` twice."""
        return max([(start, start), *((end, offset) for offset, end in self.gathered(path) if offset <= start <= end)])

    def _check_length(self, path: str, have: int, size: int | None) -> None:
        if size is not None and have != size:
            raise DamagedBlob(f"{self.source.name}/{path} is damaged: it has {have} bytes instead of {size}; {AGAIN}")

    def _gather(self, path: str, limit: int | None) -> bytes:
        """All of a small file, in memory; after a break only the rest is asked for again."""
        data = bytearray()

        def go_on() -> None:
            for piece in self._pieces(path, len(data), None):
                data.extend(piece)
                self._refuse_longer(path, len(data), limit)

        self._patiently(go_on)
        return bytes(data)

    def _resume(self, path: str, limit: int | None) -> tuple[str, int]:
        """Append what is missing to the part; the hash and the number of the bytes it has then."""
        part = self.part(path)
        if limit is not None and self.known(path) > limit:
            part.unlink()
        if (part, self.known(path)) != (self._hashed.part, self._hashed.count):
            self._hashed = _Hashed.of(part)
        have = self._append(path, part, limit=limit, hashed=self._hashed)
        return self._hashed.digest.hexdigest(), have

    def _append(
        self,
        path: str,
        part: Path,
        offset: int = 0,
        *,
        end: int | None = None,
        limit: int | None = None,
        hashed: _Hashed | None = None,
    ) -> int:
        """Add to the part, which begins at `offset` of the file, what follows; up to where it goes then."""
        make_folder(self._incoming)
        self._settle_after_a_cut()
        with _part(part) as file, _settling(file, self.manner.settled) as settle:
            have = offset + file.seek(0, os.SEEK_END)
            if have == limit or (end is not None and have >= end):
                return have
            for piece in self._pieces(path, have, end):
                have += len(piece)
                self._refuse_longer(path, have, limit)
                _write_all(file, piece)
                settle(len(piece))
                if hashed is not None:
                    hashed.update(piece)
        return have

    def _refuse_longer(self, path: str, have: int, limit: int | None) -> None:
        if limit is not None and have > limit:
            what = f"it has more than the {limit} bytes it should"
            raise DamagedBlob(f"{self.source.name}/{path} is damaged: {what}; {AGAIN}")

    def _pieces(self, path: str, start: int, end: int | None) -> Iterator[bytes]:
        """What the source gives, paced and counted, until somebody says stop."""
        for piece in self.source.read(path, start, end):
            yield piece
            self.came += len(piece)
            self._moved(len(piece))
            self._rate.moved(len(piece))
            if self._stop.is_set():
                raise Stopped

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """The attempt's result; tried again at once while something comes, and with pauses when nothing does."""
        tries = 0
        while True:
            before = self.came
            try:
                return attempt()
            except SourceError:
                tries = 0 if self.came - before >= PROGRESS else tries + 1
                if tries > len(self.manner.patience):
                    raise
                if self._stop.wait(self.manner.patience[tries - 1] if tries else 0):
                    raise Stopped from None

    def _settle_after_a_cut(self) -> None:
        """Cut what another boot did not flush off the parts that it left."""
        if self._settled_once or not self._incoming.is_dir():
            return
        self._settled_once = True
        boot, note = _boot_id(), self._incoming / "boot"
        with contextlib.suppress(OSError):
            if note.read_text() == boot:
                return
        for part in self._incoming.glob(f"*{PART}"):
            size = part.stat().st_size
            os.truncate(part, size - size % SETTLED)
        write_file(note, boot.encode())


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


def _stem(path: str) -> str:
    return path.replace("/", "-")


@contextlib.contextmanager
def _part(path: Path) -> Iterator[FileIO]:
    """The part, to be added to; one that is empty in the end, as of what is absent, is removed."""
    with path.open("ab", buffering=0) as file:
        try:
            yield file
        except ContentError:
            if not os.fstat(file.fileno()).st_size:
                path.unlink()
            raise


@contextlib.contextmanager
def _settling(file: FileIO, every: int) -> Iterator[Callable[[int], None]]:
    """Flush the file each `every` bytes that are told, and at the end, however that comes."""
    waiting = 0

    def settle(count: int) -> None:
        nonlocal waiting
        waiting += count
        if waiting >= every:
            os.fsync(file.fileno())
            waiting = 0

    try:
        yield settle
    finally:
        if waiting:
            os.fsync(file.fileno())


def _write_all(file: FileIO, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[file.write(left) :]
