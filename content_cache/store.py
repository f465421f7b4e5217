"""The blobs of a hub: plain files named by the SHA-256 of their bytes, which a web server could serve as they lie.

    store = BlobStore(Path("library/blobs"))
    blob = store.put(open("lesson.mp4", "rb"))     # durable when this returns
    store.path(blob.sha256)                        # library/blobs/0f/0f3a…
    with store.batch() as batch:                   # many small ones, quickly; durable when the block ends
        batch.put(source, expected=sha256)

Who fills the store holds a shared lock on it, who sweeps needs it alone; so a sweep never takes a blob that an
import has brought and no catalogue names yet. Age would not do: the clock of a box jumps.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from content_cache.deposit import Deposit
from content_cache.durable import locked, make_folder, sync_folder
from content_cache.errors import DamagedBlob
from content_cache.records import PIECE, Blob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HASH = re.compile(r"[0-9a-f]{64}")


def _at_once(_count: int) -> None:
    """Read on."""


def _nothing() -> None:
    """Begin with nothing."""


class Swept(msgspec.Struct, frozen=True):
    """What a sweep removed: how many files, and their bytes."""

    count: int
    bytes: int


class BlobStore:
    """Blobs under `root`, at `ab/<64 hex>`; damaged ones lie aside in `damaged/<64 hex>`."""

    def __init__(self, root: Path) -> None:
        self.folder = root

    def put(self, source: BinaryIO, *, expected: str | None = None) -> Blob:
        """Take in the bytes of `source`, durably; raises DamagedBlob, and keeps nothing, if they are not `expected`."""
        with self.filling(), self.batch() as batch:
            return batch.put(source, expected=expected)

    @contextlib.contextmanager
    def filling(self) -> Iterator[None]:
        """Keep sweeps away until what is put meanwhile has been named; waits for one that runs."""
        make_folder(self.folder)
        with locked(self.folder, shared=True, wait=True):
            yield

    @contextlib.contextmanager
    def batch(self) -> Iterator[Deposit]:
        """Take in many blobs with few flushes; hold `filling()` around it until a catalogue names them."""
        with Deposit(self.folder, self.path) as deposit:
            yield deposit

    def path(self, sha256: str) -> Path:
        """Where the blob lies, if it is here; `sha256` must be 64 lower-case hexadecimal digits (ValueError)."""
        if not HASH.fullmatch(sha256):
            raise ValueError("a blob is named by 64 lower-case hexadecimal digits")
        return self.folder / sha256[:2] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """The blob's bytes; raises FileNotFoundError if it is not here."""
        return self.path(sha256).open("rb", buffering=0)

    def has(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Bytes of the blob; raises FileNotFoundError if it is not here."""
        return self.path(sha256).stat().st_size

    def is_whole(self, blob: Blob) -> bool:
        """Whether the blob is here with all its bytes, without reading them; one of another size is set aside."""
        try:
            if self.size(blob.sha256) == blob.size:
                return True
        except FileNotFoundError:
            return False
        self.set_aside(blob.sha256)
        return False

    def verify(self, sha256: str, *, after: Callable[[int], None] = _at_once) -> bool:
        """Read the blob again; one whose bytes changed is moved aside in one step, and False returned.

        `after` is told how many bytes each piece had, and may hold the reading up, or end it by raising.
        """
        path = self.path(sha256)
        try:
            if _hash(path, after) == sha256:
                return True
        except FileNotFoundError:
            return False
        except OSError:
            # A sector that cannot be read is damage as well, and moving a file aside does not read it.
            pass
        self.set_aside(sha256)
        return False

    def set_aside(self, sha256: str) -> None:
        """Move a blob to `damaged/`: no longer served, still there to be looked at."""
        aside = self.folder / "damaged"
        aside.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.path(sha256).replace(aside / sha256)
        sync_folder(aside)
        sync_folder(self.folder / sha256[:2])

    def check(self, sha256: str) -> None:
        """As `verify`, but raises DamagedBlob with the sentence for an operator."""
        if not self.verify(sha256):
            raise DamagedBlob(f"Blob {sha256} is damaged or gone; sync again to mend it.")

    def damaged(self) -> list[str]:
        """The hashes of blobs that were found damaged and have not come again since."""
        return [sha256 for sha256 in self._aside() if not self.has(sha256)]

    def empty_damaged(self) -> None:
        """Give the room of damaged blobs back; that they are to come again stays known."""
        for sha256 in self._aside():
            os.truncate(self.folder / "damaged" / sha256, 0)

    def _aside(self) -> list[str]:
        folder = self.folder / "damaged"
        names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
        return sorted(name for name in names if HASH.fullmatch(name))

    def __iter__(self) -> Iterator[Blob]:
        """Every blob here, in the order of their hashes."""
        for folder in self._folders():
            for path in sorted(folder.iterdir()):
                if HASH.fullmatch(path.name):
                    with contextlib.suppress(FileNotFoundError):
                        yield Blob(path.name, path.stat().st_size)

    def _folders(self) -> Iterator[Path]:
        for number in range(256):
            if (folder := self.folder / f"{number:02x}").is_dir():
                yield folder

    def sweep(self, named: Callable[[str], bool], begin: Callable[[], None] = _nothing) -> Swept:
        """Remove blobs for which `named` is false, damaged ones too, and what interrupted imports left.

        Raises Busy while an import runs. Ask for the catalogue in `begin`, not before: it is called once the store is
        held alone, when no other process can switch releases (Library.sweep does so).
        """
        make_folder(self.folder)
        with locked(self.folder):
            begin()
            gone = [_remove(path) for path in self._stale(named)]
        return Swept(len(gone), sum(gone))

    def _stale(self, named: Callable[[str], bool]) -> Iterator[Path]:
        incoming = self.folder / "incoming"
        if incoming.is_dir():
            yield from list(incoming.iterdir())
        yield from (self.path(blob.sha256) for blob in self if not named(blob.sha256))
        for sha256 in self._aside():
            if self.has(sha256) or not named(sha256):
                yield self.folder / "damaged" / sha256


def _remove(path: Path) -> int:
    size = path.stat(follow_symlinks=False).st_size
    path.unlink()
    return size


def _hash(path: Path, after: Callable[[int], None]) -> str:
    digest, buffer = hashlib.sha256(), memoryview(bytearray(PIECE))
    with path.open("rb", buffering=0) as file:
        if hasattr(os, "posix_fadvise"):  # what the kernel remembers says nothing about the card
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            after(count)
    return digest.hexdigest()
