"""The test of the card: counterfeit, worn and slow ones show, sound ones pass, and nothing is left behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.box.blocks import BLOCK, FEW, PIECE, SHORTEST, Blocks, Extent, judge, plan
from hub.box.card import COMMITS, Findings, run
from hub.box.freespace import MARGIN, NAME, FreeSpace
from hub.errors import NoSpace
from tests.faults.disks import disk_image, mounted
from tests.simulators.lying_card import lying_card

if TYPE_CHECKING:
    from pathlib import Path

MB = 2**20


class Surface:
    """A card in memory that was given these extents; `holds` bytes of it are there, the rest wraps or drops."""

    def __init__(self, extents: list[Extent], holds: int | None = None, *, kind: str = "wraps") -> None:
        self.extents, self.holds, self.kind, self.spans = extents, holds, kind, True
        self.size = sum(extent.size for extent in extents)
        self.blocks: dict[int, bytes] = {}
        self.seconds = {"write": 0.0, "flush": 0.0, "read": 0.0}
        self.now = 0.0
        self.fails_from = -1

    def _place(self, at: int) -> int | None:
        extent = next(one for one in self.extents if one.at <= at < one.at + one.size)
        place = extent.place + at - extent.at
        if self.holds is None or place < self.holds:
            return place
        return place % self.holds if self.kind == "wraps" else None

    def write(self, at: int, data: bytes) -> None:
        self.now += self.seconds["write"] * len(data) / MB
        for i in range(0, len(data), BLOCK):
            place = self._place(at + i)
            if place is not None:
                self.blocks[place] = data[i : i + BLOCK]

    def flush(self) -> None:
        self.now += self.seconds["flush"]

    def forget(self) -> None:
        pass

    def read(self, at: int, size: int) -> bytes:
        self.now += self.seconds["read"] * size / MB
        if 0 <= self.fails_from <= at:
            raise OSError(errno.EIO, "cannot be read")
        places = [self._place(at + i) for i in range(0, size, BLOCK)]
        return b"".join(bytes(BLOCK) if place is None else self.blocks.get(place, bytes(BLOCK)) for place in places)


def examine(surface: Surface) -> Findings:
    return run(surface, lambda _done, _total: None, timer=lambda: surface.now)


LAYOUTS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 200)), min_size=1, max_size=8)


def layout(gaps_and_sizes: list[tuple[int, int]]) -> list[Extent]:
    """Extents with gaps before them, in MiB; the file has them in another order than the device."""
    at, place, found = 0, 5 * MB, []
    for gap, size in gaps_and_sizes:
        place += gap * MB
        found.append(Extent(at, place, size * MB))
        at, place = at + size * MB, place + size * MB
    return found


@given(LAYOUTS, st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_the_real_size_a_card_that_wraps_is_found_out(
    gaps_and_sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    extents = layout(gaps_and_sizes)
    planned = plan(extents)
    if not planned.ruler or not planned.marks:
        return
    ends = Surface(extents)._place(max(planned.ruler)) + PIECE
    last = max(Surface(extents)._place(at) for at in planned.marks)
    first = Surface(extents)._place(min(planned.ruler))
    if last - first <= ends:
        return
    # What lies beyond is at least one whole ruler, without a gap in it that is none of ours.
    holds = data.draw(st.integers(ends // BLOCK, (last - first) // BLOCK)) * BLOCK
    inside = any(e.place <= holds + first and holds + ends <= e.place + e.size for e in extents)
    found = examine(Surface(extents, holds))
    if inside and len(planned.ruler) * PIECE == ends - first:
        assert found.fails == "lies"
        assert found.real % holds == 0


@given(st.integers(40, 1000), st.integers(30, 95))
@settings(max_examples=20, deadline=None)
def test_a_card_that_drops_what_lies_beyond_its_end_is_found_out(megabytes: int, percent: int) -> None:
    holds = max(megabytes * percent // 100, 24) * MB
    found = examine(Surface([Extent(0, 0, megabytes * MB)], holds, kind="drops"))
    assert found.wrong > 0
    assert found.fails in {"lies", "wrong"}
    if found.fails == "lies":
        assert holds <= found.real < holds + 16 * MB


@given(LAYOUTS)
@settings(max_examples=40, deadline=None)
def test_a_true_card_passes_however_its_free_space_lies(gaps_and_sizes: list[tuple[int, int]]) -> None:
    extents = layout(gaps_and_sizes)
    if plan(extents).ruler:
        assert examine(Surface(extents)).fails == ""


@given(LAYOUTS)
@settings(max_examples=60, deadline=None)
def test_a_plan_stays_within_the_file_and_reaches_both_ends(gaps_and_sizes: list[tuple[int, int]]) -> None:
    extents = layout(gaps_and_sizes)
    planned, size = plan(extents), sum(extent.size for extent in extents)
    places = [*range(0)]
    for at in planned.ruler:
        assert at % BLOCK == 0
        places += range(at, at + PIECE, BLOCK)
    assert len(set(places + planned.marks)) == len(places) + len(planned.marks), "no block is written twice"
    assert all(0 <= at <= size - BLOCK for at in places + planned.marks)
    if planned.ruler and planned.marks:
        assert max(places + planned.marks) >= size - PIECE


def test_a_block_that_lost_one_bit_is_none_of_ours_at_its_place() -> None:
    blocks = Blocks(b"n" * 16)
    block = bytearray(blocks.make(8192))
    assert blocks.read(8192, bytes(block)) == 8192
    assert blocks.read(4096, bytes(block)) == 8192
    block[30] ^= 1
    assert blocks.read(8192, bytes(block)) is None
    assert Blocks().read(8192, blocks.make(8192)) is None, "a block of the test before"


def test_a_few_worn_places_are_no_lie_about_the_size() -> None:
    extents = [Extent(0, 0, 64 * MB)]
    found = [(at, at) for at in range(0, 64 * MB, MB)]
    found[10] = (10 * MB, None)
    assert judge(found, extents).real is None
    assert judge(found, extents).lost == 1
    end = [(at, at if at < 60 * MB else None) for at in range(0, 64 * MB, MB)]
    assert judge(end, extents).real == 60 * MB
    assert judge(end[: 60 + FEW - 1], extents).real is None


def test_a_place_that_cannot_be_read_is_wrong_and_no_error() -> None:
    surface = Surface([Extent(0, 0, 64 * MB)])
    surface.fails_from = 60 * MB
    assert examine(surface).wrong > 0


@pytest.mark.parametrize(
    ("seconds", "fails"),
    [
        ({"write": 0.02, "read": 0.02, "flush": 0.004}, ""),
        ({"write": 0.2, "read": 0.02, "flush": 0.004}, "slow-write"),
        ({"write": 0.02, "read": 0.3, "flush": 0.004}, "slow-read"),
        ({"write": 0.01, "read": 0.02, "flush": 0.15}, "slow-commit"),
    ],
)
def test_a_slow_card_is_told_by_what_is_slow(seconds: dict[str, float], fails: str) -> None:
    surface = Surface([Extent(0, 0, 2000 * MB)])
    surface.seconds = seconds
    assert examine(surface).fails == fails


def test_a_card_that_is_slow_past_bearing_is_judged_by_what_it_did() -> None:
    surface = Surface([Extent(0, 0, 4000 * MB)])
    surface.seconds = {"write": 30.0, "read": 30.0, "flush": 5.0}
    found = examine(surface)
    assert found.fails == "slow-write"
    assert found.seconds < 3600
    assert found.blocks > 0


def test_progress_rises_to_its_end_and_what_it_raises_ends_the_test() -> None:
    told: list[tuple[int, int]] = []
    run(Surface([Extent(0, 0, 64 * MB)]), lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]

    def stop(done: int, _total: int) -> None:
        if done > 4 * MB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Surface([Extent(0, 0, 64 * MB)]), stop)


def test_a_disk_with_too_little_room_is_not_tested() -> None:
    with pytest.raises(NoSpace):
        examine(Surface([Extent(0, 0, SHORTEST - MB)]))


def test_a_real_disk_is_covered_but_for_what_is_kept(tmp_path: Path) -> None:
    with disk_image(tmp_path, 200) as disk:
        before = os.statvfs(disk.mount).f_bavail
        lowest: list[int] = []

        def look(_done: int, _total: int) -> None:
            free = os.statvfs(disk.mount)
            lowest.append(free.f_bavail * free.f_frsize)

        with FreeSpace(disk.mount, keep=40_000_000) as space:
            assert list(disk.mount.iterdir()) == [disk.mount / "lost+found"]
            found = run(space, look)
            assert space.extents[-1].at + space.extents[-1].size == space.size
        assert found.wrong == 0
        assert found.spanned > 80 * MB
        assert found.blocks > SHORTEST // BLOCK + COMMITS // 8
        assert min(found.write_mb, found.read_mb, found.commit_ms) > 0
        assert min(lowest) >= 40_000_000
        assert os.statvfs(disk.mount).f_bavail == before


def test_no_more_is_taken_than_was_allowed(tmp_path: Path) -> None:
    with FreeSpace(tmp_path, keep=0, most=24 * MB) as space:
        assert space.size == 24 * MB
        assert run(space, lambda _done, _total: None).wrong == 0
    assert list(tmp_path.iterdir()) == []


def test_the_reserve_is_left_alone_when_little_is_free(tmp_path: Path) -> None:
    with disk_image(tmp_path, 40) as disk:
        free = os.statvfs(disk.mount)
        keep = free.f_bavail * free.f_frsize - MARGIN
        with pytest.raises(NoSpace), FreeSpace(disk.mount, keep=keep):
            pytest.fail("it took what is kept for people's answers")
        assert list(disk.mount.iterdir()) == [disk.mount / "lost+found"]


ENDLESS = """
import sys, time
from pathlib import Path
from hub.box.card import run
from hub.box.freespace import FreeSpace
def wait(done, total):
    if done > total // 4:
        print("under way", flush=True)
        time.sleep(600)
