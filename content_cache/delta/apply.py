"""Makes the new files of a delta or a bundle on a hub, from the frames and the old files that are here.

    delta = read_delta(read)
    with store.filling(), store.batch() as batch:
        applied = apply(delta.files, read, old=old_blobs, new=new_blobs, into=Place(store.path, batch))
    applied.failed                      # places of new files that could not be made: fetch them as objects

A delta is believed in nothing. Every file is checked against the hash that its release gives it by who puts it away
(content_cache/deposit.py), and what is here already is not made again. A frame that is damaged, or an old file that is
gone or damaged, fails the files that need it and no other: where an old file is gone zeros stand for it, and hashes
tell which of the new ones did not need it. Memory is bounded by a frame, its base, and the index; reading, by what a
frame gives for the old bytes that it leans on.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import msgspec

from content_cache.delta.format import ALL, BROKEN, MAX_BASE, Span, unpack
from content_cache.durable import is_full
from content_cache.errors import BadDelta, DamagedBlob, no_space, unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from content_cache.delta.format import Frame, Made, Reader, Section
    from content_cache.deposit import Deposit
    from content_cache.records import Blob

PIECE = 256 * 2**10
# Old bytes that a section may read for its frames: this much, and so many for each byte that they give. Ours need few.
READ_FREELY = 64 * 2**20
READ_FOR_ONE = 64


class Applied(msgspec.Struct, frozen=True):
    """What came of it: files made, their bytes, files that were here, and places of those that could not be made."""

    made: int
    bytes: int
    here: int
    failed: tuple[int, ...]


class List(Protocol):
    """Blobs in order. A list that is found out while it is read raises IndexError beyond its end as well."""

    def __getitem__(self, place: int, /) -> Blob: ...


class Place(NamedTuple):
    """Where files are and go: `path` says where one lies, if it is here; `batch` takes new ones in."""

    path: Callable[[str], Path]
    batch: Deposit

    def has(self, blob: Blob) -> bool:
        """Whether it is here whole, or waits for the batch's commit."""
        return self.batch.waits(blob.sha256) or _size(self.path(blob.sha256)) == blob.size


def _nothing(place: int) -> None:
    """Tell nobody."""


def apply(
    section: Section,
    read: Reader,
    *,
    old: List,
    new: List,
    into: Place,
    wanted: Callable[[int], bool] = lambda _: True,
    done: Callable[[int], None] = _nothing,
) -> Applied:
    """Make the files of `section` that are `wanted` and not here; `done` is told the place of each that was made.

    `read` gives bytes of the delta; bytes that it does not have fail the files that need them. Raises NoSpace and other
    ContentErrors when the disk does not take a file, or when `read` raises one; what was made until then is made.
    """
    stream = _Stream(section, read, _Olds(old, into.path))
    made = size = here = position = 0
    failed = []
    for one in section.made():
        start, blob = position, named(new, one.place)
        position += taken(one, blob)
        if blob is None:
            failed.append(one.place)
        elif not wanted(one.place):
            continue
        elif into.has(blob):
            here += 1
        elif _make(_Recipe(one, blob, start, stream), blob, into):
            made, size = made + 1, size + blob.size
            done(one.place)
        else:
            failed.append(one.place)
    return Applied(made, size, here, tuple(failed))


def named(files: List, place: int) -> Blob | None:
    """The blob at that place, if the list has one."""
    try:
        return files[place] if place >= 0 else None
    except IndexError:
        return None


def taken(one: Made, blob: Blob | None) -> int:
    """Bytes of the stream that are the file's."""
    if one.parts is None:
        return blob.size if blob is not None else 0
    return sum(part for part in one.parts if isinstance(part, int))


def _make(recipe: _Recipe, blob: Blob, into: Place) -> bool:
    """Put the file away, if its bytes are the right ones."""
    try:
        into.batch.put(cast("BinaryIO", recipe), expected=blob.sha256, limit=blob.size)
    except (BadDelta, DamagedBlob):
        return False
    except OSError as error:
        folder = into.path(blob.sha256).parent
        raise (no_space(folder, blob.size) if is_full(error) else unusable(error)) from None
    return True


