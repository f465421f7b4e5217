"""Deltas that are damaged, or made to do harm: nothing wrong is ever put away, and memory and time have their bounds."""

from __future__ import annotations

import contextlib
import random
import struct
from typing import TYPE_CHECKING

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache.delta.format import HEAD, MAX_BASE, MAX_FRAME, Columns, Span, Writer, head_of, read_delta
from content_cache.delta.frames import pack
from content_cache.delta.release import write_delta
from content_cache.errors import BadDelta, ContentError
from tests.simulators.deltas import Hub, Releases

if TYPE_CHECKING:
    from pathlib import Path

    from content_cache.delta.format import Reader

FILM = random.Random(1).randbytes(1_200_000)
OLD = {"a.html": b"<p>one and two and three</p>" * 20, "b.html": b"<p>four and five</p>" * 30, "film.mp4": FILM}
NEW = {
    "a.html": OLD["a.html"] + b"<p>six</p>",
    "b.html": b"<p>seven</p>" + OLD["b.html"],
    "c.txt": b"new and short",
    "film.mp4": b"moved" + FILM[:600_000] + b"-" + FILM[600_000:],
}


class Trial:
    """A hub with a release, and the true delta to the next; each trial begins anew from there."""

    def __init__(self, folder: Path) -> None:
        releases = Releases(folder / "repository")
        self.old, self.new = releases.release({"c": OLD}), releases.release({"c": NEW})
        self.whole = (releases.root / write_delta(releases.repository, self.old, self.new).path).read_bytes()
        self.hub = Hub(folder / "hub")
        self.hub.stock(releases.repository, self.old)
        other = Hub(folder / "other")
        other.stock(releases.repository, self.new)
        self.right = {blob.sha256: other.store.path(blob.sha256).read_bytes() for blob in other.blobs(self.new)}
        self._records = {path.name for path in self.hub.record("x").parent.iterdir()}
        self._blobs = {blob.sha256 for blob in self.hub.store}
        self.kept = {kept: other.record(kept).read_bytes() for kept in self._names(other)}
        self.news = other.blobs(self.new)

    def _names(self, hub: Hub) -> list[str]:
        return [path.name for path in hub.record("x").parent.iterdir()]

    def take(self, data: bytes) -> None:
        """Take in whatever the bytes say; ContentErrors are answers as well."""

        def read(start: int, length: int) -> bytes:
            return data[start : start + length]

        with contextlib.suppress(ContentError):
            self.hub.take_records(read, self.old, self.new)
        with contextlib.suppress(ContentError):
            self.take_files(read)

    def take_files(self, read: Reader) -> object:
        section = read_delta(read).files
        return self.hub.make(section, read, self.hub.blobs(self.old), self.news)

    def check_and_undo(self) -> None:
        """Whatever came is right, byte by byte; then it goes."""
        for blob in list(self.hub.store):
            if blob.sha256 not in self._blobs:
                path = self.hub.store.path(blob.sha256)
                assert path.read_bytes() == self.right[blob.sha256]
                path.unlink()
        for name in self._names(self.hub):
            if name not in self._records and name != "incoming":
                assert self.hub.record(name).read_bytes() == self.kept[name]
                self.hub.record(name).unlink()


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial(tmp_path_factory.mktemp("garbage"))


def test_the_true_delta_makes_everything(trial: Trial) -> None:
    trial.take(trial.whole)
    assert trial.hub.missing(trial.new) == []
    trial.check_and_undo()


flips = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2**16), st.integers(1, 255)), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(flips, st.integers(0, 2**16), st.booleans())
def test_a_damaged_delta_never_makes_a_wrong_byte(
    trial: Trial, changes: list[tuple[int, int, int]], cut: int, is_cut: bool
) -> None:
    data = bytearray(trial.whole)
    for _, place, by in changes:
        data[place % len(data)] ^= by
    trial.take(bytes(data[: cut % len(data)] if is_cut else data))
    trial.check_and_undo()


numbers = st.integers(-3, 6) | st.integers(-(2**63), 2**64 - 1)
spans = st.lists(numbers | st.lists(numbers, min_size=2, max_size=4), max_size=4)
sections = st.tuples(
    st.lists(st.tuples(numbers, numbers, spans), max_size=4),
    st.lists(numbers | st.lists(numbers | st.lists(numbers, max_size=4), max_size=5), max_size=5),
)


