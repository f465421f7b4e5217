"""Packages that editors bring as one file: SCORM, H5P, EPUB, Common Cartridge, a web site in a zip. All are zips.

    package = open_package(path)            # raises BadPackage with a phrase on what is wrong
    package.start                           # the path that opens first
    for path, file in package.files(): ...  # each file's bytes, in the order of the paths

A zip comes from outside, whoever the editor is: its directory is counted before it is read, and each name, size and
place in it is checked before anything is unpacked. Nothing is ever written to a path that a zip names; its files become
blobs, and its names lines of a tree. content_cache/publisher/startpages.py finds the start.
"""

from __future__ import annotations

import contextlib
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, BinaryIO

import msgspec

from content_cache.publisher.startpages import find_start
from content_cache.records import MAX_TREE_FILES, PIECE, TreeLine, TreePath, TreeRef

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from content_cache.publisher.shelf import Shelf

ENDINGS = (".zip", ".h5p", ".epub", ".imscc", ".elpx")
MAX_DEPTH = 30
MAX_DIRECTORY = 32 * 2**20
MAX_BYTES = 4 * 2**30
# Text shrinks to a tenth, a drawing of one colour to a hundredth. Small things may shrink as they like.
MAX_RATIO = 100
SMALL = 32 * 2**20
SPOOL = 4 * 2**20
# What a Mac or Windows leaves in a zip and nobody wants.
JUNK = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
END = struct.Struct("<4s4H2LH")  # of the central directory, APPNOTE.TXT 4.3.16
END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
LOCATOR = struct.Struct("<4sLQL")  # 4.3.15
LOCAL = 30  # bytes of a local header before its name, 4.3.7


class BadPackage(ValueError):
    """A phrase on what is wrong with a package."""


class Package:
    """A zip whose directory was checked; use `open_package`."""

    def __init__(self, archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> None:
        self._archive, self._entries = archive, entries
        self.start = find_start(list(entries), self.read)
        if not self.start:
            raise BadPackage("has no page that opens first (imsmanifest.xml, h5p.json, index.html)")

    @property
    def count(self) -> int:
        return len(self._entries)

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of the file at that path."""
        with self._open(path) as file:
            return file.read(limit)

    def files(self) -> Iterator[tuple[str, Unzipped]]:
        """Every file with its path, in the order of the paths; read each to its end, which checks its sum."""
        for path in self._entries:
            with self._open(path) as file:
                yield path, file

    def check(self) -> None:
        """Read everything once; raises BadPackage for what cannot be unpacked."""
        for _, file in self.files():
            while file.read(PIECE):
                pass

    @contextlib.contextmanager
    def _open(self, path: str) -> Iterator[Unzipped]:
        with _damage_in(path):
            file = self._archive.open(self._entries[path])
        with file:
            yield Unzipped(path, file)


class Unzipped:
    """A file of a package; reading it raises BadPackage where it is damaged, at the latest at its end."""

    def __init__(self, path: str, file: IO[bytes]) -> None:
        self._path, self._file = path, file

    def read(self, size: int = -1) -> bytes:
        with _damage_in(self._path):
            return self._file.read(size)


@contextlib.contextmanager
def _damage_in(path: str) -> Iterator[None]:
    """What zipfile raises for a zip that says one thing here and another there."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, ValueError):
        raise BadPackage(f"is damaged: {path} in it cannot be unpacked") from None


@contextlib.contextmanager
def open_package(path: Path) -> Iterator[Package]:
    """The package in the file `path`; raises BadPackage, also from within the block if a file in it is damaged."""
    with path.open("rb") as file:
        _refuse_huge_directory(file, path.stat().st_size)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, UnicodeError, OverflowError):
            raise BadPackage("is no zip that can be read") from None
        with archive:
            yield Package(archive, _checked(archive, path.stat().st_size))


