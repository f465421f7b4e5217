"""The units of systemd/: systemd finds nothing wrong with them, they are locked down, and they say the same things."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.addresses import CABLE_NETWORK, SETUP_NETWORK, VILLAGE_NETWORK
from hub.box.orders import orders_folder
from hub.box.power_order import KIND
from hub.settings import Settings
from tests.conftest import ROOT

SYSTEMD = ROOT / "systemd"
UNITS = sorted(path for path in SYSTEMD.iterdir() if path.is_file())
SERVICES = sorted(SYSTEMD.glob("*.service"))
PROGRAM = re.compile(r"^(Exec\w+=[-+!:@]*)/\S+", re.MULTILINE)
EXPOSURE = {"hub-web.service": 1.5, "hub-worker.service": 1.5}
VILLAGE = "localhost 10.44.0.0/22 10.45.0.0/24 169.254.0.0/16"


def keys(name: str, section: str) -> dict[str, list[str]]:
    """Every line of a section, the values of a key that comes several times in order."""
    found: dict[str, list[str]] = {}
    part = re.search(rf"^\[{section}\]$(.*?)(?=^\[|\Z)", (SYSTEMD / name).read_text(), re.MULTILINE | re.DOTALL)
    for line in part[1].splitlines() if part else []:
        if "=" in line and not line.startswith(("#", ";")):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("component absent: systemd-analyze; apt-get install systemd")
    return program


def test_systemd_finds_nothing_wrong_with_any_unit(analyze: str, tmp_path: Path) -> None:
    """Its exit code says little; what it thinks it says on stderr. The programs are elsewhere here."""
    for path in UNITS:
        (tmp_path / path.name).write_text(PROGRAM.sub(r"\1/bin/true", path.read_text()))
    names = [str(tmp_path / path.name) for path in UNITS]
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", *names]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in ended.stderr.splitlines() if any(path.name in line for path in UNITS)]
    assert not ours


def test_systemd_would_find_a_word_that_it_does_not_know(analyze: str, tmp_path: Path) -> None:
    text = PROGRAM.sub(r"\1/bin/true", (SYSTEMD / "hub-web.service").read_text())
    (tmp_path / "hub-web.service").write_text(text.replace("RestartSec=", "RestartSeconds="))
    command = [analyze, "verify", "--man=no", "--recursive-errors=no", str(tmp_path / "hub-web.service")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "RestartSeconds" in ended.stderr


@pytest.mark.parametrize("path", SERVICES, ids=[path.name for path in SERVICES])
def test_what_a_unit_exposes_is_little(analyze: str, path: Path) -> None:
    """As systemd reckons; what runs as root for the network may stay above."""
    command = [analyze, "security", "--offline=true", "--no-pager", f"--threshold={_threshold(path)}", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout[-400:] + ended.stderr


def _threshold(path: Path) -> int:
    """In tenths."""
    return int(EXPOSURE.get(path.name, 5.0) * 10)


WATCHED = ["hub-web.service", "hub-worker.service", "collector.service"]
HUBS = sorted(path.name for path in SERVICES if path.name.startswith("hub-"))


@pytest.mark.parametrize("name", WATCHED)
def test_who_serves_is_watched_and_started_again_for_good(name: str) -> None:
    service, unit = keys(name, "Service"), keys(name, "Unit")
    assert service["Type"] == ["notify"]
    assert service["NotifyAccess"] == ["main"]
    assert service["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"], "nobody is there to type reset-failed"
    assert {"WatchdogSec", "RestartSec", "TimeoutStopSec", "MemoryHigh", "MemoryMax", "TasksMax"} <= set(service)
    assert service["KillMode"] == ["mixed"], "what a program started ends once the program itself has"


@pytest.mark.parametrize("name", [path.name for path in UNITS])
def test_nothing_waits_for_a_network_that_may_never_come(name: str) -> None:
    assert "network-online" not in (SYSTEMD / name).read_text()


def test_web_reaches_the_village_and_nothing_beyond() -> None:
    """By the service for what it opens, and by the socket for who comes: each has a group of its own."""
    for name, section in (("hub-web.service", "Service"), ("hub-web.socket", "Socket")):
        assert keys(name, section)["IPAddressDeny"] == ["any"]
        assert keys(name, section)["IPAddressAllow"] == [VILLAGE]
    assert set(VILLAGE.split()) == {"localhost", VILLAGE_NETWORK, SETUP_NETWORK, CABLE_NETWORK}
    service = keys("hub-web.service", "Service")
    assert service["RestrictAddressFamilies"] == ["AF_INET AF_UNIX"]
    assert service["SocketBindDeny"] == ["any"], "systemd holds the port"
    assert "~bind" in service["SystemCallFilter"], "Debian 12's systemd cannot deny by ports"
    assert service["CapabilityBoundingSet"] == [""]
    assert keys("hub-web.socket", "Socket")["ListenStream"] == ["0.0.0.0:80"]


def test_the_worker_listens_to_nobody_and_dies_before_web() -> None:
    web, worker = keys("hub-web.service", "Service"), keys("hub-worker.service", "Service")
    assert worker["SocketBindDeny"] == ["any"]
    assert "~bind listen accept accept4" in worker["SystemCallFilter"], "Debian 12's systemd cannot deny by ports"
    assert int(worker["OOMScoreAdjust"][0]) > 0 > int(web["OOMScoreAdjust"][0])
    for key in ("MemoryHigh", "MemoryMax", "CPUWeight", "IOWeight"):
        assert int(worker[key][0].rstrip("%")) < int(web[key][0].rstrip("%"))


def test_the_worker_alone_may_ask_the_kernel_whether_it_holds_network_time() -> None:
    """hub/clock.py asks by the call that could also set it; web learns it from the database."""
    assert any("adjtimex" in value for value in keys("hub-worker.service", "Service")["SystemCallFilter"])
    assert "ProtectClock" not in keys("hub-worker.service", "Service")
    assert keys("hub-web.service", "Service")["ProtectClock"] == ["yes"]


@pytest.mark.parametrize("name", HUBS)
def test_all_of_the_hub_reads_the_same_settings(name: str) -> None:
    service = keys(name, "Service")
    if any("/bin/hub " in line for line in service["ExecStart"]):
        assert [value.lstrip("-") for value in service["EnvironmentFile"]] == ["/etc/village-hub/hub.env"]


def test_the_hubs_user_has_no_home_from_which_a_manager_of_his_own_would_run_units() -> None:
    """Polkit lets any user have one at each boot (org.freedesktop.login1.set-self-linger), and it keeps to no unit's walls."""
    overlays = ROOT / "deploy"
    users = (overlays / "deb/village-hub.rootfs-overlay/usr/lib/sysusers.d/village-hub.conf").read_text()
    assert [line.split()[-1] for line in users.splitlines() if line.startswith("u ")] == ["/nonexistent"]
    office = (overlays / "head-office/README.md").read_text()
    assert re.findall(r"useradd .*--home-dir (\S+)", office) == ["/nonexistent"]


