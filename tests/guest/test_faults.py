"""Faults on a machine that boots: a process that hangs or dies, a kernel that hangs, a restart, a power cut."""

from __future__ import annotations

import json

from tests.guest.machine import until

LONG = 200  # seconds in which systemd has noticed: WatchdogSec is 60, and one more start


def property_of(box, unit: str, name: str) -> str:
    return box.sh(f"systemctl show -P {name} {unit}")


def visitors(box) -> int:
    """Visitors that the hub has counted, over all days."""
    return sum(day["visitors"] for day in json.loads(box.run("hub", "usage", "--json").out)["days"])


def test_the_hardware_watchdog_is_armed(box, hub) -> None:
    assert box.sh("cat /sys/class/watchdog/watchdog0/identity") == "i6300ESB timer"
    assert box.sh("cat /sys/class/watchdog/watchdog0/state") == "active"
    assert box.sh("systemctl show -P RuntimeWatchdogUSec") == "15s"


def test_web_that_hangs_is_started_again(box, hub) -> None:
    before = int(property_of(box, "hub-web", "NRestarts"))
    process = property_of(box, "hub-web", "MainPID")

    box.run("kill", "-STOP", process)

    until(lambda: int(property_of(box, "hub-web", "NRestarts")) > before, LONG, "systemd to start hub-web again")
    until(hub.answers, LONG, "the hub's answer")
    assert property_of(box, "hub-web", "MainPID") != process


def test_a_kernel_that_hangs_is_ended_by_the_hardware(box, hub) -> None:
    before = box.boot
    # 0: a panic stands still instead of starting anew, which only the hardware can notice.
    box.sh("sync; echo 0 > /proc/sys/kernel/panic")
    box.crash()

    assert box.greeted() != before
    hub.up()
    assert box.sh("systemctl --failed --no-legend --plain") == ""


def test_a_restart_that_was_ordered_happens_once(box, hub) -> None:
    before = box.boot

    hub.order("power", b"restart")

    after = box.greeted()
    assert after != before
    hub.up()
    assert box.sh("ls /var/lib/village-hub/orders/power", check=False) == ""
    box.run("systemctl", "restart", "hub.target", within=120)
    hub.up()
    assert box.sh("cat /proc/sys/kernel/random/boot_id") == after


def test_a_power_cut_leaves_a_hub_that_comes_up_by_itself(box, hub) -> None:
    before = box.boot

    box.cut_power()
    box.start()

    assert box.boot != before
    hub.up()
    assert box.sh("systemctl --failed --no-legend --plain") == ""
