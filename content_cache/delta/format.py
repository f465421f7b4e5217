"""The form of a delta and of a bundle: how their bytes lie, and the limits on what comes from outside.

docs/formats/delta.md says it byte by byte. A delta has two sections: records (the new catalogue, manifests, trees) and
files. A section is frames and files. The frames, each a zstd frame of its own that may lean on parts of old files,
unpack into one long stream; each file is made, in order, by taking from that stream and by copying from old files. Old
and new files are named by their places in two ordered lists that both sides know, so that no hash travels twice.

    delta = read_delta(reader_of(path))          # raises BadDelta
    for frame in delta.files.frames():           # Frame(at=412, packed=48, first=0, size=116_441, base=(Span(7),))
    for made in delta.files.made():              # Made(place=7, parts=None): all its bytes come from the stream

Everything here is pure but `reader_of`. The columns stay as they came (lists of small integers), and frames and files
are made of them one by one, so that an index of many files takes little memory.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import msgspec
import zstandard
from msgspec import Meta

from content_cache.errors import BadDelta, unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    # Bytes of a delta from a start on, as many as asked for, or fewer where there are no more.
    Reader = Callable[[int, int], bytes]

MAGIC = b"VHD1"
HEAD = struct.Struct("<4sI")
MAX_INDEX = 2**19  # as it travels, and unpacked: room for 150,000 changed files; one byte may become 64 of memory
MAX_FRAME = 4 * 2**20  # what a frame unpacks to
MAX_BASE = 6 * 2**20  # what a frame leans on
MAX_PACKED = MAX_FRAME + 2**16  # zstd's own bound for what cannot be packed is far below
MAX_COUNT = 500_000
LARGEST = 2**48  # no file has so many bytes
ALL = -1  # the length of a span that goes to the end of its file
BROKEN = "fetch the files themselves, or copy the repository again."

# A whole old file is one integer: its place, counted from the one named before. A part is three: place, start, length.
# (msgspec 0.22 crashes on unions of tuples and integers that have limits, so these are looked at by `_refuse_odd`.)
_Spans = list[int | list[int]]
_Frame = tuple[
    Annotated[int, Meta(ge=1, le=MAX_PACKED)],
    Annotated[int, Meta(ge=0, le=MAX_FRAME)],
    Annotated[_Spans, Meta(max_length=MAX_COUNT)],
]


class Span(NamedTuple):
    """A part of the file at `place`, or all of it."""

    place: int
    start: int = 0
    length: int = ALL


class Frame(NamedTuple):
    """`packed` bytes of the delta from `at` on, which unpack to `size` bytes of the stream from `first` on."""

    at: int
    packed: int
    first: int
    size: int
    base: tuple[Span, ...]


class Made(NamedTuple):
    """How the new file at `place` is made: numbers take so many bytes from the stream, spans copy from old files.

    `parts` is None if the whole file is the next of the stream.
    """

    place: int
    parts: tuple[int | Span, ...] | None


class Columns(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A section as it travels."""

    frames: Annotated[list[_Frame], Meta(max_length=MAX_COUNT)]
    files: Annotated[list[int | _Spans], Meta(max_length=MAX_COUNT)]