def test_an_order_starts_the_service_of_its_name() -> None:
    folder = orders_folder(Settings(data=Path("/var/lib/village-hub")))
    (watched,) = [value for values in keys("hub-power.path", "Path").values() for value in values]
    assert watched == str(folder / KIND)
    assert set(keys("hub-power.path", "Path")) == {"PathChanged"}, "what was ordered before this start counts no more"
    assert keys("hub-power.service", "Service")["ExecStart"] == ["/opt/village-hub/bin/hub power"]


def test_the_target_brings_all_of_the_hub_and_only_what_is_there() -> None:
    wanted = keys("hub.target", "Unit")["Wants"][0].split()
    assert set(wanted) <= {path.name for path in UNITS}
    assert {"hub-web.socket", "hub-web.service", "hub-worker.service", "hub-power.path"} <= set(wanted)
    for name in ("hub-web.socket", "hub-web.service", "hub-worker.service", "hub-power.path"):
        assert keys(name, "Unit")["PartOf"] == ["hub.target"], "it stops with all of the hub"


def test_secrets_of_head_office_are_credentials() -> None:
    service = keys("collector.service", "Service")
    assert service["LoadCredential"] == ["COLLECTOR_TOKEN", "COLLECTOR_DATABASE"]
    assert not any("TOKEN" in value for value in service["Environment"])


def test_the_machines_own_watchdog_counts_no_longer_than_a_pi_can() -> None:
    text = (SYSTEMD / "system.conf.d" / "village-hub-watchdog.conf").read_text()
    assert re.findall(r"^(\w+)=(\d+)$", text, re.MULTILINE) == [
        ("RuntimeWatchdogSec", "15"),
        ("RebootWatchdogSec", "15"),
    ]
