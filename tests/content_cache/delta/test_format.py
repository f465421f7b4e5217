"""The bytes of a delta: what is written is read back, and what nobody would write is refused with a sentence."""

from __future__ import annotations

import struct

import msgspec
import pytest
import zstandard

from content_cache.delta.format import (
    MAX_FRAME,
    MAX_INDEX,
    Columns,
    Frame,
    Made,
    Span,
    Writer,
    head_of,
    read_delta,
    unpack,
)
from content_cache.delta.frames import pack
from content_cache.errors import BadDelta


def reader(data: bytes):
    return lambda start, length: data[start : start + length]


def index(*sections: object) -> bytes:
    packed = zstandard.compress(msgspec.msgpack.encode(sections))
    return b"VHD1" + struct.pack("<I", len(packed)) + packed


def test_frames_and_files_come_back_as_they_were_noted() -> None:
    writer = Writer()
    writer.frame(40, 1000, [Span(7), Span(3, 10, 20)])
    writer.frame(50, 2000, [])
    writer.frame(60, 3000, [Span(4), Span(4, 5, 6)])
    writer.file(5)
    writer.file(2, [100, Span(9, 100, 50), 7, Span(9, 157, 1), Span(1, 0, 3)])
    writer.file(6, [])
    head = head_of(Columns([], []), writer.columns)
    section = read_delta(reader(head)).files
    at = len(head)
    assert list(section.frames()) == [
        Frame(at, 40, 0, 1000, (Span(7), Span(3, 10, 20))),
        Frame(at + 40, 50, 1000, 2000, ()),
        Frame(at + 90, 60, 3000, 3000, (Span(4), Span(4, 5, 6))),
    ]
    assert list(section.made()) == [
        Made(5, None),
        Made(2, (100, Span(9, 100, 50), 7, Span(9, 157, 1), Span(1, 0, 3))),
        Made(6, ()),
    ]
    assert (section.packed, section.size, section.count, section.end) == (150, 6000, 3, at + 150)


def test_frames_taken_back_leave_no_trace() -> None:
    writer, other = Writer(), Writer()
    for one in (writer, other):
        one.frame(40, 1000, [Span(7)])
    writer.frame(50, 1000, [Span(9), Span(2, 5, 5)])
    writer.forget(1)
    for one in (writer, other):
        one.frame(60, 1000, [Span(8)])
    assert writer.columns == other.columns


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"VHD1",
        b"VHD2\x01\0\0\0x",
        b"VHD1\0\0\0\0",
        b"VHD1\xff\xff\xff\xff",
        b"VHD1\x10\0\0\0not a frame of zstd",
        index(),
        index([[], []]),
        index([[], []], [[], []], [[], []]),
        index([[], []], [[[0, 1, []]], []]),
        index([[], []], [[[1, MAX_FRAME + 1, []]], []]),
        index([[], []], [[[1, -1, []]], []]),
        index([[], []], [[[1, 1, [[1, 2]]]], []]),
        index([[], []], [[[1, 1, [[1, 2, -3]]]], []]),
        index([[], []], [[[1, 1, [2**63]]], []]),
        index([[], []], [[], [[]]]),
        index([[], []], [[], [[[1, 2, 3], 4]]]),
        index([[], []], [[], [[1, -4]]]),
        index([[], []], [[], [[1, [2**50, 1, 1]]]]),
        index([[], []], [[], ["1"]]),
        index([[], []], [[], [1.5]]),
        b"VHD1" + struct.pack("<I", 40) + zstandard.compress(bytes(MAX_INDEX + 1))[:40].ljust(40, b"\0"),
        index(bytes(MAX_INDEX)),
    ],
)
def test_what_is_no_index_is_refused(data: bytes) -> None:
    with pytest.raises(BadDelta, match=r"fetch the files themselves"):
        read_delta(reader(data))


def test_an_index_beyond_its_limit_is_not_written() -> None:
    with pytest.raises(BadDelta, match="no room in its index"):
        head_of(Columns([], []), Columns([], [1] * (MAX_INDEX + 1)))


def test_a_frame_gives_what_went_in_with_its_base_alone() -> None:
    base, data = bytes(range(256)) * 40, bytes(range(256)) * 41
    packed = pack(data, base)
    assert len(packed) < 60
    assert unpack(packed, len(data), base) == data
    with pytest.raises(BadDelta):
        unpack(packed, len(data))


@pytest.mark.parametrize("base", [b"", b"nothing alike"])
def test_an_empty_file_is_a_frame_as_well(base: bytes) -> None:
    assert unpack(pack(b"", base), 0, base) == b""


def test_a_frame_never_gives_more_than_it_may() -> None:
    bomb = zstandard.compress(bytes(2**28))
    with pytest.raises(BadDelta, match="more than 4096"):
        unpack(bomb, 4096)


def test_a_frame_that_does_not_say_its_size_is_refused() -> None:
    silent = zstandard.ZstdCompressor(write_content_size=False).compress(b"abc" * 100)
    with pytest.raises(BadDelta):
        unpack(silent, 2**20)


def test_bytes_behind_a_frame_are_refused() -> None:
    with pytest.raises(BadDelta):
        unpack(zstandard.compress(b"abc") + b"more", 100)


def test_a_frame_cut_short_is_refused() -> None:
    packed = pack(bytes(range(256)) * 20)
    for length in range(len(packed)):
        with pytest.raises(BadDelta):
            unpack(packed[:length], 2**20)
