"""A file for whoever helps from afar: how this hub fares, and nothing that is secret or somebody's.

    data = bundle(settings, clock, library)     # a .tar.gz, some 20 KB

Built by what may be in it, not by what may not: numbers, yes and no, words of the program's own lists, and sentences
that stand in its source with whatever stood in their gaps left out (known.py). So there are no keys, passwords, tokens,
links, addresses, names of people or networks in it, whatever the log, the database or the settings hold.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import platform
import re
import sqlite3
import subprocess
import tarfile
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from peewee import PeeweeException

from content_cache.errors import ContentError
from hub.acceptance.inforce import KIND
from hub.acceptance.known import Known
from hub.acceptance.machine import machine_checks
from hub.acceptance.models import Acceptance, errand
from hub.acceptance.results import ORDER, kept
from hub.backup import snapshots
from hub.box.files import text
from hub.box.memory import memory
from hub.box.orders import ordered, outcome
from hub.box.storage import storage
from hub.clock import ago
from hub.content.checks import content_checks
from hub.content.models import state as content_state
from hub.db import database
from hub.health.checks import Check, check_database
from hub.network.record import BadNetwork, decode
from hub.runs import JobRun
from hub.site import this_site
from hub.technician.look import all_checks
from hub.uplink.ledger import bytes_by_kind
from hub.uplink.models import state as uplink_state
from hub.uplink.status import status
from hub.version import SOFTWARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings

FILE = "hub-support.tar.gz"
README = """\
What a village hub tells of itself to whoever helps: numbers, yes and no, and the program's own sentences.
What stood in the gaps of a sentence is left out ("…"). There are no passwords, keys, addresses or names in it.
"""
UNITS = ("hub-web", "hub-worker", "hub-access-point", "hub-names", "hub-network", "hub-first-boot", "hub-power")
OUR_LOGS = ("hub-web", "hub-worker", "hub-network", "hub-first-boot", "hub-power")  # the others name phones
OF_A_UNIT = ("ActiveState", "SubState", "Result", "NRestarts", "MemoryCurrent", "MemoryPeak", "ExecMainStatus")
PACKAGES = ("APScheduler", "cryptography", "Flask", "msgspec", "peewee", "requests", "tuf", "waitress", "zstandard")
LINES = 400  # of the log
WORD = re.compile(r"[a-z0-9-]{1,40}")
FRAME = re.compile(r'\s*File ".*/((?:hub|content_cache|wire)/[a-z0-9_/]+\.py)", line (\d+), in ([A-Za-z_<>]{1,60})')
RAISED = re.compile(r"([A-Za-z_.]{3,80}(?:Error|Exception|Refused|NoAnswer|NoSpace)): .*")
JOB = re.compile(r"\bjob ([a-z ]{1,30}): (.*?)(?: \(it runs again in [0-9.e+]+ seconds\))?$")
ASK = 10.0  # seconds for another program's answer


def bundle(settings: Settings, clock: Clock, library: Library) -> bytes:
    """The bytes of the archive. A part that cannot be made says so, and the others are there."""
    known = Known.of_program(_job_names())
    parts: dict[str, Callable[[], object]] = {
        "checks.json": lambda: _checks(settings, clock, library, known),
        "settings.json": lambda: _settings(settings),
        "versions.json": lambda: _versions(settings),
        "units.json": _units,
        "log.txt": lambda: "\n".join(_log(known)),
        "rows.json": _rows,
        "jobs.json": lambda: _jobs(clock, known),
        "disk.json": lambda: _disk(settings, library),
        "uplink.json": lambda: _uplink(settings, clock, known),
        "content.json": lambda: _content(library, known),
        "network.json": lambda: _network(settings, known),
        "acceptance.json": _acceptance,
    }
    made = {"README": README} | {name: _made(part) for name, part in parts.items()}
    return _packed(made)


def _made(part: Callable[[], object]) -> str:
    try:
        found = part()
    except (OSError, PeeweeException, ContentError, ValueError) as error:
        found = {"trouble": type(error).__name__}
    return found if isinstance(found, str) else json.dumps(found, indent=1, sort_keys=True)


def _packed(files: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in files.items():
            data = content.encode()
            entry = tarfile.TarInfo(f"hub-support/{name}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def _plain(values: dict[str, Any]) -> dict[str, object]:
    """Those that are numbers, yes or no, or nothing."""
    return {name: value for name, value in values.items() if value is None or isinstance(value, bool | int | float)}


def _word(value: object) -> str | None:
    """A word of our own lists is short and plain; anything else is left out."""
    return value if isinstance(value, str) and WORD.fullmatch(value) else None


def _checks(settings: Settings, clock: Clock, library: Library, known: Known) -> object:
    checks = all_checks(settings, clock, library) if check_database().ok else [check_database()]
    checks += content_checks(settings, clock, library) + machine_checks(settings, clock, library)
    return [_check(check, known) for check in checks]


def _check(check: Check, known: Known) -> dict[str, object]:
    told = {"name": check.name, "ok": check.ok, "sentence": known.told(check.sentence)}
    facts = {name: value for name, value in check.facts.items() if name not in {"number", "code"}}
    return told | {"facts": _plain(facts)}


def _settings(settings: Settings) -> object:
    return _plain({field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)})


def _versions(settings: Settings) -> object:
    return {
        "software": SOFTWARE,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "kernel": os.uname().release,
        "machine": os.uname().machine,
        "model": _model(settings),
        "system": dict(_release(settings)),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _model(settings: Settings) -> str | None:
    told = text(settings.machine / "proc/device-tree/model").rstrip("\0")
    return told if re.fullmatch(r"Raspberry Pi [A-Za-z0-9 .+]{1,40}", told) else None


def _release(settings: Settings) -> Iterator[tuple[str, str]]:
    for line in text(settings.machine / "etc/os-release").splitlines():
        name, _, value = line.partition("=")
        if name in {"ID", "VERSION_ID"} and re.fullmatch(r'"?[a-z0-9.]{1,20}"?', value):
            yield name, value.strip('"')


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _units() -> object:
    return {unit: _unit(unit) for unit in UNITS}


def _unit(unit: str) -> dict[str, str]:
    lines = _asked("systemctl", "show", f"{unit}.service", f"--property={','.join(OF_A_UNIT)}")
    pairs = (line.partition("=")[::2] for line in lines)
    return {name: value for name, value in pairs if name in OF_A_UNIT and WORD.fullmatch(value)}


def _asked(*command: str) -> list[str]:
    """The lines that another program prints; none where it is missing."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=ASK, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode("utf-8", errors="replace").splitlines()


