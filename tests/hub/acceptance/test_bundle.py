"""The file for helpers: what is secret or somebody's is planted everywhere, and nothing of it is found in the file."""

from __future__ import annotations

import io
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from hub.acceptance.bundle import UNITS, bundle, log_lines
from hub.acceptance.known import Known
from hub.content.models import note as note_content
from hub.db import database, writing
from hub.runs import note_run
from hub.uplink.models import note as note_uplink
from tests.hub.acceptance.conftest import PAGE, SETUP, VILLAGE, Box
from tests.hub.acceptance.test_page import all_is_well

if TYPE_CHECKING:
    from pathlib import Path

PARTS = (
    *("checks", "settings", "versions", "units", "rows", "jobs", "disk"),
    *("uplink", "content", "network", "acceptance"),
)
CANARIES = {
    "name": "Rosa Canul Ek",
    "mac": "6a:be:ef:00:ca:fe",
    "ip": "10.44.3.77",
    "outer ip": "187.190.4.44",
    "password": "canario-contrasena-8",
    "digits": "59034417",
    "phone number": "+529991234567",
    "token": "c0ffee" * 10,
    "cookie": "visitor=0badcafe0badcafe0badcafe0badcafe",
    "link": "http://hub.home.arpa/technician/enter/Zm9vYmFyY2FuYXJ5",
    "url": "https://user:canary@office.example/v1/enrol",
    "key": "-----BEGIN PRIVATE KEY-----canary",
    "hash": "scrypt:32768:8:1$canary$deadbeef",
    "agent": "Mozilla/5.0 (Linux; Android 9; canary)",
    "path": "/home/rosa/canary",
}
# Of a log: our own sentences with something in their gaps, other programs', and tracebacks.
LOG = [
    "INFO hub.worker: the worker runs 14 jobs",
    "WARNING hub.worker: job upload: {url} was not reached ({ip}); check the address and the connection. (it runs again in 900 seconds)",
    "ERROR hub: POST /technician/enter/<token> failed",
    "Traceback (most recent call last):",
    '  File "/opt/village-hub/lib/hub/technician/routes.py", line 70, in sign_in',
    "    password = '{password}'",
    "peewee.OperationalError: near {name}: syntax error at {mac}",
    "{name} signed in from {ip} with {cookie}",
    "hostapd: wlan0: STA {mac} IEEE 802.11: authenticated",
    "dnsmasq-dhcp[412]: DHCPACK(wlan0) {ip} {mac} telefono-de-{name}",
    "the password is {digits}, call {phone number}, {hash} {key} {token} {agent} {path}",
]


