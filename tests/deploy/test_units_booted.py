"""The units under a real systemd, of each Debian that boxes run: watchdog, stop, restart, orders, credentials.

In a container, with no memory controller and no firewall for groups; tests/guest has a machine with both.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.deploy.boxes import Box, Running
from tests.town import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(900)  # the first test to ask waits for packages and fresh systems
QUICK = "[Service]\nWatchdogSec={seconds}\n"
ORDERS = "var/lib/village-hub/orders"
OFFICE = """
[Service]
Type=exec
ExecStart=
ExecStart=/bin/sh -c 'env; ls $CREDENTIALS_DIRECTORY; cat $CREDENTIALS_DIRECTORY/*; exec sleep 600'
User=village-hub
Group=village-hub
"""
AS_THE_HUB = ("setpriv", "--reuid=village-hub", "--regid=village-hub", "--init-groups")
PUT = """
import io, pathlib, sys
sys.path.insert(0, "/opt/village-hub/lib")
from content_cache.library import Library
film = io.BytesIO(b"f" * int(sys.argv[1]))
print(Library(pathlib.Path("/var/lib/village-hub/library")).store.put(film).sha256)
"""
# What somebody could do who took over a program of the hub: run in its unit's place.
PROBE = """
import json, os, socket, sys
def tried(do):
    try:
        do()
    except OSError as error:
        return os.strerror(error.errno)
    return "done"
said = {
    "bind": tried(lambda: socket.socket().bind(("127.0.0.1", 5555))),
    "listen": tried(lambda: socket.socket().listen()),
    "raw": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    "netlink": tried(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)),
    "write": tried(lambda: open("/etc/village-hub/hub.env", "a")),
    "write elsewhere": tried(lambda: open("/var/tmp/../lib/x", "w")),
    "write here": tried(lambda: open("/var/lib/village-hub/probe", "w")),
    "become root": tried(lambda: os.setuid(0)),
    "mount": tried(lambda: os.chroot("/tmp")),
    "others": sorted(name for name in os.listdir("/proc") if name == "1"),
    "capabilities": open("/proc/self/status").read().split("CapBnd:")[1].split()[0].strip("0"),
}
print("said", json.dumps(said))
"""
MAY_NOT = {
    "raw": "Operation not permitted", "netlink": "Address family not supported by protocol",
    "write": "Permission denied", "write elsewhere": "Read-only file system", "write here": "done",
    "become root": "Operation not permitted", "mount": "Operation not permitted", "others": [], "capabilities": "",
}  # fmt: skip
# Asks again and again while web restarts: each answer is whole, or this ends badly.
ASK_ON = """
import sys, urllib.request
for _ in range(40):
    assert urllib.request.urlopen("http://127.0.0.1/healthz/pulse", timeout=20).status == 200
"""


@pytest.fixture(scope="module")
def prepared(pristine: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box whose watchdogs run out sooner, with head office's unit, and an order from before its start."""
    with Box(pristine, tmp_path_factory.mktemp("units") / "units") as box:
        for unit, seconds in (("hub-web", 6), ("hub-worker", 6)):
            drop(box, f"{unit}.service.d/quick.conf", QUICK.format(seconds=seconds))
        drop(box, "collector.service", (ROOT / "systemd" / "collector.service").read_text())
        drop(box, "collector.service.d/test.conf", OFFICE)
        credentials = box.root / "etc" / "credstore"
        credentials.mkdir(mode=0o700, exist_ok=True)
        (credentials / "COLLECTOR_TOKEN").write_text("sixteen letters or more\n")
        box.run("install", "-d", "-o", "village-hub", "-g", "village-hub", f"/{ORDERS}")
        order(box, "restart")
        yield box


@pytest.fixture(scope="module")
def running(prepared: Box) -> Iterator[Running]:
    with prepared.booted() as running:
        running.settled()
        yield running


def drop(box: Box, name: str, text: str) -> None:
    path = box.root / "etc" / "systemd" / "system" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def order(box: Box, word: str) -> None:
    """As the technician's page gives it."""
    new = box.root / ORDERS / ".new"
    new.write_text(word)
    new.rename(box.root / ORDERS / "power")


def counted(box: Box) -> int:
    with closing(sqlite3.connect(box.root / "var/lib/village-hub/hub.sqlite3", timeout=20)) as database:
        return int(database.execute("SELECT coalesce(sum(bytes), 0) FROM batch").fetchone()[0])


def test_all_of_the_hub_is_up_and_systemd_has_no_complaint(running: Running) -> None:
    for unit in ("hub.target", "hub-web.socket", "hub-web.service", "hub-worker.service", "hub-power.path"):
        assert running.show(unit, "ActiveState") == {"ActiveState": "active"}, running.run("systemctl", "status", unit)
    assert running.show("hub-web", "StatusText") == {"StatusText": "The database can be read."}
    assert running.ask("/healthz/pulse")[0] == 200
    said = running.run("journalctl", "--boot", "--no-pager", "--identifier=systemd")
    assert [line for line in said.splitlines() if "Unknown" in line or "ignoring" in line.lower()] == []


