"""A box that was copied or put back is found out when it starts, and one that was only switched off is not."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from hub.backup import Restored, latest_restored, open_or_restore, snapshot
from hub.cli import hub
from hub.clock import Clock
from hub.db import database
from hub.settings import Settings
from hub.site import this_site
from hub.uplink.seal import roll_up
from hub.whereabouts import COPIED, PUT_BACK, Place, Whereabouts, find_out, judge, step, steps_outside, write_steps
from tests.hub.uplink.conftest import Hub, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HERE = Place("machine", "disk", "file")


def known(place: Place = HERE, steps: int = 7) -> Whereabouts:
    return Whereabouts(**place._asdict(), steps=steps)


class TestJudge:
    """The rule, over plain values."""

    def test_the_first_start_and_a_start_in_the_same_place_are_no_news(self) -> None:
        assert judge(None, HERE, 99) is None
        assert judge(known(), HERE, 7) is None
        assert judge(known(), HERE, None) is None

    def test_a_power_cut_between_database_and_file_leaves_the_database_ahead_which_is_no_news(self) -> None:
        assert judge(known(), HERE, 6) is None

    def test_a_database_behind_its_count_was_put_back_alone(self) -> None:
        assert judge(known(), HERE, 8) == PUT_BACK
        assert judge(known(), HERE._replace(file="another"), 8) == PUT_BACK

    @pytest.mark.parametrize("part", ["file", "disk"])
    def test_another_file_or_another_disk_is_a_copy(self, part: str) -> None:
        assert judge(known(), HERE._replace(**{part: "another"}), 7) == COPIED

    def test_a_card_that_was_moved_into_another_machine_is_the_same_hub(self) -> None:
        assert judge(known(), HERE._replace(machine="another"), 7) is None

    def test_where_no_disk_tells_its_number_the_machine_tells(self) -> None:
        untold = HERE._replace(disk=None)
        assert judge(known(untold), untold._replace(machine="another"), 7) == COPIED
        assert judge(known(), untold._replace(machine="another"), 7) == COPIED
        assert judge(known(untold), untold, 7) is None

    def test_what_one_of_the_two_does_not_tell_says_nothing(self) -> None:
        assert judge(known(Place()), HERE, 7) is None
        assert judge(known(), Place(), 7) is None


class TestFindOut:
    """What a machine tells, read from trees such as the kernel shows."""

    @pytest.fixture
    def database_file(self, tmp_path: Path) -> Path:
        path = tmp_path / "hub.sqlite3"
        path.touch()
        return path

    def block(self, root: Path, database_file: Path, disk: str) -> Path:
        """A partition on `disk`, as the device of the database."""
        number = database_file.stat().st_dev
        partition = root / "sys/devices/soc/block" / disk / f"{disk}p2"
        partition.mkdir(parents=True)
        (partition / "partition").write_text("2\n")
        blocks = root / "sys/dev/block"
        blocks.mkdir(parents=True)
        (blocks / f"{number >> 8 & 0xFFF}:{number & 0xFF | number >> 12 & 0xFFF00}").symlink_to(partition)
        return partition.parent

    def test_a_card_tells_its_number_and_a_board_its_own(self, tmp_path: Path, database_file: Path) -> None:
        (tmp_path / "sys/firmware/devicetree/base").mkdir(parents=True)
        (tmp_path / "sys/firmware/devicetree/base/serial-number").write_bytes(b"10000000abcdef01\0")
        card = self.block(tmp_path, database_file, "mmcblk0")
        (card / "device").mkdir()
        (card / "device/cid").write_text("035344534333324780abcdef01234567\n")
        first = find_out(database_file, tmp_path)
        assert None not in first
        (card / "device/cid").write_text("035344534333324780abcdef01234568\n")
        second = find_out(database_file, tmp_path)
        assert (second.machine, second.file) == (first.machine, first.file)
        assert second.disk != first.disk

    def test_what_is_mapped_onto_one_disk_has_the_number_of_that_disk(
        self, tmp_path: Path, database_file: Path
    ) -> None:
        disk = self.block(tmp_path, database_file, "nvme0n1")
        (disk / "wwid").write_text("eui.0025385b21404321\n")
        plain = find_out(database_file, tmp_path).disk
        mapped = tmp_path / "sys/devices/virtual/block/dm-0"
        (mapped / "slaves").mkdir(parents=True)
        (mapped / "slaves/nvme0n1p2").symlink_to(disk / "nvme0n1p2")
        link = next((tmp_path / "sys/dev/block").iterdir())
        link.unlink()
        link.symlink_to(mapped)
        assert plain is not None
        assert find_out(database_file, tmp_path).disk == plain

    def test_a_machine_without_a_serial_number_goes_by_its_id_and_one_without_anything_tells_nothing(
        self, tmp_path: Path, database_file: Path
    ) -> None:
        assert find_out(database_file, tmp_path)[:2] == (None, None)
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc/machine-id").write_text("\n")
        assert find_out(database_file, tmp_path).machine is None
        (tmp_path / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        assert find_out(database_file, tmp_path).machine is not None

    def test_no_copy_of_a_file_is_that_file_whatever_is_written_to_it(self, tmp_path: Path) -> None:
        one, other = tmp_path / "one", tmp_path / "other"
        one.write_bytes(b"rows")
        shutil.copy2(one, other)
        first = find_out(one).file
        assert first is not None
        assert find_out(other).file != first
        one.write_bytes(b"more rows")
        one.rename(tmp_path / "renamed")
        assert find_out(tmp_path / "renamed").file == first


def start(settings: Settings) -> int:
    """A start of the hub; gives the epoch that runs then."""
    if not database.is_closed():
        database.close()
    open_or_restore(settings, Clock(synchronised=lambda: False))
    return this_site().epoch


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(data=tmp_path / "hub", reserve_mb=0)
    start(settings)
    yield settings
    database.close()


def cp(old: Path, new: Path) -> None:
    subprocess.run(["cp", "-a", old, new], check=True)


def tar(old: Path, new: Path) -> None:
    new.mkdir()
    subprocess.run(f"tar -C '{old}' -c . | tar -C '{new}' -x", shell=True, check=True)


@pytest.mark.parametrize("copy", [cp, tar])
def test_a_folder_that_was_copied_begins_an_epoch_of_its_own_and_the_first_one_goes_on(
    settings: Settings, tmp_path: Path, copy: Callable[[Path, Path], None]
) -> None:
    epoch, hub = this_site().epoch, this_site().hub
    database.close()
    copy(settings.data, tmp_path / "copy")
    other = Settings(data=tmp_path / "copy", reserve_mb=0)
    new = start(other)
    row = latest_restored()
    assert row is not None
    assert (new == epoch, row.reason, this_site().hub) == (False, COPIED, hub)
    assert start(other) == new
    assert start(settings) == epoch
    assert Restored.select().count() == 0


def test_a_folder_that_was_renamed_or_a_box_that_restarts_goes_on(settings: Settings, tmp_path: Path) -> None:
    epoch = this_site().epoch
    assert [start(settings) for _ in range(3)] == [epoch] * 3
    database.close()
    settings.data.rename(tmp_path / "elsewhere")
    assert start(Settings(data=tmp_path / "elsewhere", reserve_mb=0)) == epoch


@pytest.mark.parametrize("over", [True, False], ids=["into the file", "as another file"])
def test_a_database_that_was_put_back_alone_begins_an_epoch_once(
    settings: Settings, tmp_path: Path, *, over: bool
) -> None:
    database.close()
    shutil.copy2(settings.database, tmp_path / "older")
    epoch = start(settings)
    database.close()
    if not over:
        settings.database.unlink()
    shutil.copyfile(tmp_path / "older", settings.database)
    new = start(settings)
    row = latest_restored()
    assert row is not None
    assert (new == epoch, row.reason) == (False, PUT_BACK)
    assert start(settings) == new


def test_a_database_that_was_put_back_while_nothing_was_started_or_sealed_in_between_goes_on(
    settings: Settings, tmp_path: Path
) -> None:
    epoch = this_site().epoch
    database.close()
    shutil.copy2(settings.database, tmp_path / "same")
    shutil.copyfile(tmp_path / "same", settings.database)
    assert start(settings) == epoch


def test_a_sealing_is_a_step_so_a_database_from_before_it_is_found_out(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", Machine())
    database.close()
    shutil.copy2(hub.settings.database, tmp_path / "older")
    open_or_restore(hub.settings, hub.clock)
    shutil.copy2(hub.settings.data / "steps", tmp_path / "steps")
    hub.machine.pass_time(days=1)
    assert len(roll_up(hub.settings, hub.clock, hub.library)) == 1
    assert steps_outside(hub.settings.data) == int((tmp_path / "steps").read_text()) + 1
    database.close()
    shutil.copyfile(tmp_path / "older", hub.settings.database)
    open_or_restore(hub.settings, hub.clock)
    row = latest_restored()
    database.close()
    assert row is not None
    assert row.reason == PUT_BACK


def test_a_snapshot_that_takes_a_damaged_databases_place_begins_one_epoch_and_not_two(settings: Settings) -> None:
    snapshot(settings)
    start(settings)
    database.close()
    settings.database.write_bytes(b"\0" * 4096)
    new = start(settings)
    assert [row.reason for row in Restored.select()] == ["damaged"]
    assert start(settings) == new
    assert Restored.select().count() == 1


def test_a_file_of_steps_that_is_lost_or_spoilt_harms_nothing(settings: Settings) -> None:
    epoch = this_site().epoch
    steps = settings.data / "steps"
    steps.write_text("seven\n")
    assert steps_outside(settings.data) is None
    assert start(settings) == epoch
    steps.unlink()
    assert start(settings) == epoch
    assert steps_outside(settings.data) == Whereabouts.get().steps


def test_a_step_is_counted_in_the_database_first(settings: Settings) -> None:
    before = steps_outside(settings.data)
    assert before is not None
    step()
    assert (Whereabouts.get().steps, steps_outside(settings.data)) == (before + 1, before)
    write_steps(settings.data)
    assert steps_outside(settings.data) == before + 1


def test_the_count_outside_is_never_lowered_so_the_next_start_still_finds_a_database_that_was_put_back(
    settings: Settings,
) -> None:
    """A command, which does not look where the hub is, may seal in between."""
    (settings.data / "steps").write_text("1000\n")
    step()
    write_steps(settings.data)
    assert steps_outside(settings.data) == 1000
    start(settings)
    assert [row.reason for row in Restored.select()] == [PUT_BACK]


def test_a_start_removes_what_a_power_cut_left_of_a_file(settings: Settings) -> None:
    (settings.data / ".new-0123456789abcdef").touch()
    start(settings)
    assert not list(settings.data.glob(".new-*"))


@pytest.mark.parametrize(
    "words",
    [("uplink", "status"), ("uplink", "send"), ("uplink", "budget"), ("carry", "export", "."), ("carry", "import")],
    ids=" ".join,
)
def test_a_copy_is_found_out_by_the_command_that_meets_it_first(
    settings: Settings, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sealed or sent under the epoch of the box that it was copied from, whether the command comes far."""
    epoch = this_site().epoch
    database.close()
    cp(settings.data, tmp_path / "copy")
    (tmp_path / "reply").touch()
    file = [str(tmp_path / "reply")] if words[-1] == "import" else []
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "copy"))
    monkeypatch.setenv("HUB_STICKS", str(tmp_path / "media"))
    CliRunner().invoke(hub, [*words, *file])
    row = latest_restored()
    assert row is not None
    assert (row.reason, this_site().epoch == epoch) == (COPIED, False)