def files_of(data: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {}
        for entry in archive.getmembers():
            file = archive.extractfile(entry)
            assert file is not None
            assert (entry.uid, entry.uname, entry.mtime) == (0, "", 0), "who made it and when is nobody's business"
            found[entry.name.removeprefix("hub-support/")] = file.read().decode()
    return found


def assert_clean(files: dict[str, str]) -> None:
    text = "\n".join(f"{name}\n{content}" for name, content in files.items())
    planted = [*CANARIES.values(), *(part for part in CANARIES["name"].split() if len(part) > 3)]
    planted += [str(wifi) for one in (VILLAGE, SETUP) for wifi in (one.name, one.password)]
    found = [canary for canary in planted if canary.lower() in text.lower()]
    assert found == []
    assert not re.search(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", text, re.IGNORECASE), "an address of a phone"
    assert not re.search(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", text), "an IP address"
    assert not re.search(r"[0-9a-f]{24}", text, re.IGNORECASE), "a key, a hash or a token"
    assert "canar" not in text


def plant_in_database(path: Path) -> int:
    """Every canary in every column that takes text, in a row of each table; returns how many columns took one."""
    planted = 0
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("PRAGMA foreign_keys = 0")
        tables = plain.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
        for (table,) in tables.fetchall():
            if table.startswith("sqlite") or "migrat" in table or table in {"boot", "site", "acceptance", "errand"}:
                continue
            columns = plain.execute(f'PRAGMA table_info("{table}")').fetchall()
            texts = [row[1] for row in columns if row[2].upper() in {"TEXT", "BLOB"}]
            for number, canary in enumerate(CANARIES.values(), start=1):
                for column in texts:
                    try:
                        plain.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (canary, number))
                    except sqlite3.Error:
                        continue
                    planted += 1
    return planted


def a_journal(folder: Path) -> str:
    """A PATH on which journalctl and systemctl tell what they should not."""
    lines = "\n".join(line.format(**CANARIES) for line in LOG)
    (folder / "log").write_text(lines + "\n")
    (folder / "state").write_text(
        f"ActiveState=active\nSubState=running\nNRestarts=3\nMemoryCurrent=48123904\nResult={CANARIES['name']}\n"
        f"Environment=TOKEN={CANARIES['token']}\nExecMainStatus=0\n"
    )
    for name, file in (("journalctl", "log"), ("systemctl", "state")):
        program = folder / name
        program.write_text(f"#!/bin/sh\nexec /bin/cat {folder / file}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{folder}:{os.environ['PATH']}"


def test_of_all_that_is_planted_nothing_is_in_the_file(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.press(browser, "end")
    sentence = f"{CANARIES['url']} was not reached by {CANARIES['name']} ({CANARIES['ip']})."
    note_run("upload", box.clock.moment(), 2.0, sentence)
    note_run(f"job of {CANARIES['name']}", box.clock.moment(), 2.0, sentence)
    with writing():
        note_uplink(error=sentence)
        note_content(url=CANARIES["url"], error=sentence, why=CANARIES["password"])
    box.phone("page", "accepted")
    for name, canary in CANARIES.items():
        place = box.settings.data / "keys" / name.replace(" ", "-")
        place.parent.mkdir(exist_ok=True)
        place.write_text(canary)
    (box.settings.machine / "etc/os-release").write_text(f'ID=debian\nVERSION_ID="12"\nNAME="{CANARIES["name"]}"\n')
    (box.settings.machine / "proc/device-tree/model").write_text(f"Raspberry Pi {CANARIES['mac']}")
    for number, canary in enumerate(CANARIES.values()):
        monkeypatch.setenv(f"CANARY_{number}", canary)
    monkeypatch.setenv("PATH", a_journal(tmp_path))
    assert plant_in_database(box.settings.database) > 20
    files = files_of(bundle(box.settings, box.clock, box.app.extensions["hub"].library))
    assert_clean(files)
    assert set(files) == {"README", "log.txt", *(f"{name}.json" for name in PARTS)}


def test_what_helps_is_in_the_file(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    box.press(browser, "end")
    note_run(
        "upload",
        box.clock.moment(),
        2.0,
        "The disk cannot be read or written (why); run `hub doctor`, then do this again.",
    )
    (box.settings.machine / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    monkeypatch.setenv("PATH", a_journal(tmp_path))
    files = files_of(bundle(box.settings, box.clock, box.app.extensions["hub"].library))
    told = {name: json.loads(content) for name, content in files.items() if name.endswith(".json")}
    checks = {one["name"]: one for one in told["checks.json"]}
    assert checks["database"]["sentence"] == "The database can be read."
    assert checks["heat"]["facts"]["celsius"] == 48
    assert told["settings.json"]["reserve_mb"] == 1
    assert told["versions.json"]["system"] == {"ID": "debian", "VERSION_ID": "12"}
    assert told["versions.json"]["model"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert told["units.json"]["hub-web"] == {
        "ActiveState": "active",
        "SubState": "running",
        "NRestarts": "3",
        "MemoryCurrent": "48123904",
        "ExecMainStatus": "0",
    }
    assert set(told["units.json"]) == set(UNITS)
    jobs = {one["name"]: one for one in told["jobs.json"]}
    assert jobs["upload"]["error"] == "The disk cannot be read or written (…); run `hub doctor`, then do this again."
    assert told["rows.json"]["outbox"] == 1
    assert told["acceptance.json"]["checks"][0]["passed"] is True
    assert told["acceptance.json"]["figures"]["write_mb"] == 21.0
    assert told["network.json"] == {
        "ok": True, "sentence": None, "stage": "setup", "uplink": "cable", "channel": 0,
        "country": "mx", "open": False, "external": False, "share_mb": 0,
    }  # fmt: skip
    log = files["log.txt"]
    assert "hub/technician/routes.py:70 sign_in" in log
    assert "peewee.OperationalError: …" in log
    assert "lines were left out" in log


def test_a_hub_whose_database_is_damaged_has_a_file_all_the_same(box: Box) -> None:
    box.settings.database.write_bytes(b"junk" * 5000)
    for name in ("hub.sqlite3-wal", "hub.sqlite3-shm"):
        (box.settings.data / name).unlink(missing_ok=True)
    database.close()
    files = files_of(bundle(box.settings, box.clock, box.app.extensions["hub"].library))
    assert json.loads(files["versions.json"])["software"].startswith("village-hub")
    assert json.loads(files["rows.json"]) == {"trouble": "DatabaseError"}


def test_the_button_and_the_command_give_the_same_kind_of_file(box: Box, tmp_path: Path) -> None:
    browser = box.signed_in()
    answer = browser.post(f"{PAGE}/support", form_token=browser.form_token(PAGE))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="hub-support.tar.gz"'
    assert answer.headers["Cache-Control"] == "no-store"
    by_page = files_of(answer.data)
    environ = os.environ | {"HUB_DATA": str(box.settings.data), "HUB_MACHINE": str(box.settings.machine)}
    done = subprocess.run([sys.executable, "-m", "hub", "support", "--into", "it.tar.gz"], env=environ, cwd=tmp_path,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Wrote it.tar.gz" in done.stdout
    assert set(files_of((tmp_path / "it.tar.gz").read_bytes())) == set(by_page)
    assert_clean(by_page)


def test_without_a_hub_there_is_nothing_to_tell(tmp_path: Path) -> None:
    environ = os.environ | {"HUB_DATA": str(tmp_path / "none")}
    done = subprocess.run([sys.executable, "-m", "hub", "support"], env=environ, cwd=tmp_path, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert "run `hub setup`" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def known() -> Known:
    return Known.of_program(["upload"])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("The database can be read.", "The database can be read."),
        ("12 of 60 GB are free.", None),  # too few letters to be told from anything else
        ("A worker of this hub runs already; stop it first, or give this one another folder with HUB_DATA.",) * 2,
        ("Rosa signed in from 10.44.0.7", None),
        ("the worker runs 14 jobs", "the worker runs … jobs"),
        ("", None),
        ("…" * 3000, None),
    ],
)
def test_only_sentences_of_the_program_are_told(known: Known, said: str, told: str | None) -> None:
    assert known.told(said) == told


def test_what_stands_in_a_gap_is_told_only_if_it_is_such_a_sentence(known: Known) -> None:
    inner = "The disk cannot be read or written (Rosa); run `hub doctor`, then do this again."
    (told,) = list(log_lines([f"WARNING hub.worker: job upload: {inner} (it runs again in 5 seconds)"], known))[:1]
    assert "Rosa" not in told
    assert "run `hub doctor`, then do this again" in told
    assert told.startswith("job upload: ")


def test_no_log_line_of_a_stranger_gets_through(known: Known) -> None:
    lines = [line.format(**CANARIES) for line in LOG]
    told = "\n".join(log_lines(lines, known))
    assert_clean({"log": told})
    assert "POST" not in told
