"""A hub on a disk of its own that reports to head office, to be cut off at any step of it.

    village = Village(folder, programs, free_port)
    with village.living():
        left = village.cut_off("kill", 5, "uplink", "send")     # what each fifth step would leave: Left(image, ...)
    for one in left:
        with village.found(one) as box:                         # both come up again
            box.delivers()

What the plug leaves is a copy of the disk's bytes, without what waits in memory; what `kill -9` leaves is such a copy of
the frozen file system, with all that was written. Both keep inodes and times of birth, by which a hub knows its place.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
import requests

from content_cache.library import Library
from hub.backup import open_or_restore
from hub.clock import Boot, Clock
from hub.db import database, writing
from hub.settings import Settings
from hub.site import this_site
from hub.uplink.enrol import enrol
from hub.uplink.seal import roll_up
from tests.faults.disks import Disk, disk_image, mounted
from tests.faults.tracing import Steps
from wire.parcel import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.programs import Ended, Programs

MERIDA = ZoneInfo("America/Merida")
DONE = "fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat"
WRITTEN = f"{DONE},pwrite64"  # what a kill leaves half; write itself is of pipes and sockets as well
LEAST_STEPS = 8
DATABASE = "collector.sqlite3"
CARRIED = re.compile(r"[0-9a-f]{32}\.vhub")


def cuts(**sampled: int) -> pytest.MarkDecorator:
    """A test's (how, every): each so manieth step for `make test`, and each step of both for `make test-long`."""
    each = [pytest.mark.long, pytest.mark.timeout(1800)]
    some = [pytest.param(how, every, id=how) for how, every in sampled.items()]
    all_ = [pytest.param(how, 1, id=f"{how} at each step", marks=each) for how in ("power", "kill")]
    return pytest.mark.parametrize(("how", "every"), [*some, *all_])


class Left(NamedTuple):
    """The hub's disk and head office's folder as they were after a step."""

    image: Path
    office: Path
    after: str


class Village:
    """The hub `dzemul`, enrolled, with some days of use and a boot that never learned the time."""

    def __init__(self, folder: Path, programs: Programs, port: int) -> None:
        self.folder, self.programs, self.port = folder, programs, port
        self.office = folder / "office"
        self.truth: dict[str | None, int] = {}
        self.data = folder / "disk/mount/hub"

    @contextlib.contextmanager
    def living(self) -> Iterator[None]:
        """Its disk is mounted, and head office answers."""
        with disk_image(self.folder / "disk", 8) as self.disk, self.programs.office(self.office, self.port) as address:
            self.address = address
            words = ("collector", "sites", "add", "Dzemul", "--time-zone", "America/Merida", "--json")
            code = json.loads(self.programs.run(*words, COLLECTOR_DATA=str(self.office)).said)["code"]
            with self._opened() as (settings, clock):
                enrol(address, code, settings, clock)
                with writing():
                    lost = Boot.create(boot_id="it never learned the time").id
                    use(lost, 100, 5)
                    self.truth[None] = 5
            self.use(2, 3)
            yield

    def use(self, *days_ago: int) -> None:
        """Downloads on those days, each of another number."""
        with self._opened() as (_, clock):
            today = dt.datetime.now(MERIDA).date()
            began = dt.datetime.now(dt.UTC).timestamp() - clock.since_boot()
            for ago in days_ago:
                day = today - dt.timedelta(days=ago)
                noon = dt.datetime.combine(day, dt.time(12), MERIDA).timestamp()
                with writing():
                    use(clock.boot, noon - began, ago)
                self.truth[day.isoformat()] = ago

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[Settings, Clock]]:
        settings, clock = Settings(data=self.data), Clock()
        open_or_restore(settings, clock)
        try:
            yield settings, clock
        finally:
            database.close()

    def hub(self, *words: str) -> Ended:
        return self.programs.run("hub-starts", *words, HUB_DATA=str(self.data))

    def seal(self) -> None:
        with self._opened() as (settings, clock):
            roll_up(settings, clock, Library(settings.library_root))

    def tell_it(self, **settings: str) -> None:
        """Somebody at head office sets these, and no others, in her browser."""
        hub = requests.get(f"{self.address}/api/v1/hubs", timeout=10).json()[0]["id"]
        form = {"number": "0"} | {name.replace("_", "-"): value for name, value in settings.items()}
        headers = {"Origin": self.address}
        sent = requests.post(
            f"{self.address}/hubs/{hub}/settings", form, headers=headers, allow_redirects=False, timeout=10
        )
        assert sent.status_code == 303, sent.text

    def move_to(self, name: str) -> None:
        """The hub's folder is copied, and the copy goes on."""
        self.data = shutil.copytree(self.data, self.data.with_name(name), symlinks=True)

    def image(self, name: str) -> Path:
        """What is on the disk, all of it written."""
        os.sync()
        return self.disk.cut(self.folder / name)

    @contextlib.contextmanager
    def with_disk(self, image: Path) -> Iterator[None]:
        """Another disk is in the box, in the same place."""
        with mounted(image, self.folder / "disk/mount") as mount:
            before, self.disk = self.disk, Disk(image, mount)
            yield
            self.disk = before

    def cut_off(self, how: str, every: int, *words: str) -> list[Left]:
        """What each step of the command would leave, or each fifth, those that are alike once."""
        os.sync()
        left: dict[bytes, Left] = {}
        command = [sys.executable, "-m", "tests.faults.programs", "hub-starts", *words]
        environ = os.environ | {"HUB_DATA": str(self.data)}
        calls = WRITTEN if how == "kill" else DONE
        with Steps(command, environ, calls) as steps:
            for number, step in enumerate(steps):
                if number % every == 0:
                    one = self._left(how, number, step)
                    left.setdefault(_digest(one), one)
        assert steps.code == 0
        assert number >= LEAST_STEPS, "the steps must reach the disk for this to mean anything"
        print(f"{words[1]}, {how}: {len(left)} states of {number + 1} steps are tried")
        return list(left.values())

    def _left(self, how: str, number: int, step: str) -> Left:
        copy = self.folder / f"{how}-{number}.img"
        if how == "kill":
            subprocess.run(["fsfreeze", "--freeze", self.disk.mount], check=True)
        self.disk.cut(copy)
        if how == "kill":
            subprocess.run(["fsfreeze", "--unfreeze", self.disk.mount], check=True)
        return Left(copy, _copied(self.office, self.folder / f"office-{how}-{number}"), step)

    @contextlib.contextmanager
    def found(self, left: Left) -> Iterator[Box]:
        """The hub and head office come up again with what was left; the ones before are off."""
        with (
            mounted(left.image, self.folder / "after") as mount,
            self.programs.office(left.office, self.port) as address,
        ):
            yield Box(mount / self.data.relative_to(self.folder / "disk/mount"), address, self.programs)


