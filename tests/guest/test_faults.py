"""Faults on a machine that boots: a process that hangs or dies, a kernel that hangs, a restart, a power cut."""

from __future__ import annotations

import secrets

import pytest

from hub.addresses import VILLAGE_ADDRESS
from tests.guest.machine import until

ANDROID = "http://connectivitycheck.gstatic.com/generate_204"
LONG = 200  # seconds in which systemd has noticed: WatchdogSec is 60, and one more start


def property_of(box, unit: str, name: str) -> str:
    return box.sh(f"systemctl show -P {name} {unit}")


def visits(box) -> int:
    """Visits that are on the disk. They have no date yet: the box has not learned the time."""
    counting = (
        "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('select count(*) from visit').fetchone())"
    )
    return int(box.run("python3", "-c", counting, "/var/lib/village-hub/hub.sqlite3").out)


def visit(phone, wifi) -> None:
    """On the village's Wi-Fi: a phone that returns the cookie which it was given is a visitor."""
    phone.join(wifi.name, wifi.password)
    phone.take_lease()
    jar = f"/tmp/{secrets.token_hex(4)}"
    for _ in range(2):
        assert phone.get(f"http://{VILLAGE_ADDRESS}/", "--cookie-jar", jar, "--cookie", jar).status == 200


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


@pytest.mark.parametrize("unit", ["hub-web", "hub-worker"])
def test_a_process_that_is_killed_is_started_again_and_no_count_is_lost(box, hub, phone, unit) -> None:
    before = visits(box)
    visit(phone, hub.stand(stage="village").village)
    until(lambda: visits(box) == before + 1, 60, "the visit to be on the disk")
    process = property_of(box, unit, "MainPID")

    box.run("kill", "-KILL", process)

    until(lambda: property_of(box, unit, "MainPID") not in {"0", process}, 60, f"systemd to start {unit} again")
    until(hub.answers, LONG, "the hub's answer")
    assert visits(box) == before + 1


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


def test_a_power_cut_leaves_a_hub_that_comes_up_by_itself(box, hub, phone) -> None:
    """Phones that had accepted are asked once more and then stay: no pop-up after the next."""
    own = hub.stand(stage="village").village
    phone.join(own.name, own.password)
    phone.take_lease()
    phone.accept()
    stayed, before = phone.get(ANDROID).status, box.boot

    box.cut_power()
    box.start()

    assert box.boot != before
    hub.up()
    assert box.sh("systemctl --failed --no-legend --plain") == ""
    phone.join(own.name, own.password)
    phone.take_lease()
    asked = phone.get(ANDROID).status
    phone.accept()
    assert [stayed, asked, *(phone.get(ANDROID).status for _ in range(3))] == [204, 302, 204, 204, 204]
