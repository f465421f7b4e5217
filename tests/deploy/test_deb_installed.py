"""The package in the life of a box: installed, upgraded, put back, broken off, removed, purged; without any network.

Each release of Debian that boxes run; no systemd runs here (test_deb_running.py has one).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.deploy.boxes import Box, once_there_is
from tests.deploy.conftest import TOMORROW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.conftest import Built

pytestmark = pytest.mark.timeout(600)  # the first test to ask waits for packages and fresh systems
IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path.insert(0, "/opt/village-hub/lib")
for top in ("hub", "content_cache", "wire"):
    for found in pkgutil.walk_packages([f"/opt/village-hub/lib/{top}"], f"{top}."):
        if not found.name.endswith("__main__") and ".migrations" not in found.name:
            try:
                importlib.import_module(found.name)
            except ModuleNotFoundError as error:
                print(found.name, error.name)
"""
DRAW = """
import os, sys
sys.path.insert(0, "/opt/village-hub/lib")
os.environ["PYTHONPATH"] = sys.path[0]
import msgspec
from hub.acceptance.sheets import LabelSheet, printed
told = {"addresses": ["http://hub.home.arpa"], "copies": 2, "language": "es"}
words = {field.name: told.get(field.name, "Baño") for field in msgspec.structs.fields(LabelSheet)}
print(printed(LabelSheet(**words))[:8].decode())
"""
PUBLISHING = {"yaml", "webvtt"}  # of the extra `publisher`, which no box has
DATABASE = "var/lib/village-hub/hub.sqlite3"
SITE = ("--name", "Dzemul", "--time-zone", "America/Merida", "--without-head-office", "--json")
OURS = ("./opt/village-hub", "./usr/lib/systemd/system/hub-web.service", "./usr/bin/hub")


def rows(box: Box, query: str) -> list[tuple[object, ...]]:
    """What the box's database tells."""
    with contextlib.closing(sqlite3.connect(box.root / DATABASE)) as database:
        return database.execute(query).fetchall()


def doctor(box: Box) -> dict[str, bool]:
    """Each check of `hub doctor`, and whether it passed."""
    answer = json.loads(box.run("hub", "doctor", "--json", ends=None))
    return {check["name"]: check["ok"] for check in answer["checks"]}


def test_the_program_runs_with_what_the_package_brings(box: Box) -> None:
    assert "Serve a course library" in box.run("hub", "--help")
    assert "0.1.0" in box.run("hub", "--version")
    assert "publish" in box.run("/opt/village-hub/bin/content-cache", "--help")
    box.run("hub", "setup", *SITE)
    assert doctor(box)["database"]
    lacking = [line.split() for line in box.run("python3", "-IS", "-c", IMPORT_ALL).splitlines()]
    assert {name for _, name in lacking} <= PUBLISHING
    assert {module for module, _ in lacking if not module.startswith("content_cache.")} == set()


def test_a_label_is_drawn_without_what_the_package_leaves_out(box: Box) -> None:
    assert box.run("python3", "-IS", "-c", DRAW).startswith("%PDF-")
    assert not list((box.root / "opt/village-hub/lib").glob("PIL*"))


def test_what_root_types_leaves_nothing_of_roots_among_the_hubs_files(box: Box) -> None:
    box.run("hub", "setup", *SITE)
    owners = box.run("find", "/var/lib/village-hub", "-printf", "%u %p\\n").splitlines()
    assert len(owners) > 2
    assert [line for line in owners if not line.startswith("village-hub ")] == []


def test_the_hubs_user_can_change_neither_program_nor_settings(box: Box) -> None:
    look = "find /opt /etc /usr /tmp/mine -xdev -writable ! -type l; true"
    nobody = ("setpriv", "--reuid=village-hub", "--regid=village-hub", "--clear-groups", "sh", "-c")
    writable = box.run(*nobody, f"touch /tmp/mine; {look}")
    assert [line for line in writable.splitlines() if "Permission denied" not in line] == ["/tmp/mine"]
    shell = box.run("getent", "passwd", "village-hub").strip().split(":")[6]
    assert shell.endswith("nologin")


def test_everything_is_compiled_so_that_a_read_only_root_starts_as_quickly(box: Box) -> None:
    sources = set((box.root / "opt/village-hub/lib/hub").rglob("*.py"))
    compiled = {path.parent.parent / f"{path.name.split('.')[0]}.py" for path in box.root.rglob("hub/**/*.pyc")}
    assert len(sources) > 100
    assert sources - compiled == set()
    assert box.run("dpkg", "--verify", "village-hub") == ""


def test_units_start_with_the_machine_and_one_that_was_disabled_stays_so(
    box: Box, debian: str, tomorrow: Built
) -> None:
    assert box.run("systemctl", "is-enabled", "hub.target", "hub-web.service").split() == ["enabled", "enabled"]
    box.run("systemctl", "disable", "hub-worker.service")
    box.install(tomorrow[debian, "amd64"])
    assert box.run("systemctl", "is-enabled", "hub-web.service").split() == ["enabled"]
    assert "disabled" in box.run("systemctl", "is-enabled", "hub-worker.service", ends=None)