class _Recipe(io.RawIOBase):
    """The bytes of a new file, made while they are read. Raises BadDelta where they cannot be made."""

    def __init__(self, made: Made, blob: Blob, position: int, stream: _Stream) -> None:
        super().__init__()
        parts = (blob.size,) if made.parts is None else made.parts
        self._pieces = _pieces_of(parts, position, stream)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what comes next; 0 at the end."""
        while not self._left:
            try:
                self._left = memoryview(next(self._pieces))
            except StopIteration:
                return 0
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _pieces_of(parts: tuple[int | Span, ...], position: int, stream: _Stream) -> Iterator[bytes]:
    for part in parts:
        if isinstance(part, Span):
            yield from stream.olds.pieces(part)
        else:
            yield from stream.pieces(position, part)
            position += part


class _Stream:
    """What the frames unpack to; one frame is held at a time, and frames that nobody needs are not opened."""

    def __init__(self, section: Section, read: Reader, olds: _Olds) -> None:
        self._frames, self._read, self.olds = section.frames(), read, olds
        self._frame: Frame | None = None
        self._text: bytes | BadDelta | None = None
        self._may_read = READ_FREELY

    def pieces(self, start: int, length: int) -> Iterator[bytes]:
        """`length` bytes from `start` on; never from before an earlier start."""
        while length:
            text, first = self._at(start)
            piece = text[start - first : start - first + min(length, PIECE)]
            yield piece
            start, length = start + len(piece), length - len(piece)

    def _at(self, position: int) -> tuple[bytes, int]:
        while self._frame is None or position >= self._frame.first + self._frame.size:
            self._frame, self._text = next(self._frames, None), None
            if self._frame is None:
                raise BadDelta(f"A delta has fewer bytes than its files need; {BROKEN}")
        if self._text is None:
            self._text = self._tried(self._frame)
        if isinstance(self._text, BadDelta):
            raise self._text
        return self._text, self._frame.first

    def _tried(self, frame: Frame) -> bytes | BadDelta:
        """What the frame unpacks to, or why it does not: that is found out once for all its files."""
        try:
            return self._open(frame)
        except BadDelta as error:
            return error

    def _open(self, frame: Frame) -> bytes:
        self._may_read += READ_FOR_ONE * frame.size - self.olds.length(frame.base)
        if self._may_read < 0:
            raise BadDelta(f"A delta leans on far more than it gives; {BROKEN}")
        packed = self._read(frame.at, frame.packed)
        if len(packed) < frame.packed:
            raise BadDelta(f"A frame of a delta is not here; {BROKEN}")
        text = unpack(packed, frame.size, self.olds.base(frame.base))
        if len(text) != frame.size:
            raise BadDelta(f"A frame of a delta has another length than its index says; {BROKEN}")
        return text


class _Olds:
    """Old files, read in parts; they come from the disk of this hub, and may be gone."""

    def __init__(self, blobs: List, path: Callable[[str], Path]) -> None:
        self._blobs, self._path = blobs, path

    def base(self, spans: tuple[Span, ...]) -> bytearray:
        """What a frame leans on: the spans, one after the other."""
        base = bytearray()
        for span in spans:
            base += self._read(span, self._length(span))
        return base

    def length(self, spans: tuple[Span, ...]) -> int:
        """Bytes of the spans together, which have a limit."""
        total = sum(map(self._length, spans))
        if total > MAX_BASE:
            raise BadDelta(f"A frame of a delta leans on {total} bytes, more than {MAX_BASE}; {BROKEN}")
        return total

    def pieces(self, span: Span) -> Iterator[bytes]:
        """The bytes of one span."""
        length = self._length(span)
        for start in range(0, length, PIECE):
            yield self._read(Span(span.place, span.start + start), min(PIECE, length - start))

    def _length(self, span: Span) -> int:
        """Its length, checked to lie inside its file as the old release describes it."""
        blob = named(self._blobs, span.place)
        if blob is None:
            raise BadDelta(f"A delta leans on a file that the old release does not name; {BROKEN}")
        length = blob.size - span.start if span.length == ALL else span.length
        if not (span.start >= 0 and 0 <= length <= blob.size - span.start):
            raise BadDelta(f"A delta leans on bytes beyond the end of a file; {BROKEN}")
        return length

    def _read(self, span: Span, length: int) -> bytes:
        """`length` bytes from the span's start on, zeros where the file is gone or shorter."""
        found = b""
        try:
            with self._path(self._blobs[span.place].sha256).open("rb", buffering=0) as file:
                found = os.pread(file.fileno(), length, span.start)
        except OSError:
            pass
        return found.ljust(length, b"\0")


def _size(path: Path) -> int:
    try:
        return path.stat(follow_symlinks=False).st_size
    except OSError:
        return -1