def _log(known: Known) -> Iterator[str]:
    """Recent lines of our units, as far as they are the program's own words."""
    units = [word for unit in OUR_LOGS for word in ("-u", f"{unit}.service")]
    return log_lines(_asked("journalctl", "-q", "--no-pager", "-o", "cat", "-n", str(LINES), *units), known)


def log_lines(lines: list[str], known: Known) -> Iterator[str]:
    """Of each line what may be told, and how many were left out."""
    left_out = 0
    for line in lines:
        told = _told(line, known)
        if told is None:
            left_out += 1
        else:
            yield told
    yield f"({left_out} lines were left out)"


def _told(line: str, known: Known) -> str | None:
    if frame := FRAME.match(line):
        return f"  {frame[1]}:{frame[2]} {frame[3]}"
    if raised := RAISED.fullmatch(line.strip()):
        return f"{raised[1]}: {known.told(line.partition(': ')[2]) or '…'}"
    if (job := JOB.search(line)) and known.is_word(job[1]):
        return f"job {job[1]}: {known.told(job[2]) or '…'}"
    for start in (line, line.partition(": ")[2], line.partition(": ")[2].partition(": ")[2]):
        if start and (told := known.told(start)):
            return told
    return None


def _rows() -> object:
    tables = database.execute_sql("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    names = sorted(name for (name,) in tables if re.fullmatch(r"[a-z0-9_]{1,40}", name))
    return {name: database.execute_sql(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


def _job_names() -> list[str]:
    try:
        names = [str(run.name) for run in JobRun.select()]
        return [name for name in names if WORD.fullmatch(name.replace(" ", "-"))]
    except PeeweeException:
        return []


def _jobs(clock: Clock, known: Known) -> object:
    names = set(_job_names())
    return [_job(run, clock, known) for run in list(JobRun.select()) if run.name in names]


def _job(run: JobRun, clock: Clock, known: Known) -> dict[str, object]:
    return {
        "name": str(run.name),
        "seconds_ago": ago(run.ran, clock),
        "took": run.took,
        "failed": run.failed,
        "error": known.told(run.error) if run.error else None,
    }


def _disk(settings: Settings, library: Library) -> object:
    free, lies_on, room = os.statvfs(settings.data), storage(settings.data, settings.machine), memory(settings.machine)
    kept_ones = snapshots(settings)
    return {
        "bytes": free.f_blocks * free.f_frsize,
        "free": free.f_bavail * free.f_frsize,
        "files_free": free.f_favail,
        "database": settings.database.stat().st_size,
        "snapshots": {"count": len(kept_ones), "bytes": sum(path.stat().st_size for path in kept_ones)},
        "damaged": len(library.store.damaged()),
        "storage": {"kind": lies_on.kind, "system": _word(lies_on.system)} | _plain(vars(lies_on)),
        "memory": None if room is None else _plain(vars(room)),
    }


def _uplink(settings: Settings, clock: Clock, known: Known) -> object:
    found, row = status(settings, clock), uplink_state()
    plain = _plain(vars(found)) | {"failures": row.failures, "crossed": bytes_by_kind()}
    reached = found.last_reached
    plain["reached_seconds_ago"] = ago(reached, clock) if reached else None
    return plain | {"error": known.told(found.last_error) if found.last_error else None, "line": this_site().has_line}


def _content(library: Library, known: Known) -> object:
    row = content_state()
    plain = {"release": library.number(), "held": library.held(), "failures": row.failures, "why": _word(row.why)}
    return plain | {"error": known.told(row.error) if row.error else None}


def _network(settings: Settings, known: Known) -> object:
    """How the network is set up, without its names and passwords."""
    told, data = outcome(settings, KIND) or {}, ordered(settings, KIND)
    found: dict[str, object] = {"ok": bool(told.get("ok")), "sentence": known.told(str(told.get("sentence", "")))}
    try:
        network = decode(data) if data else None
    except BadNetwork:
        network = None
    if network is None:
        return found
    return found | {
        "stage": network.stage,
        "uplink": network.uplink,
        "channel": network.channel,
        "country": _word(network.country.lower()) if len(network.country) == 2 else None,
        "open": network.village.password is None,
        "external": bool(network.access_point),
        "share_mb": network.share_mb,
    }


def _acceptance() -> object:
    work = errand()
    checks = [
        {
            "number": row.number,
            "passed": row.passed,
            "rows": {one.name: one.status for one in kept(row).rows if one.name in ORDER},
        }
        for row in Acceptance.select().order_by(Acceptance.number.desc()).limit(20)
    ]
    card = json.loads(work.card) if work.card else None
    return {
        "checks": checks,
        "card": _word(work.card_word),
        "figures": _plain(card) if isinstance(card, dict) else None,
    }
