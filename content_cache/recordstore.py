"""The records that a hub keeps: catalogues, manifests and trees, plain files named by the SHA-256 of their bytes.

    store = RecordStore(Path("library/records"))
    with store.batch() as batch:
        batch.put(source, expected=sha256)
    reader = store.reader("content.example")        # what sentences call the place that they came from
    release = reader.release(sha256)
    for entry in release.head.courses: reader.course(entry)

They are small, and enough to know all that a release needs: what is coming is planned from them, deltas lean on them,
and the catalogue that serves is built from them (content_cache/serving.py).
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, BinaryIO, Literal, NoReturn

from content_cache.deposit import Deposit
from content_cache.errors import RepositoryError
from content_cache.manifests import AGAIN, DAMAGED, Records, Release
from content_cache.records import MAX_CATALOGUE, PIECE
from content_cache.store import HASH

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path


class RecordStore:
    """Records under `folder`; makes nothing there until something is put."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where the record lies, if it is here; `sha256` must be 64 lower-case hexadecimal digits (ValueError)."""
        if not HASH.fullmatch(sha256):
            raise ValueError("a record is named by 64 lower-case hexadecimal digits")
        return self.folder / sha256

    def has(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def is_whole(self, sha256: str) -> bool:
        """Whether the record is here and right; one whose bytes changed is removed, so that it comes again."""
        digest = hashlib.sha256()
        try:
            with self.path(sha256).open("rb") as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
        except FileNotFoundError:
            return False
        except OSError:  # a sector that cannot be read
            digest = hashlib.sha256(b"unreadable")
        if digest.hexdigest() == sha256:
            return True
        self.path(sha256).unlink(missing_ok=True)
        return False

    def batch(self) -> Deposit:
        """Take in records with few flushes; as BlobStore.batch."""
        return Deposit(self.folder, self.path)

    def reader(self, place: str | None = None) -> KeptRecords:
        """Reads them; `place` is what sentences call where they came from."""
        return KeptRecords(self, place or str(self.folder))

    def sweep(self, named: Container[str]) -> int:
        """Remove the records that are not `named`, and what interrupted work left; returns how many."""
        gone = list(self._stale(named))
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _stale(self, named: Container[str]) -> Iterator[Path]:
        for folder in (self.folder, self.folder / "incoming"):
            with contextlib.suppress(FileNotFoundError):
                yield from [path for path in folder.iterdir() if path.name not in named and not path.is_dir()]


class KeptRecords(Records):
    """Reads the records of `store`. Every method raises RepositoryError with a sentence on what is wrong."""

    def __init__(self, store: RecordStore, place: str) -> None:
        self._store, self._place = store, place

    def release(self, sha256: str) -> Release:
        """The catalogue of that hash."""
        with self.open_record("c", sha256, None, None) as file:
            found = self.release_of(file.read(MAX_CATALOGUE + 1), f"c/{sha256}")
        if found.sha256 != sha256:
            self.refuse(f"c/{sha256}", DAMAGED)
        return found

    def open_record(
        self,
        folder: Literal["c", "m"],
        sha256: str,
        size: int | None,  # noqa: ARG002 (the hash says more)
        packed: int | None,  # noqa: ARG002 (none is packed here)
    ) -> BinaryIO:
        try:
            return self._store.path(sha256).open("rb")
        except OSError as error:
            self.refuse(f"{folder}/{sha256}", f"is not among the records of this library ({error.strerror})")

    def refuse(self, name: str, what: str) -> NoReturn:
        raise RepositoryError(f"{self._place}/{name} {what}; {AGAIN}")