def test_a_newer_version_brings_the_data_along_and_the_older_one_opens_them_again(
    box: Box, debian: str, packages: Built, tomorrow: Built
) -> None:
    box.run("hub", "setup", *SITE)
    with (box.root / "etc/village-hub/hub.env").open("a") as settings:
        settings.write("HUB_KEEP_DAYS=40\n")
    identity = rows(box, "SELECT hub, epoch, name FROM site")
    box.install(tomorrow[debian, "amd64"])
    assert TOMORROW in box.run("hub", "--version")
    doctor(box)
    assert rows(box, "SELECT word FROM tomorrow") == [("mañana",)]
    assert "HUB_KEEP_DAYS=40" in (box.root / "etc/village-hub/hub.env").read_text()

    box.install(packages[debian, "amd64"])
    assert "0.1.0" in box.run("hub", "--version")
    assert doctor(box)["database"]
    box.run("hub", "setup", "--name", "Dzemul Centro", *SITE[2:])
    assert rows(box, "SELECT hub, epoch FROM site") == [row[:2] for row in identity]
    assert rows(box, "SELECT name FROM site") == [("Dzemul Centro",)]

    box.install(tomorrow[debian, "amd64"])
    doctor(box)
    assert rows(box, "SELECT word FROM tomorrow") == [("mañana",)]
    assert not list((box.root / "opt/village-hub/lib").glob("village_hub-0.1.0.dist-info"))


def test_a_removal_keeps_what_people_did_and_a_purge_leaves_nothing(
    empty: Path, tmp_path: Path, debian: str, packages: Built
) -> None:
    with Box(empty, tmp_path / "box") as box:
        before, people = box.listing(), (box.root / "etc/passwd").read_text()
        box.install(packages[debian, "amd64"])
        assert {path for path in OURS if path not in box.listing()} == set()
        box.run("hub", "setup", *SITE)
        box.run("dpkg", "--remove", "village-hub")
        left = {path for path in box.listing() - before if "village-hub" not in path}
        assert {
            path for path in left if "/deb-systemd-helper-" not in path and "/etc/systemd/system" not in path
        } == set()
        assert not (box.root / "opt/village-hub").exists()
        assert rows(box, "SELECT name FROM site") == [("Dzemul",)]

        box.install(packages[debian, "amd64"])
        assert rows(box, "SELECT name FROM site") == [("Dzemul",)]
        assert doctor(box)["database"]
        assert box.run("systemctl", "is-enabled", "hub-web.service").split() == ["enabled"]

        box.run("dpkg", "--purge", "village-hub")
        assert box.listing() - before <= KEPT_BY_OTHERS
        assert before - box.listing() <= {"./opt"}  # which Debian makes, no package owns, and dpkg takes when empty
        assert (box.root / "etc/passwd").read_text() == people


# Copies that tools of Debian make when a user comes or goes, and their locks.
KEPT_BY_OTHERS = {f"./etc/{name}{mark}" for name in ("passwd", "shadow", "group", "gshadow") for mark in "-"}
KEPT_BY_OTHERS |= {"./etc/.pwd.lock", "./run/lock", "./var/lib/systemd/deb-systemd-helper-enabled"}


def kill_while(box: Box, words: tuple[str, ...], until_there_is: str, below: str) -> None:
    """Pull the plug of dpkg once a file of that name appears."""
    process = box.start(*words)
    assert once_there_is(until_there_is, box.root / below, process), "it ended before it could be broken off"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def test_an_upgrade_that_broke_off_while_unpacking_leaves_the_old_one_and_is_mended_by_another_try(
    box: Box, debian: str, tomorrow: Built
) -> None:
    box.run("hub", "setup", *SITE)
    package = box.bring(tomorrow[debian, "amd64"])
    kill_while(box, ("dpkg", "--install", package), ".dpkg-new", "opt/village-hub/lib/hub")
    assert box.status() != "install ok installed"
    assert "0.1.0" in box.run("hub", "--version")
    assert doctor(box)["database"]
    box.run("dpkg", "--install", package)
    assert box.status() == "install ok installed"
    assert TOMORROW in box.run("hub", "--version")
    assert not list((box.root / "opt").rglob("*.dpkg-new"))
    assert box.run("dpkg", "--verify", "village-hub") == ""


def test_an_installation_that_broke_off_while_it_was_set_up_is_mended_by_dpkg(
    empty: Path, tmp_path: Path, debian: str, packages: Built
) -> None:
    with Box(empty, tmp_path / "box") as box:
        package = box.bring(packages[debian, "amd64"])
        kill_while(box, ("dpkg", "--install", package), ".pyc", "opt/village-hub/lib")
        assert box.status() == "install ok half-configured"
        box.run("dpkg", "--configure", "-a")
        assert box.status() == "install ok installed"
        box.run("hub", "setup", *SITE)
        assert doctor(box)["database"]


def test_a_disk_that_is_too_full_for_a_newer_version_keeps_the_old_one_running(
    box: Box, debian: str, tomorrow: Built, tmp_path: Path
) -> None:
    program = box.root / "opt" / "village-hub"
    taken = int(subprocess.run(["du", "-sm", program], capture_output=True, text=True, check=True).stdout.split()[0])
    package = box.bring(tomorrow[debian, "amd64"])
    with small_disk(program, taken + 16, tmp_path):
        said = box.run("dpkg", "--install", package, ends=None)
        assert "No space left on device" in said
        assert box.status() == "install ok installed"
        assert "0.1.0" in box.run("hub", "--version")
        assert box.run("dpkg", "--verify", "village-hub") == ""
        assert not list(program.rglob("*.dpkg-new"))
        assert list(program.rglob("*.pyc"))


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int, aside: Path) -> Iterator[None]:
    """Have what is in `folder` lie on a disk of that size."""
    subprocess.run(["cp", "--archive", folder, aside / "kept"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "none", folder], check=True)
    try:
        subprocess.run(["cp", "--archive", f"{aside}/kept/.", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