@dataclass(frozen=True)
class Box:
    """A hub that comes up, and its head office."""

    data: Path
    address: str
    programs: Programs

    def hub(self, *words: str) -> dict[str, Any]:
        """What a command says, which starts as web and worker do, and ends well."""
        ended = self.programs.run("hub-starts", *words, HUB_DATA=str(self.data))
        assert ended.code == 0, ended.said
        told = json.loads(ended.said.splitlines()[-1])
        return told[0] if isinstance(told, list) else told

    def bring(self) -> dict[str, Any]:
        """Carry a file to head office and its reply back; what the file held."""
        file = self.data.parent / "carried.vhub"
        up = self.hub("carry", "export", str(file), "--json")
        file.write_bytes(carried(self.address, file))
        self.hub("carry", "import", str(file), "--json")
        file.unlink()
        return up

    def runs(self) -> int:
        """The number of the state that the hub runs, as head office shows it."""
        return int(requests.get(f"{self.address}/api/v1/hubs", timeout=10).json()[0]["running"])

    def shown(self) -> dict[str | None, int]:
        """Downloads by day, as head office shows them; days without any are left out."""
        days = requests.get(f"{self.address}/api/v1/sites/dzemul/days", timeout=10).json()
        return {row["day"]: row["downloads"] for row in days if row["downloads"]}


def carried(address: str, file: Path) -> bytes:
    """Head office's reply to the file."""
    headers = {"Content-Type": MEDIA_TYPE}
    answer = requests.post(f"{address}/v1/parcels", file.read_bytes(), headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.content


def use(boot: int, seconds: float, times: int) -> None:
    """Some downloads in one minute, `seconds` after the boot; within the caller's transaction."""
    database.execute_sql(
        "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads) VALUES (?, ?, ?, ?, 0, ?)",
        (this_site().epoch, boot, seconds, seconds + 60, times),
    )


def forget_its_place(data: Path) -> None:
    """Have the hub in `data` take the next place for its own: copies of it stand for one hub, each time anew."""
    with contextlib.closing(sqlite3.connect(data / "hub.sqlite3")) as database:
        database.execute("DELETE FROM whereabouts")
        database.commit()
    (data / "steps").unlink(missing_ok=True)


def epochs(data: Path) -> int:
    """How many epochs began in the hub of that folder after its first."""
    with contextlib.closing(sqlite3.connect(data / "hub.sqlite3")) as connection:
        return int(connection.execute("SELECT count(*) FROM restored").fetchone()[0])


def files(data: Path) -> set[str]:
    """The names of all that a hub keeps; the file to carry is called by what is in it, and what SQLite keeps varies."""
    names = {str(path.relative_to(data)) for path in data.rglob("*") if path.is_file()}
    return {CARRIED.sub("STATE.vhub", name) for name in names if not name.endswith(("-wal", "-shm"))}


def _copied(office: Path, to: Path) -> Path:
    """Head office as it stands, which may be closing its database just now."""
    shutil.copytree(office, to, ignore=lambda _, names: [name for name in names if ".sqlite3" in name])
    with (
        contextlib.closing(sqlite3.connect(office / DATABASE)) as old,
        contextlib.closing(sqlite3.connect(to / DATABASE)) as new,
    ):
        old.backup(new)
    return to


def _digest(left: Left) -> bytes:
    found = hashlib.sha256(left.image.read_bytes())
    found.update((left.office / DATABASE).read_bytes())
    return found.digest()
