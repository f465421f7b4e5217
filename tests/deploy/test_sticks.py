"""Sticks are mounted by udev's rule and a unit of systemd: whose, where and how. A small reader of rules stands for udev.

What a kernel does with it is for a box; `udevadm verify` looks at the rule where systemd is new enough to have it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

RULES = ROOT / "deploy/deb/village-hub.rootfs-overlay/usr/lib/udev/rules.d/90-village-hub-sticks.rules"
UNIT = ROOT / "systemd/hub-stick@.service"
PART = re.compile(r'([A-Z]+(?:\{\w+\})?)\s*(==|!=|\+=|=)\s*"([^"]*)"')
STICK = {"ACTION": "add", "SUBSYSTEM": "block", "SUBSYSTEMS": "usb", "KERNEL": "sda1", "ENV{ID_FS_USAGE}": "filesystem"}


def plugged(**device: str) -> dict[str, str]:
    """What the rules set for a device, by key; udev(7) for how they are read."""
    known = STICK | {f"ENV{{{key}}}" if key.startswith("ID_") else key: value for key, value in device.items()}
    done: dict[str, str] = {}
    label = ""
    for line in RULES.read_text().splitlines():
        parts = [] if line.startswith("#") else PART.findall(line)
        if label:
            label = "" if ("LABEL", "=", label) in parts else label
            continue
        tests = [
            (known.get(key, "") in value.split("|")) == (sign == "==")
            for key, sign, value in parts
            if sign in ("==", "!=")
        ]
        if parts and all(tests):
            for key, sign, value in parts:
                if sign in ("=", "+="):
                    done[key] = value.replace("%k", known["KERNEL"])
            label = done.pop("GOTO", "")
    return done


def test_a_stick_is_mounted_below_media_by_the_kernels_name_for_it() -> None:
    done = plugged(ID_FS_TYPE="vfat", ID_FS_LABEL="../../etc")
    assert done["ENV{SYSTEMD_MOUNT_WHERE}"] == "/media/sda1"
    assert done["ENV{SYSTEMD_WANTS}"] == "hub-stick@sda1.service"
    assert done["TAG"] == "systemd"


@pytest.mark.parametrize(
    ("kind", "mode"), [("vfat", "rw"), ("exfat", "rw"), ("ext4", "ro"), ("ext2", "ro"), ("ntfs", "ro")]
)
def test_only_what_carries_files_is_written_to_and_nothing_on_a_stick_runs(kind: str, mode: str) -> None:
    options = plugged(ID_FS_TYPE=kind)["ENV{SYSTEMD_MOUNT_OPTIONS}"].split(",")
    assert options[0] == mode
    assert {"nosuid", "nodev", "noexec"} <= set(options)
    assert ("uid=village-hub" in options) == (mode == "rw")


@pytest.mark.parametrize(
    "device",
    [
        {"SUBSYSTEMS": "mmc", "KERNEL": "mmcblk0p1"},
        {"ACTION": "remove"},
        {"SUBSYSTEM": "tty"},
        {"ID_FS_USAGE": "crypto"},
        {"ID_FS_USAGE": ""},
    ],
)
def test_nothing_else_is_mounted(device: dict[str, str]) -> None:
    assert plugged(ID_FS_TYPE="vfat", **device) == {}


@pytest.mark.parametrize("kind", ["", "hfsplus", "jfs", "reiserfs", "btrfs", "f2fs", "squashfs", "zfs_member", "minix"])
def test_no_file_system_is_mounted_that_nobodys_stick_has(kind: str) -> None:
    """Plugging a stick in is enough to have the kernel read it, and few look after these."""
    assert plugged(ID_FS_TYPE=kind) == {}


def test_udev_finds_nothing_wrong_with_the_rules() -> None:
    udevadm = shutil.which("udevadm")
    known = udevadm and subprocess.run([udevadm, "verify", "--help"], capture_output=True, check=False, timeout=30)
    if not known or known.returncode != 0:
        text = RULES.read_text()  # an older udev: at least each line is made of parts and nothing else
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert [line for line in lines if PART.sub("", line).strip(", ")] == []
        return
    done = subprocess.run([str(udevadm), "verify", str(RULES)], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr


def test_what_is_mounted_already_stays_as_it_is() -> None:
    """The unit's condition, on this machine's own disks."""
    if shutil.which("findmnt") is None:
        pytest.skip("component absent: findmnt; apt-get install util-linux")
    found = re.search(r"^ExecCondition=/bin/sh -c '(.*)'$", UNIT.read_text(), re.MULTILINE)
    assert found is not None
    mounted = next(
        line.split()[0] for line in Path("/proc/self/mounts").read_text().splitlines() if line.startswith("proc ")
    )
    for source, code in ((mounted, 1), ("/dev/no-such-stick", 0)):
        command = found[1].replace("/dev/%I", source)
        assert subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=30).returncode == code