class _Index(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    records: Columns
    files: Columns


class Section:
    """Frames and files of a delta; `at` is where the first frame lies."""

    def __init__(self, columns: Columns, at: int) -> None:
        self._columns, self._at = columns, at
        self.packed = sum(frame[0] for frame in columns.frames)
        self.size = sum(frame[1] for frame in columns.frames)
        self.count = len(columns.files)

    @property
    def end(self) -> int:
        return self._at + self.packed

    def frames(self) -> Iterator[Frame]:
        """Every frame in order."""
        at, first, place = self._at, 0, -1
        for packed, size, steps in self._columns.frames:
            base = []
            for step in steps:
                base.append(span := Span(place + step) if isinstance(step, int) else _span(step, place))
                place = span.place
            yield Frame(at, packed, first, size, tuple(base))
            at, first = at + packed, first + size

    def made(self) -> Iterator[Made]:
        """Every file in order."""
        place, old = -1, -1
        for one in self._columns.files:
            if isinstance(one, int):
                place += one
                yield Made(place, None)
                continue
            place += cast("int", one[0])
            parts, old = _parts(one, old)
            yield Made(place, parts)


def _parts(steps: _Spans, old: int) -> tuple[tuple[int | Span, ...], int]:
    """The parts of a file, and the last place they copy from. A copy says how far on it starts than the last did.

    What is edited in the middle stays where it was, or all that follows moves by as much: mostly that is 0.
    """
    parts: list[int | Span] = []
    at = shift = 0
    for step in steps[1:]:
        if isinstance(step, int):
            parts.append(step)
            at += step
        else:
            old, shift = old + step[0], shift + step[1]
            parts.append(Span(old, at + shift, step[2]))
            at += step[2]
    return tuple(parts), old


def _span(step: list[int], place: int) -> Span:
    return Span(place + step[0], step[1], step[2])


def _refuse_odd(columns: Columns) -> None:
    """Refuse what msgspec lets through: parts that are no three numbers, and numbers that no file has."""
    for *_, steps in columns.frames:
        _refuse_odd_parts(steps, least=-LARGEST)
    for one in columns.files:
        if isinstance(one, list):
            if not one or not isinstance(one[0], int):
                raise BadDelta(f"The index of a delta makes a file without a place; {BROKEN}")
            _refuse_odd_parts(one[1:], least=0)


def _refuse_odd_parts(steps: _Spans, least: int) -> None:
    """A single number is at least `least`; of three, the last is a length."""
    for step in steps:
        numbers = [step] if isinstance(step, int) else step
        right = step >= least if isinstance(step, int) else len(step) == 3 and step[2] >= 0
        if not right or not -LARGEST < min(numbers) <= max(numbers) < LARGEST:
            raise BadDelta(f"The index of a delta names bytes that no file has; {BROKEN}")


class Delta:
    """The index of a delta or a bundle; `size` is how many bytes the whole has."""

    def __init__(self, index: _Index, start: int) -> None:
        self.start = start
        self.records = Section(index.records, start)
        self.files = Section(index.files, self.records.end)
        self.size = self.files.end


class Writer:
    """Collects the columns of a section while it is made."""

    def __init__(self) -> None:
        self.columns = Columns([], [])
        self._base = self._place = self._old = -1

    def frame(self, packed: int, size: int, base: Iterable[Span]) -> None:
        """Note a frame; its bytes are kept by the caller, in the same order."""
        steps: _Spans = []
        for span in base:
            step = span.place - self._base
            steps.append(step if span.length == ALL else [step, span.start, span.length])
            self._base = span.place
        self.columns.frames.append((packed, size, steps))

    def forget(self, frames: int) -> None:
        """Take back the frames after the first so many, that no file is made of."""
        for _, _, steps in self.columns.frames[frames:]:
            self._base -= sum(step if isinstance(step, int) else step[0] for step in steps)
        del self.columns.frames[frames:]

    def file(self, place: int, parts: Iterable[int | Span] | None = None) -> None:
        """Note a file; they stand in the order in which they take from the stream."""
        step, self._place = place - self._place, place
        if parts is None:
            self.columns.files.append(step)
            return
        steps: _Spans = [step]
        at = shift = 0
        for part in parts:
            if isinstance(part, Span):
                steps.append([part.place - self._old, part.start - at - shift, part.length])
                self._old, shift = part.place, part.start - at
            else:
                steps.append(part)
            at += part.length if isinstance(part, Span) else part
        self.columns.files.append(steps)


def head_of(records: Columns, files: Columns) -> bytes:
    """What stands before the frames; raises BadDelta if the index is over its limits."""
    text = msgspec.msgpack.encode(_Index(records, files))
    packed = zstandard.ZstdCompressor(level=19).compress(text)
    if max(len(text), len(packed)) > MAX_INDEX:
        raise BadDelta(f"A delta of so many files has no room in its index; {BROKEN}")
    return HEAD.pack(MAGIC, len(packed)) + packed


def read_delta(read: Reader) -> Delta:
    """The index of a delta or a bundle, checked against the limits; raises BadDelta."""
    head = read(0, HEAD.size)
    if len(head) < HEAD.size or (fields := HEAD.unpack(head))[0] != MAGIC:
        raise BadDelta(f"These bytes are no delta; {BROKEN}")
    if not 0 < (length := fields[1]) <= MAX_INDEX:
        raise BadDelta(f"The index of a delta is said to have {length} bytes; {BROKEN}")
    packed = read(HEAD.size, length)
    try:
        index = msgspec.msgpack.decode(unpack(packed, MAX_INDEX), type=_Index)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadDelta(f"The index of a delta cannot be read ({error}); {BROKEN}") from None
    _refuse_odd(index.records)
    _refuse_odd(index.files)
    return Delta(index, HEAD.size + length)


def unpack(packed: bytes, limit: int, base: bytes | bytearray = b"") -> bytes:
    """One zstd frame that says how much it unpacks to, at most `limit`; raises BadDelta."""
    try:
        size = zstandard.get_frame_parameters(packed).content_size
        if size > limit:
            raise BadDelta(f"A frame of a delta would unpack to more than {limit} bytes; {BROKEN}")
        known = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if base else None
        text = zstandard.ZstdDecompressor(dict_data=known).decompress(packed, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise BadDelta(f"A frame of a delta is damaged ({error}); {BROKEN}") from None
    if len(text) != size:
        raise BadDelta(f"A frame of a delta has another length than it says; {BROKEN}")
    return text


def reader_of(path: Path) -> Reader:
    """Reads a delta that lies at `path`; keeps the file open as long as the reader lives."""
    file = path.open("rb", buffering=0)

    def read(start: int, length: int) -> bytes:
        try:
            return os.pread(file.fileno(), length, start)
        except OSError as error:
            raise unusable(error) from None

    return read