@settings(max_examples=300, deadline=None)
@given(st.tuples(sections, sections))
def test_an_index_of_any_numbers_never_makes_a_wrong_byte(trial: Trial, index: object) -> None:
    packed = zstandard.compress(msgspec.msgpack.encode(index))
    trial.take(HEAD.pack(b"VHD1", len(packed)) + packed + trial.whole[-500:])
    trial.check_and_undo()


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=3)
    | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(anything | st.tuples(anything, anything))
def test_an_index_of_anything_is_refused_with_a_sentence(index: object) -> None:
    packed = zstandard.compress(msgspec.msgpack.encode(index))
    data = HEAD.pack(b"VHD1", len(packed)) + packed
    with contextlib.suppress(BadDelta):
        delta = read_delta(lambda start, length: data[start : start + length])
        assert list(delta.files.made()) is not None


def made_of(*frames: tuple[bytes, int, list[Span]], parts: list[int | Span] | None, place: int = 0) -> bytes:
    """A delta of these frames that makes one file."""
    writer = Writer()
    for packed, size, base in frames:
        writer.frame(len(packed), size, base)
    writer.file(place, parts)
    return head_of(Columns([], []), writer.columns) + b"".join(frame[0] for frame in frames)


def fails(trial: Trial, data: bytes) -> None:
    done = trial.take_files(lambda start, length: data[start : start + length])
    assert (done.made, done.failed) == (0, (0,))
    assert list((trial.hub.store.folder / "incoming").iterdir()) == []


def test_a_frame_that_unpacks_to_more_than_it_says_is_a_bomb(trial: Trial) -> None:
    fails(trial, made_of((zstandard.compress(bytes(2**29)), MAX_FRAME, []), parts=[len(NEW["a.html"])]))


def test_a_frame_may_not_lean_on_all_there_is(trial: Trial) -> None:
    size = len(NEW["a.html"])
    base = [Span(2)] * (MAX_BASE // len(FILM) + 1)
    fails(trial, made_of((pack(NEW["a.html"]), size, base), parts=[size]))


def test_many_frames_may_not_read_the_disk_for_nothing(trial: Trial) -> None:
    frames = [(pack(b"x"), 1, [Span(2)] * 5) for _ in range(200)]
    asked = []
    data = made_of(*frames, parts=[1] * 200)

    def read(start: int, length: int) -> bytes:
        asked.append(start)
        return data[start : start + length]

    trial.take_files(read)
    assert len(asked) < 20


def test_a_file_put_together_of_copies_does_not_grow_without_end(trial: Trial) -> None:
    fails(trial, made_of(parts=[Span(2, 0, len(FILM))] * 1000))


@pytest.mark.parametrize("span", [Span(2, -1, 5), Span(2, 0, len(FILM) + 1), Span(2, len(FILM), 1), Span(9), Span(-2)])
def test_spans_lie_inside_their_files(trial: Trial, span: Span) -> None:
    if span.start >= 0 and span.place >= 0:
        fails(trial, made_of((pack(b"x"), 1, [span]), parts=[1]))
    fails(trial, made_of(parts=[span._replace(length=max(span.length, 1))]))


def test_bytes_that_no_frame_gives_are_missed(trial: Trial) -> None:
    fails(trial, made_of(parts=[10**12]))
    fails(trial, made_of((pack(b""), 0, []), parts=[1]))


def test_files_that_the_release_does_not_name_are_passed_over(trial: Trial) -> None:
    data = made_of((pack(b"x"), 1, []), parts=[1], place=10**9)
    done = trial.take_files(lambda start, length: data[start : start + length])
    assert (done.made, done.failed) == (0, (10**9,))


def test_the_largest_index_that_is_read_takes_little_memory() -> None:
    packed = zstandard.compress(msgspec.msgpack.encode([[[], []], [[], [[]] * 500_000]]))
    data = b"VHD1" + struct.pack("<I", len(packed)) + packed
    with pytest.raises(BadDelta):
        read_delta(lambda start, length: data[start : start + length])
