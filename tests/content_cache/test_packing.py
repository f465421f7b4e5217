from __future__ import annotations

import io
import os
import random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache.errors import DamagedBlob
from content_cache.packing import MAX_WINDOW, Unpacking, is_promising, packed_bytes, pays, unpacked

WORDS = "".join(f"Un precio justo cubre {number} costos.\n" for number in range(3000)).encode()


def opened(frame: bytes, size: int) -> bytes:
    return b"".join(unpacked(io.BytesIO(frame), size))


@settings(max_examples=60)
@given(st.binary(max_size=2000), st.integers(1, 200))
def test_what_is_packed_comes_out_as_it_went_in(data, times):
    frame = packed_bytes(data * times)
    if frame is not None:
        assert pays(len(data) * times, len(frame))
        assert opened(frame, len(data) * times) == data * times


def test_the_same_bytes_give_the_same_frame():
    assert packed_bytes(WORDS) == packed_bytes(bytes(bytearray(WORDS)))


def test_a_file_that_would_not_be_a_tenth_smaller_is_left_as_it_is():
    assert packed_bytes(os.urandom(5000)) is None
    assert packed_bytes(b"corto") is None
    assert not pays(1000, 901)
    assert pays(1000, 900)
    assert not pays(100, 37)


def test_media_is_found_out_by_a_sample_and_never_packed_at_full_cost():
    noise = random.Random(1).randbytes(2**20)
    assert not is_promising(io.BytesIO(noise), len(noise))
    film = b"\0\0\4\xa1" * 20_000 + noise + b"\0\0\4\xa1" * 20_000
    assert not is_promising(io.BytesIO(film), len(film)), "a film has tables at an end, and they alone would pack"
    mixed = noise + b"texto " * 200_000
    assert is_promising(io.BytesIO(mixed), len(mixed))


def test_a_frame_gives_no_byte_more_than_it_was_said_to_hold():
    bomb = zstandard.compress(bytes(50 * 2**20))
    given_out = []
    with pytest.raises(DamagedBlob, match="holds more than the 1000 bytes"):
        given_out.extend(unpacked(io.BytesIO(bomb), 1000))
    assert sum(len(piece) for piece in given_out) <= 1000


def test_a_frame_that_holds_less_or_is_cut_off_is_damaged():
    frame = packed_bytes(WORDS)
    for cut in (1, 4, 20, len(frame) // 2, len(frame) - 1):
        with pytest.raises(DamagedBlob, match=r"opened|holds less"):
            opened(frame[:cut], len(WORDS))
    with pytest.raises(DamagedBlob, match="holds less"):
        opened(frame, len(WORDS) + 1)


def test_a_frame_that_would_need_much_memory_is_refused():
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    greedy = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = greedy.compress(WORDS) + greedy.flush()
    with pytest.raises(DamagedBlob, match="cannot be opened"):
        opened(frame, len(WORDS))
    assert zstandard.get_frame_parameters(packed_bytes(WORDS * 100)).window_size <= MAX_WINDOW


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_anything_but_a_frame_is_damaged(data):
    with pytest.raises(DamagedBlob):
        opened(data, 10_000)


def test_an_open_frame_reads_like_a_file():
    frame = io.BufferedReader(Unpacking(io.BytesIO(packed_bytes(WORDS)), len(WORDS)))
    assert frame.readline() == b"Un precio justo cubre 0 costos.\n"
    assert frame.read() == WORDS.partition(b"\n")[2]
