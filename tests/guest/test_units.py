"""What takes a kernel to show: groups with a firewall and with limits of memory, around the hub's own units."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.guest.machine import until

if TYPE_CHECKING:
    from tests.guest.hub import Hub
    from tests.guest.machine import Machine

GROUPS = "/sys/fs/cgroup/system.slice"
# Addresses of this machine's own, so that each has a way; a firewall for groups looks at them all the same.
BEYOND, SETUP, CABLE = "192.0.2.7", "10.45.0.9", "169.254.9.9"
TRIES = """
import json, socket, sys
said = {}
for address in sys.argv[1:]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.sendto(b"?", (address, 9))
            said[address] = "sent"
        except PermissionError:
            said[address] = "refused"
print(json.dumps(said))
"""
HOG = """
held = []
while True:
    held.append(b"x" * (8 << 20))
"""


@pytest.fixture
def addresses(box: Machine):
    """Some more addresses on the loopback, for as long as the test takes."""
    for address in (BEYOND, SETUP, CABLE):
        box.run("ip", "address", "add", f"{address}/32", "dev", "lo", check=False)
    yield
    for address in (BEYOND, SETUP, CABLE):
        box.run("ip", "address", "delete", f"{address}/32", "dev", "lo", check=False)


def within(box: Machine, group: str, program: str, *words: str) -> str:
    """What a program says that runs as a part of that unit does."""
    enter = f"echo $$ > {GROUPS}/{group}/cgroup.procs && exec python3 -c '{program}' {' '.join(words)}"
    return box.run("sh", "-c", enter, within=120, check=False).out


def test_web_speaks_with_the_village_and_with_nobody_beyond(box: Machine, hub: Hub, addresses: None) -> None:
    said = json.loads(within(box, "hub-web.service", TRIES, "127.0.0.1", SETUP, CABLE, BEYOND))
    assert said == {"127.0.0.1": "sent", SETUP: "sent", CABLE: "sent", BEYOND: "refused"}


def test_the_worker_speaks_with_anybody(box: Machine, hub: Hub, addresses: None) -> None:
    said = json.loads(within(box, "hub-worker.service", TRIES, "127.0.0.1", BEYOND))
    assert said == {"127.0.0.1": "sent", BEYOND: "sent"}


def test_a_worker_that_takes_too_much_memory_costs_nobody_a_page(box: Machine, hub: Hub) -> None:
    total = int(box.sh("awk '/MemTotal/ {print $2}' /proc/meminfo")) * 1024
    most = int(box.sh(f"cat {GROUPS}/hub-worker.service/memory.max"))
    assert abs(most - 0.4 * total) < 0.02 * total
    web = box.sh("systemctl show --property=MainPID --value hub-web")
    box.sh(f"echo max > {GROUPS}/hub-worker.service/memory.high")  # which would only have it wait
    within(box, "hub-worker.service", HOG)
    assert "oom_kill 0\n" not in box.sh(f"cat {GROUPS}/hub-worker.service/memory.events") + "\n"
    assert box.sh("curl --silent http://127.0.0.1/healthz/pulse") == '{"database":"The database can be read."}'
    assert box.sh("systemctl show --property=MainPID --value hub-web") == web
    until(lambda: box.sh("systemctl is-active hub-worker", check=False) == "active", 120, "the worker")


def test_the_machines_own_watchdog_is_fed_by_systemd(box: Machine) -> None:
    assert "RuntimeWatchdogUSec=15s" in box.sh("systemctl show --property=RuntimeWatchdogUSec")
    assert box.sh("cat /sys/class/watchdog/watchdog0/state") == "active"
