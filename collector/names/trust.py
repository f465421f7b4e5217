"""What the signed content calls its numbers, believed only as far as head office's own keys go.

    signed = look(place, root, folder)          # python-tuf's client; what it verified stays in `folder`
    with brought(place, signed) as file: ...    # the file of names, with the hash that was signed

The host of the content is not trusted, as hubs do not trust it: it may be down, stuck, broken into, or years old. The
first root is given by hand; what was seen before is never gone back behind. Raises NoNames, with the reason.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import IO, TYPE_CHECKING, NamedTuple

import zstandard
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Snapshot, TargetFile
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from collector.names.trouble import NoNames, Trouble
from collector.reading import PIECE, Unread, pieces
from wire.names import LONGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METADATA, TARGET = "metadata/", "names"
SECONDS = 300.0  # for one file; head office is no village
WINDOW = 8 << 20  # docs/formats/repository.md
# What a stranger may make us read, as hubs have it.
CONFIG = UpdaterConfig(
    root_max_length=128 << 10, timestamp_max_length=16 << 10, snapshot_max_length=512 << 10, targets_max_length=4 << 20
)
TROUBLES: tuple[tuple[type[Exception], Trouble], ...] = (
    (BadVersionNumberError, Trouble.OLDER),
    (ExpiredMetadataError, Trouble.EXPIRED),
    (UnsignedMetadataError, Trouble.NOT_OURS),
    (DownloadLengthMismatchError, Trouble.DAMAGED),
    (RepositoryError, Trouble.DAMAGED),
)


class Signed(NamedTuple):
    """The number of the content that is signed, and the target that is its file of names."""

    number: int
    names: TargetFile

    @property
    def sha256(self) -> str:
        return str(self.names.hashes["sha256"])


def look(place: str, root: bytes, folder: Path) -> Signed:
    """What is signed at `place` by the keys of `root` or those that followed; `folder` is for this root alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("tmp*"):  # what a killed look left
        left.unlink(missing_ok=True)
    with _explained():
        updater = Updater(str(folder), METADATA, fetcher=_Fetcher(place), config=CONFIG, bootstrap=root)
        updater.refresh()
        found = updater.get_targetinfo(TARGET)
        number = Metadata[Snapshot].from_file(str(folder / "snapshot.json")).signed.version
    if found is None or "sha256" not in found.hashes:
        raise NoNames(Trouble.NONE_YET, f"content {number} names no names")
    return Signed(number, found)


@contextlib.contextmanager
def brought(place: str, signed: Signed) -> Iterator[IO[bytes]]:
    """The file of names, as it was signed, to be read from its start."""
    if signed.names.length > LONGEST_FILE:
        raise NoNames(Trouble.DAMAGED, f"the file of names has {signed.names.length} bytes")
    with tempfile.TemporaryFile() as file:
        with _explained():
            _fetch(_Fetcher(place), signed, file)
            file.seek(0)
            signed.names.verify_length_and_hashes(file)
        file.seek(0)
        yield file


def _fetch(fetcher: _Fetcher, signed: Signed, into: IO[bytes]) -> None:
    """The file packed, if it lies so; else as it is, which is all that some copies hold."""
    path, packed = f"m/{signed.sha256}", signed.names.custom.get("packed") if signed.names.custom else None
    if isinstance(packed, int):
        with contextlib.suppress(DownloadHTTPError), fetcher.download_file(f"{path}.zst", packed) as file:
            _unpack(file, signed.names.length, into)
            return
    with fetcher.download_file(path, signed.names.length) as file:
        while piece := file.read(PIECE):
            into.write(piece)


def _unpack(file: IO[bytes], size: int, into: IO[bytes]) -> None:
    """At most `size` bytes and one of the frame in `file`: who reads sees that they are too many."""
    try:
        with zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(file) as frame:
            while into.tell() <= size and (piece := frame.read(min(PIECE, size + 1 - into.tell()))):
                into.write(piece)
    except zstandard.ZstdError as error:
        raise NoNames(Trouble.DAMAGED, f"the file of names cannot be unpacked: {error}") from None


class _Fetcher(FetcherInterface):
    """Reads for python-tuf; a path in the repository is all the address there is."""

    def __init__(self, place: str) -> None:
        self._place = place

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self._pieces(url)

    def _pieces(self, url: str) -> Iterator[bytes]:
        try:
            yield from pieces(self._place, url, seconds=SECONDS)
        except Unread as error:
            raise (DownloadHTTPError(str(error), 404) if error.absent else DownloadError(str(error))) from None


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (RepositoryError, DownloadError, OSError) as error:
        trouble = next((trouble for kind, trouble in TROUBLES if isinstance(error, kind)), Trouble.UNREADABLE)
        raise NoNames(trouble, " ".join(str(error).split())[:300]) from None
