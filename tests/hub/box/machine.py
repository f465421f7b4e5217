"""The files that a machine shows of itself, made up: a Raspberry Pi that is well, or has any of its troubles.

    machine = make_machine(tmp_path / "machine", data=tmp_path / "hub")                 # a Pi that is well
    make_machine(tmp_path / "machine", data=tmp_path / "hub", **UNDER_VOLTAGE)          # the same one, ill
    environ = {"HUB_MACHINE": str(machine), "HUB_NAME": "hub.home.arpa"}                # for a program

Called again it writes the files anew, so that a machine can fall ill and get well under a running hub. `data` is the
hub's folder: the card that holds it gets the device number that the folder really has.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

HEALTHY: dict[str, Any] = {}
UNDER_VOLTAGE: dict[str, Any] = {"alarm": 1, "bits": 0x50005}
WAS_UNDER_VOLTAGE: dict[str, Any] = {"bits": 0x50000}
HOT: dict[str, Any] = {"celsius": 84.2, "bits": 0x4000C}
OLD_CARD: dict[str, Any] = {"life_time": "0x0B 0x0A", "pre_eol": "0x03"}
READ_ONLY: dict[str, Any] = {"read_only": True}
NO_WATCHDOG: dict[str, Any] = {"watchdog": None}
ASLEEP: dict[str, Any] = {"watchdog": "inactive"}
MODEL = "Raspberry Pi 4 Model B Rev 1.4"
CARD_BYTES = 31_914_983_424


def make_machine(
    folder: Path,
    *,
    data: Path,
    model: str = MODEL,
    alarm: int | None = 0,
    bits: int | None = 0,
    celsius: float | None = 48.3,
    kind: str = "SD",
    life_time: str = "",
    pre_eol: str = "",
    read_only: bool = False,
    errors: int = 0,
    watchdog: str | None = "active",
    systemd: bool = True,
    free_kib: int = 612_340,
) -> Path:
    """The root of the machine, to be given as HUB_MACHINE. What is None, or empty, the machine does not show."""
    for name in ("sys", "proc", "etc", "run"):
        shutil.rmtree(folder / name, ignore_errors=True)
    files = {
        "proc/device-tree/model": f"{model}\0",
        "proc/meminfo": f"MemTotal:         948304 kB\nMemFree:  90112 kB\nMemAvailable:     {free_kib} kB\n",
        **({"run/systemd/system/.mark": ""} if systemd else {}),
        "etc/systemd/system.conf.d/50-hub.conf": "[Manager]\nRuntimeWatchdogSec=15\n",
        **_power(alarm, bits),
        **_heat(celsius),
        **_watchdog(watchdog),
    }
    for name, text in files.items():
        write(folder / name, text)
    _card(folder, data, kind, life_time, pre_eol, errors, read_only)
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _power(alarm: int | None, bits: int | None) -> dict[str, str]:
    files = {"sys/class/hwmon/hwmon0/name": "cpu_thermal\n"}
    if alarm is not None:
        files |= {"sys/class/hwmon/hwmon1/name": "rpi_volt\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": f"{alarm}\n"}
    if bits is not None:
        files["sys/devices/platform/soc/soc:firmware/get_throttled"] = f"{bits:x}\n"
    return files


def _heat(celsius: float | None) -> dict[str, str]:
    if celsius is None:
        return {}
    zone = "sys/class/thermal/thermal_zone0"
    return {f"{zone}/type": "cpu-thermal\n", f"{zone}/temp": f"{celsius * 1000:.0f}\n"}


def _watchdog(state: str | None) -> dict[str, str]:
    if state is None:
        return {}
    device = "sys/class/watchdog/watchdog0"
    files = {"identity": "Broadcom BCM2835 Watchdog timer", "state": state, "timeout": "15", "nowayout": "0"}
    return {f"{device}/{name}": f"{text}\n" for name, text in files.items()}


def _card(folder: Path, data: Path, kind: str, life_time: str, pre_eol: str, errors: int, read_only: bool) -> None:
    """A card of two parts, the second of which holds `data`."""
    disk = folder / "sys/devices/platform/emmc2bus/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0"
    part = disk / "mmcblk0p2"
    write(disk / "size", f"{CARD_BYTES // 512}\n")
    write(disk / "queue/rotational", "0\n")
    write(disk / "device/type", f"{kind}\n")
    write(disk / "device/date", "06/2024\n")
    write(disk / "device/serial", "0x5ec4e7ed\n")
    write(disk / "device/name", "SECRETNAME\n")
    if life_time:
        write(disk / "device/life_time", f"{life_time}\n")
    if pre_eol:
        write(disk / "device/pre_eol_info", f"{pre_eol}\n")
    write(part / "partition", "2\n")
    write(folder / "sys/fs/ext4/mmcblk0p2/errors_count", f"{errors}\n")
    device = _device_of(data)
    link = folder / "sys/dev/block" / device
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(part)
    options = "ro" if read_only else "rw"
    mount = f"36 1 {device} / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 {options},errors=remount-ro\n"
    write(folder / "proc/self/mountinfo", mount)


def _device_of(data: Path) -> str:
    while not data.exists():
        data = data.parent
    device = data.stat().st_dev
    return f"{os.major(device)}:{os.minor(device)}"
