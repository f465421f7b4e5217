"""The package under a real systemd: it starts, stops, is upgraded under its visitors, is removed, and loses its power."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.deploy.conftest import TOMORROW
from tests.town import until

if TYPE_CHECKING:
    from tests.deploy.boxes import Box, Running
    from tests.deploy.conftest import Built

pytestmark = pytest.mark.timeout(600)  # the first test to ask waits for packages and fresh systems
UNITS = ("hub-web.socket", "hub-web.service", "hub-worker.service", "hub-power.path", "hub-network.path")
# What a container cannot have: none of ours.
NOT_IN_A_CONTAINER: set[str] = set()
ANOTHER_DNSMASQ = """\
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""
# Asks for a page again and again, a new connection each time, until its input ends; then tells how often, and what else
# than an answer came.
VISITOR = """
import sys, threading, urllib.request
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set())).start()
asked, troubles = 0, []
while not ended.wait(0.05):
    asked += 1
    try:
        urllib.request.urlopen("http://127.0.0.1/", timeout=60).read()
    except Exception as error:
        troubles.append(repr(error))
print(asked, *troubles, sep="\\n")
"""


def all_start(running: Running) -> bool:
    """Whether all of the hub came up, on a machine that may have much else to do."""
    return until(lambda: running.states(*UNITS) == ["active"] * len(UNITS), 60)


def test_a_box_starts_all_of_the_hub_and_answers(box: Box) -> None:
    with box.booted() as running:
        running.settled()
        assert running.states("hub.target", *UNITS) == ["active"] * (1 + len(UNITS))
        status, page = running.ask("/healthz")
        assert (status, '"database":{"ok":true' in page) == (200, True)
        assert "</html>" in running.ask("/")[1]
        failed = running.run("systemctl", "--failed", "--plain", "--no-legend").splitlines()
        assert {line.split()[0] for line in failed} <= NOT_IN_A_CONTAINER
        assert "certain" in running.run("hub", "doctor", "--json", ends=None)


def test_systemd_watches_web_and_worker_and_both_are_nobody(box: Box) -> None:
    with box.booted() as running:
        for unit, watchdog in (("hub-web", "1min"), ("hub-worker", "5min")):
            told = running.show(unit, "Type", "WatchdogUSec", "NRestarts", "MainPID", "WatchdogTimestampMonotonic")
            assert (told["Type"], told["WatchdogUSec"], told["NRestarts"]) == ("notify", watchdog, "0")
            assert int(told["WatchdogTimestampMonotonic"]) > 0
            assert running.run("stat", "--format=%U", f"/proc/{told['MainPID']}").strip() == "village-hub"


def test_all_of_it_stops_in_order_and_starts_again(box: Box) -> None:
    with box.booted() as running:
        running.run("systemctl", "stop", "hub.target")
        assert until(lambda: running.states(*UNITS) == ["inactive"] * len(UNITS))
        for unit in ("hub-web", "hub-worker"):
            assert running.show(unit, "Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}
        running.run("systemctl", "start", "--no-block", "hub.target")
        assert all_start(running), running.journal("hub*")
        assert running.ask("/healthz")[0] == 200


def test_an_upgrade_under_visitors_turns_none_away(box: Box, debian: str, tomorrow: Built) -> None:
    package = box.bring(tomorrow[debian, "amd64"])
    with box.booted() as running:
        before = running.show("hub-web", "MainPID")
        said: list[str] = []
        visitor = running.start("python3", "-c", VISITOR)
        reader = threading.Thread(target=lambda: said.append(visitor.communicate(timeout=120)[0].decode()))
        running.run("dpkg", "--install", package)
        assert TOMORROW in running.ask("/healthz")[1]
        reader.start()
        reader.join(120)
        asked, *troubles = said[0].split("\n", 1)
        assert int(asked) > 5
        assert "".join(troubles).strip() == ""
        assert running.show("hub-web", "MainPID") != before
        assert all_start(running), running.journal("hub*")


def test_debians_own_hostapd_and_dnsmasq_stay_out_of_the_way_and_come_back(box: Box) -> None:
    (box.root / "etc/systemd/system/dnsmasq.service").write_text(ANOTHER_DNSMASQ)
    box.run("systemctl", "enable", "dnsmasq.service")
    with box.booted() as running:
        assert running.states("dnsmasq.service", "hostapd.service") == ["inactive"] * 2
        assert running.show("dnsmasq.service", "ConditionResult") == {"ConditionResult": "no"}
        running.run("dpkg", "--remove", "village-hub")
        assert running.states("dnsmasq.service") == ["active"]


def test_a_removal_stops_the_hub_and_a_purge_forgets_its_user(box: Box) -> None:
    with box.booted() as running:
        assert running.ask("/healthz")[0] == 200
        running.run("dpkg", "--remove", "village-hub")
        assert running.run("find", "/proc", "-maxdepth", "1", "-user", "village-hub") == ""
        assert running.run("sh", "-c", "ls /run/village-hub* 2>/dev/null", ends=None) == ""
        assert "80" not in running.run("ss", "-Htln").replace(":8080", "")
        running.run("dpkg", "--purge", "village-hub")
        assert running.run("getent", "passwd", "village-hub", ends=2) == ""
        assert running.run("sh", "-c", "ls -d /var/lib/village-hub* 2>/dev/null", ends=None) == ""


def test_after_a_power_cut_the_box_serves_again_by_itself(box: Box) -> None:
    with box.booted() as running:
        running.run(
            "hub", "setup", "--name", "Dzemul", "--time-zone", "America/Merida", "--without-head-office", "--json"
        )
        running.pull_the_plug()
    with box.booted() as running:
        assert all_start(running), running.journal("hub*")
        assert running.ask("/healthz")[0] == 200
        assert "Dzemul" in running.run("hub", "doctor", "--json", ends=None) + running.ask("/")[1]
