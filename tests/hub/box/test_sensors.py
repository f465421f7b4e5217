"""What the sensors say of a machine that is well, ill, odd, or no Raspberry Pi at all."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from hub.box.heat import heat
from hub.box.memory import memory
from hub.box.power import power, watch
from hub.box.storage import storage
from hub.box.watchdog import watchdog
from tests.hub.box import machine as machines
from tests.hub.box.machine import make_machine, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SENSORS: dict[str, Callable[[Path], Any]] = {
    "power": power,
    "heat": heat,
    "memory": memory,
    "watchdog": watchdog,
    "storage": lambda machine: storage(machine, machine),
}


@pytest.fixture
def pi(tmp_path: Path) -> Callable[..., Path]:
    return lambda **ills: make_machine(tmp_path / "machine", data=tmp_path / "hub", **ills)


def test_a_pi_that_is_well_says_so(pi: Callable[..., Path], tmp_path: Path) -> None:
    machine = pi()
    supply, warmth, dog, room = power(machine), heat(machine), watchdog(machine), memory(machine)
    assert supply is not None
    assert not supply.was_low
    assert warmth is not None
    assert (warmth.celsius, warmth.hot, warmth.too_hot) == (48.3, 80.0, False)
    assert dog is not None
    assert dog.fed
    assert dog.by_systemd
    assert dog.seconds == 15
    assert room is not None
    assert room.total == 948_304 * 1024
    assert not room.short
    card = storage(tmp_path / "hub", machine)
    assert (card.kind, card.bytes, card.made) == ("card", machines.CARD_BYTES, "06/2024")
    assert not card.worn_out
    assert not card.read_only
    assert card.errors == 0


@pytest.mark.parametrize(
    ("ills", "low", "was_low"),
    [
        (machines.UNDER_VOLTAGE, True, True),
        (machines.WAS_UNDER_VOLTAGE, False, True),
        ({"bits": None, "alarm": 1}, True, True),  # a mainline kernel shows no bits
        ({"bits": 0x5, "alarm": None}, True, True),
        ({"bits": 0x80008}, False, False),  # the soft limit of heat is no voltage
    ],
)
def test_low_voltage_is_seen_now_and_since_the_start(
    pi: Callable[..., Path], ills: dict[str, Any], low: bool, was_low: bool
) -> None:
    supply = power(pi(**ills))
    assert supply is not None
    assert (supply.low, supply.was_low) == (low, was_low)


def test_a_moment_of_low_voltage_is_remembered_while_the_machine_runs(pi: Callable[..., Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert not watch(pi(), run)
    assert not run.exists()
    assert watch(pi(bits=None, alarm=1), run)
    after = power(pi(bits=None, alarm=0), run)
    assert after is not None
    assert after.was_low
    assert not after.low


def test_a_hot_pi_is_seen_by_its_degrees_or_by_its_bits(pi: Callable[..., Path]) -> None:
    by_degrees, by_bits = heat(pi(celsius=80.0)), heat(pi(celsius=70.0, bits=0x40004))
    assert by_degrees is not None
    assert by_degrees.too_hot
    assert by_bits is not None
    assert by_bits.too_hot
    assert by_bits.was_slowed


def test_a_pi_that_is_slow_for_want_of_voltage_is_not_called_hot(pi: Callable[..., Path]) -> None:
    found = heat(pi(**machines.UNDER_VOLTAGE))
    assert found is not None
    assert not found.too_hot


def test_elsewhere_a_zones_own_trip_points_say_what_is_hot(pi: Callable[..., Path]) -> None:
    machine = pi(model="A laptop", celsius=96.0, alarm=None, bits=None)
    zone = machine / "sys/class/thermal/thermal_zone0"
    assert heat(machine).too_hot
    write(zone / "trip_point_0_type", "critical")
    write(zone / "trip_point_0_temp", "105000")
    assert heat(machine).hot == 100.0
    write(machine / "sys/class/thermal/thermal_zone1/temp", "-274000")  # a zone without a sensor
    assert heat(machine).celsius == 96.0


@pytest.mark.parametrize(
    ("life_time", "pre_eol", "worn", "worn_out"),
    [
        ("0x01 0x02", "0x01", 2, False),
        ("0x01 0x0A", "0x01", 10, True),
        ("0x0B 0x01", "", 11, True),
        ("0x00 0x00", "0x03", None, True),
        ("0x00 0x00", "0x00", None, False),
        ("junk", "junk", None, False),
        ("0xFF 0xFF", "9", None, False),
    ],
)
def test_a_worn_card_says_so_itself(
    pi: Callable[..., Path], tmp_path: Path, life_time: str, pre_eol: str, worn: int | None, worn_out: bool
) -> None:
    found = storage(tmp_path, pi(kind="MMC", life_time=life_time, pre_eol=pre_eol))
    assert (found.kind, found.worn, found.worn_out) == ("emmc", worn, worn_out)


def test_a_file_system_that_takes_nothing_more_is_seen(pi: Callable[..., Path], tmp_path: Path) -> None:
    found = storage(tmp_path / "hub", pi(read_only=True, errors=3))
    assert found.read_only
    assert found.errors == 3


@pytest.mark.parametrize(
    ("device", "rotational", "kind"),
    [
        ("sys/devices/pci0000:00/0000:00:1f.2/ata1/block/sda", 0, "ssd"),
        ("sys/devices/pci0000:00/0000:00:1f.2/ata1/block/sda", 1, "disk"),
        ("sys/devices/platform/scb/fd500000.pcie/usb2/2-1/block/sda", 0, "usb"),
        ("sys/devices/pci0000:00/nvme/nvme0/nvme0n1", 0, "ssd"),
        ("sys/devices/virtual/block/loop7", 1, "loop"),
    ],
)
def test_the_kind_of_a_disk_is_told_by_where_it_hangs(tmp_path: Path, device: str, rotational: int, kind: str) -> None:
    machine = tmp_path / "machine"
    write(machine / device / "queue/rotational", str(rotational))
    number = tmp_path.stat().st_dev
    link = machine / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(machine / device)
    assert storage(tmp_path / "hub", machine).kind == kind


def test_encryption_and_lvm_are_looked_through(tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    below = machine / "sys/devices/mmc0/block/mmcblk0"
    write(below / "mmcblk0p2/partition", "2")
    mapped = machine / "sys/devices/virtual/block/dm-0"
    (mapped / "slaves").mkdir(parents=True)
    (mapped / "slaves/mmcblk0p2").symlink_to(below / "mmcblk0p2")
    number = tmp_path.stat().st_dev
    link = machine / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(mapped)
    assert storage(tmp_path, machine).kind == "card"


@pytest.mark.parametrize(
    ("ills", "fed", "by_systemd"),
    [(machines.ASLEEP, False, False), ({"systemd": False}, True, False), (machines.HEALTHY, True, True)],
)
def test_who_feeds_the_watchdog_is_told(
    pi: Callable[..., Path], ills: dict[str, Any], fed: bool, by_systemd: bool
) -> None:
    dog = watchdog(pi(**ills))
    assert dog is not None
    assert (dog.fed, dog.by_systemd) == (fed, by_systemd)


def test_a_watchdog_that_systemd_was_told_to_leave_alone_is_somebody_elses(pi: Callable[..., Path]) -> None:
    machine = pi()
    write(machine / "etc/systemd/system.conf.d/90-site.conf", "[Manager]\nRuntimeWatchdogSec=off\n")
    dog = watchdog(machine)
    assert dog is not None
    assert dog.fed
    assert not dog.by_systemd


def test_a_software_watchdog_is_none(pi: Callable[..., Path]) -> None:
    machine = pi()
    write(machine / "sys/class/watchdog/watchdog0/identity", "Software Watchdog")
    assert watchdog(machine) is None
    assert watchdog(pi(**machines.NO_WATCHDOG)) is None


@pytest.mark.parametrize("name", SENSORS)
def test_an_empty_machine_tells_nothing_and_breaks_nothing(tmp_path: Path, name: str) -> None:
    found = SENSORS[name](tmp_path)
    assert found is None or (name == "storage" and found.kind == "unknown" and not found.worn_out)


@pytest.mark.parametrize("name", SENSORS)
def test_garbage_in_any_file_breaks_nothing(pi: Callable[..., Path], name: str) -> None:
    machine = pi(life_time="0x01 0x01", pre_eol="0x01")
    whole, dice = SENSORS[name](machine), random.Random(name)
    files = sorted(path for path in machine.rglob("*") if path.is_file() and not path.is_symlink())
    kinds: set[type[Any]] = set()
    for path in files:
        before = path.read_bytes()
        for junk in (b"", b"\0" * 10, b"\xff\xfe junk", b"9" * 5000, b"-1", b"nan", dice.randbytes(300)):
            path.write_bytes(junk)
            kinds.add(type(SENSORS[name](machine)))
        path.write_bytes(before)
    assert kinds <= {type(whole), type(None)}
    assert SENSORS[name](machine) == whole


def test_nothing_of_a_card_tells_it_from_another_of_its_kind(pi: Callable[..., Path], tmp_path: Path) -> None:
    told = repr(storage(tmp_path / "hub", pi()))
    assert "SECRETNAME" not in told
    assert "5ec4e7ed" not in told