def package_tree(path: Path, shelf: Shelf) -> TreeRef:
    """Put the files of the package at `path`, and the tree that names them, on the shelf; raises BadPackage."""
    with open_package(path) as package:
        lines = [_put(name, file, shelf) for name, file in package.files()]
        record = shelf.put_record("m", b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        return TreeRef(
            sha256=record.sha256,
            size=record.size,
            packed=record.packed,
            files=len(lines),
            bytes=sum({line.sha256: line.size for line in lines}.values()),
            start=package.start,
        )


def _put(name: str, file: Unzipped, shelf: Shelf) -> TreeLine:
    """What comes out of a zip comes once, and a shelf reads twice; a large file waits on the disk in between."""
    with tempfile.SpooledTemporaryFile(max_size=SPOOL) as spool:
        shutil.copyfileobj(file, spool, PIECE)
        spool.seek(0)
        blob = shelf.put(spool)  # type: ignore[arg-type]
    return TreeLine(path=name, sha256=blob.sha256, size=blob.size, packed=blob.packed)


def _refuse_huge_directory(file: BinaryIO, size: int) -> None:
    """Look at what the zip says of its directory before it is read into memory as a whole."""
    start = max(0, size - END.size - 2**16)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + END.size:
        raise BadPackage("is no zip, or is cut off")
    claims = [END.unpack_from(tail, at)[4:6]]
    if at >= LOCATOR.size and tail[at - LOCATOR.size : at].startswith(b"PK\x06\x07"):
        claims = _zip64(file, start + at - LOCATOR.size)
    if any(count > MAX_TREE_FILES * 2 or length > MAX_DIRECTORY for count, length in claims):
        raise BadPackage(f"holds more than {MAX_TREE_FILES} files")


def _zip64(file: BinaryIO, locator: int) -> list[tuple[int, int]]:
    """What a zip of the large kind says: where its locator points, and just before that, where zipfile may look."""
    file.seek(locator)
    claims = []
    for at in (LOCATOR.unpack(file.read(LOCATOR.size))[2], locator - END64.size):
        file.seek(max(0, min(at, locator)))
        record = file.read(END64.size)
        if len(record) == END64.size and record.startswith(b"PK\x06\x06"):
            claims.append(END64.unpack(record)[7:9])
    if not claims:
        raise BadPackage("is no zip, or is cut off")
    return claims


def _checked(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The files by their paths, in order; raises BadPackage for a zip that lies, hides something or would explode."""
    entries: dict[str, zipfile.ZipInfo] = {}
    folders: set[str] = set()
    for info in archive.infolist():
        path = _name(info)
        _refuse_odd(info, path)
        if info.is_dir():
            continue
        if path in entries:
            raise BadPackage(f"holds {path} twice")
        if not path.startswith(JUNK) and path.rpartition("/")[2] not in JUNK:
            entries[path] = info
            folders |= {path[:at] for at, letter in enumerate(path) if letter == "/"}
    _refuse_clashes(entries, folders)
    _refuse_bomb(list(entries.values()), size)
    return dict(sorted(entries.items()))


def _name(info: zipfile.ZipInfo) -> str:
    """The path as it was meant: a name that does not say it is UTF-8 often is; else it is of the zip's old letters."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    with contextlib.suppress(UnicodeError):
        return info.orig_filename.encode("cp437").decode("utf-8")
    return info.orig_filename


def _refuse_odd(info: zipfile.ZipInfo, path: str) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    try:
        msgspec.convert(path.rstrip("/") if info.is_dir() else path, TreePath)
    except msgspec.ValidationError:
        raise BadPackage(f"holds a file under a name that leads elsewhere or is none ({path[:80]!r})") from None
    if path[1:2] == ":" or path.count("/") > MAX_DEPTH:
        raise BadPackage(f"holds a file {'on a drive' if path[1:2] == ':' else 'nested too deeply'} ({path[:80]!r})")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadPackage(f"holds {path}, which is a link or no plain file")
    if info.flag_bits & 0x1:
        raise BadPackage("is locked with a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadPackage(f"packs {path} in a way that is not deflate")


def _refuse_clashes(entries: dict[str, zipfile.ZipInfo], folders: set[str]) -> None:
    """Two names that one system or another takes for the same."""
    if both := next((path for path in sorted(entries) if path in folders), ""):
        raise BadPackage(f"holds {both} as a file and as a folder")
    seen: dict[str, str] = {}
    for path in sorted(entries):
        if (other := seen.setdefault(_folded(path), path)) != path:
            raise BadPackage(f"holds {other} and {path}, which are one name on many systems")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _refuse_bomb(infos: list[zipfile.ZipInfo], size: int) -> None:
    total = sum(info.file_size for info in infos)
    if not infos:
        raise BadPackage("holds no file")
    if len(infos) > MAX_TREE_FILES:
        raise BadPackage(f"holds more than {MAX_TREE_FILES} files")
    if total > MAX_BYTES:
        raise BadPackage(f"unpacks to more than {MAX_BYTES // 2**30} GB")
    if total > SMALL + MAX_RATIO * size:
        raise BadPackage(f"unpacks to more than {MAX_RATIO} times its size")
    # Files that share their packed bytes are how a small zip unpacks to any size (Fifield, WOOT 2019).
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise BadPackage(f"holds {info.filename} within another file")
        end = info.header_offset + LOCAL + info.compress_size