with FreeSpace(Path(sys.argv[1]), keep=20_000_000) as space:
    run(space, wait)
"""


def test_a_kill_and_a_power_cut_in_the_middle_leave_nothing(tmp_path: Path) -> None:
    with disk_image(tmp_path, 128) as disk:
        before = os.statvfs(disk.mount).f_bavail
        with subprocess.Popen([sys.executable, "-c", ENDLESS, disk.mount], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"under way\n"
            assert os.statvfs(disk.mount).f_bavail < before / 2
            subprocess.run(["sync", "--file-system", disk.mount], check=True)
            after_cut = disk.cut(tmp_path / "cut.img")
            process.send_signal(signal.SIGKILL)
        assert os.statvfs(disk.mount).f_bavail == before
        with mounted(after_cut, tmp_path / "again") as again:
            assert os.statvfs(again).f_bavail == before
            assert not (again / NAME).exists()


@pytest.mark.parametrize("kind", ["wraps", "drops", "honest"])
def test_a_counterfeit_card_under_a_real_file_system_is_found_out(tmp_path: Path, kind: str) -> None:
    claims, holds = 512 * MB, (512 if kind == "honest" else 200) * MB
    with lying_card(tmp_path, claims=claims, holds=holds, kind="drops" if kind == "drops" else "wraps") as card:
        make = ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=0", card]
        subprocess.run(make, check=True)
        with mounted(card, tmp_path / "mount") as mount, FreeSpace(mount, keep=20_000_000) as space:
            found = run(space, lambda _done, _total: None)
    if kind == "honest":
        assert found.wrong == 0
    else:
        assert found.fails == "lies"
        assert found.real == pytest.approx(holds, abs=16 * MB)