def test_this_systemd_reckons_as_little_exposure(running: Running) -> None:
    for name in ("hub-web.service", "hub-worker.service"):
        running.run("systemd-analyze", "security", "--no-pager", "--threshold=15", name)


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("hub-web", {"bind": "Operation not permitted", "listen": "done"}),
        ("hub-worker", {"bind": "Operation not permitted", "listen": "Operation not permitted"}),
    ],
)
def test_who_takes_over_a_program_can_do_little(
    running: Running, prepared: Box, name: str, network: dict[str, str]
) -> None:
    """The same unit with another program in it. That web listens on no port of its choice: see the firewall's tests."""
    text = (ROOT / "systemd" / f"{name}.service").read_text()
    for key, value in (("Type", "oneshot"), ("ExecStart", "/usr/bin/python3 -IS /opt/probe.py"), ("Restart", "no")):
        text = re.sub(rf"^{key}=.*$", f"{key}={value}", text, flags=re.MULTILINE)
    text = re.sub(r"^(WatchdogSec|NotifyAccess|Requires|PartOf)=.*\n", "", text, flags=re.MULTILINE)
    (prepared.root / "opt" / "probe.py").write_text(PROBE)
    drop(prepared, f"probe-{name}.service", text)
    running.run("systemctl", "daemon-reload")
    running.run("systemctl", "start", f"probe-{name}.service")
    look = ("journalctl", "--boot", f"--unit=probe-{name}.service", "--output=cat")
    assert until(lambda: "said {" in running.run(*look)), running.run(*look)
    said = json.loads(running.run(*look).split("said ")[1].splitlines()[0])
    assert said == MAY_NOT | network


def test_an_order_from_before_the_start_counts_no_more_and_what_is_none_is_refused_once(
    running: Running, prepared: Box
) -> None:
    assert (prepared.root / ORDERS / "power").read_text() == "restart"
    assert orders_carried_out(running) == ""
    order(prepared, "make coffee")
    assert until(lambda: running.run("cat", "/run/village-hub/power.json", ends=None).startswith("{"))
    told = json.loads(running.run("cat", "/run/village-hub/power.json"))
    assert (told["ok"], "neither to restart nor to switch off" in told["sentence"]) == (False, True)
    assert not (prepared.root / ORDERS / "power").exists()
    assert until(lambda: running.show("hub-power.path", "SubState") == {"SubState": "waiting"})
    assert orders_carried_out(running).count("neither to restart") == 1


def orders_carried_out(running: Running) -> str:
    said = running.run("journalctl", "--boot", "--unit=hub-power.service", "--output=cat", "--quiet")
    return said.replace("-- No entries --", "").strip()


def test_who_asks_while_web_restarts_is_answered(running: Running) -> None:
    before = running.show("hub-web", "MainPID")
    running.run("sh", "-c", f"(sleep 0.3; systemctl restart hub-web) & exec python3 -c '{ASK_ON}'")
    assert until(lambda: running.show("hub-web", "ActiveState", "MainPID")["ActiveState"] == "active")
    assert running.show("hub-web", "MainPID") != before


@pytest.mark.parametrize("name", ["hub-web", "hub-worker"])
def test_who_is_stopped_is_ended_by_the_watchdog_and_starts_anew(running: Running, name: str) -> None:
    before = running.show(name, "MainPID")["MainPID"]
    running.run("systemctl", "kill", "--signal=STOP", f"{name}.service")
    assert until(lambda: int(running.show(name, "NRestarts")["NRestarts"]) >= 1, 60)
    assert until(lambda: running.show(name, "ActiveState") == {"ActiveState": "active"}, 60)
    assert running.show(name, "MainPID")["MainPID"] != before
    said = running.run("journalctl", "--boot", f"--unit={name}.service", "--output=cat")
    assert "Watchdog timeout" in said
    assert "most recent call first" in said, "where each thread was"


def test_a_stop_writes_down_what_was_counted_and_closes_the_port(running: Running, prepared: Box) -> None:
    size = 300_000
    name = running.run(*AS_THE_HUB, "python3", "-c", PUT, str(size)).split()[-1]
    before = counted(prepared)
    assert running.ask(f"/media/{name}/film.mp4")[0] == 200
    running.run("systemctl", "stop", "hub.target")
    for name in ("hub-web", "hub-worker"):
        ended = {"Result": "success", "ActiveState": "inactive"}
        assert until(lambda unit=name, as_it_should=ended: running.show(unit, *as_it_should) == as_it_should, 60)
    assert counted(prepared) == before + size
    refused = running.run("python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1/')", ends=1)
    assert "Connection refused" in refused
    running.run("systemctl", "start", "hub.target")
    assert until(lambda: running.show("hub-web", "ActiveState") == {"ActiveState": "active"})


def test_head_office_is_handed_its_secrets_and_lacks_none_that_is_not_set(running: Running) -> None:
    running.run("systemctl", "start", "collector.service")
    look = ("journalctl", "--boot", "--unit=collector.service", "--output=cat")
    assert until(lambda: "sixteen letters or more" in running.run(*look)), running.run(*look)
    said = running.run(*look)
    assert "COLLECTOR_DATABASE" not in said.splitlines(), "no file of that name"
    assert "COLLECTOR_TOKEN=" not in said, "not in the environment"
    running.run("systemctl", "stop", "collector.service")


def test_an_order_to_switch_off_switches_off_and_is_gone(box: Box) -> None:
    with box.booted() as running:
        box.run("install", "-d", "-o", "village-hub", "-g", "village-hub", f"/{ORDERS}")
        order(box, "shutdown")
        assert running.process.wait(120) == 0
    assert not (box.root / ORDERS / "power").exists()
