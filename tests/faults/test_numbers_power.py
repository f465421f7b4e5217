"""The plug pulled, and `kill -9`, at each step that a hub takes on its disk while it tells head office what it counted.

Each step that a real process takes is a state of its disk. From each the hub comes up again, as web and worker do, and
tells the rest; then head office, a process as well, shows what was recorded, each day once, and no epoch has begun that
nothing called for. Some of the states are tried in `make test`, all in `make test-long`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.disks import need
from tests.faults.programs import Programs
from tests.faults.reporting import Box, Village, carried, cuts, epochs, files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTHING = {"sealed": 0, "acknowledged": 0, "refused": 0}


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    need("strace", "mkfs.ext4", "fsfreeze")
    with Programs() as running:
        yield running


@pytest.fixture
def village(tmp_path: Path, programs: Programs, free_port: int) -> Village:
    return Village(tmp_path, programs, free_port)


def tell_all(box: Box, times: int = 1) -> None:
    """By the line, so many times; then there is nothing more to tell."""
    for _ in range(times):
        box.hub("uplink", "send", "--json")
    assert box.hub("uplink", "send", "--json") == NOTHING


def assert_sound(box: Box, village: Village, epochs_began: int, kept: set[str]) -> None:
    assert box.shown() == village.truth
    assert epochs(box.data) == epochs_began
    assert files(box.data) == kept
    assert box.hub("uplink", "status", "--json")["pending"] == 0


@cuts(power=11, kill=53)
def test_a_hub_cut_off_while_it_sends_tells_each_day_once(village: Village, how: str, every: int) -> None:
    with village.living():
        village.tell_it(daily_mb="7")
        left = village.cut_off(how, every, "uplink", "send", "--json")
        kept = files(village.data)
    for one in left:
        with village.found(one) as box:
            tell_all(box)
            assert_sound(box, village, 0, kept)
            assert box.hub("uplink", "budget", "--json")["rules"]["daily"] == 7_000_000
            assert box.runs() == 1


@cuts(kill=53)
def test_a_copied_hub_cut_off_at_its_start_begins_one_epoch_alone(village: Village, how: str, every: int) -> None:
    with village.living():
        village.seal()  # what was not sealed by then is the other box's to tell
        village.move_to("copy")
        village.use(1)
        left = village.cut_off(how, every, "uplink", "send", "--json")
        kept = files(village.data)
    for one in left:
        with village.found(one) as box:
            tell_all(box)
            assert_sound(box, village, 1, kept)


@cuts(power=11)
def test_a_hub_cut_off_while_it_gives_way_begins_one_epoch_alone(village: Village, how: str, every: int) -> None:
    """Its disk was put back to a state before head office was told of two days; another is used after that."""
    with village.living():
        before = village.image("before.img")
        assert village.hub("uplink", "send", "--json").code == 0
        with village.with_disk(before):
            village.use(1)
            left = village.cut_off(how, every, "uplink", "send", "--json")
            assert village.hub("uplink", "send", "--json").code == 0
            kept = files(village.data)
            assert epochs(village.data) == 1
    for one in left:
        with village.found(one) as box:
            tell_all(box, 2)  # what it gave way with is sealed anew
            assert_sound(box, village, 1, kept)


@cuts(kill=53)
def test_a_hub_cut_off_while_it_writes_a_file_to_carry_writes_it_later(village: Village, how: str, every: int) -> None:
    with village.living():
        left = village.cut_off(how, every, "carry", "export", str(village.folder / "out.vhub"))
        kept = files(village.data)
    for one in left:
        with village.found(one) as box:
            assert box.bring()["days"] >= 2
            assert box.bring()["days"] == 0
            assert_sound(box, village, 0, kept)


@cuts(power=11)
def test_a_hub_cut_off_while_it_takes_a_reply_in_takes_it_in_later(village: Village, how: str, every: int) -> None:
    file = village.folder / "reply.vhub"
    with village.living():
        village.tell_it(daily_mb="7")
        assert village.hub("carry", "export", str(file)).code == 0
        file.write_bytes(carried(village.address, file))
        left = village.cut_off(how, every, "carry", "import", str(file))
        kept = files(village.data)
    for one in left:
        with village.found(one) as box:
            box.hub("carry", "import", str(file), "--json")
            assert box.bring()["undated"] == 1, "from the reply the hub learnt that head office reads such parts"
            assert_sound(box, village, 0, kept)
            assert box.hub("uplink", "budget", "--json")["rules"]["daily"] == 7_000_000
