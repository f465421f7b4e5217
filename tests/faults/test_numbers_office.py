"""The plug pulled, and `kill -9`, at each step that head office takes on its disk while it takes numbers in.

The real program on SQLite, on a disk of its own, over a real socket. From each state it comes up again and shows what
it showed before, or all of the new; the same once more is the new, and what it acknowledged lies on the disk.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from tests.collector.sender import FakeHub, Socket
from tests.faults.disks import disk_image, mounted, need
from tests.faults.programs import Programs, answers
from tests.faults.reporting import DONE, WRITTEN, cuts
from tests.faults.tracing import Steps
from tests.town import until
from wire.parcel import pack
from wire.sealing import name_of
from wire.summary import Undated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.disks import Disk

BOOT = b"boot"


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    need("strace", "mkfs.ext4", "fsfreeze")
    with Programs() as running:
        yield running


class Office:
    """Head office, with one hub that has told a part without a date, and what may be done to it."""

    def __init__(self, folder: Path, programs: Programs, port: int) -> None:
        self.folder, self.programs, self.port = folder, programs, port
        self.address = f"http://127.0.0.1:{port}"
        self.hub = FakeHub(Socket(self.address))

    def prepare(self, data: Path) -> None:
        words = ("collector", "sites", "add", "Dzemul", "--time-zone", "America/Merida", "--json")
        code = json.loads(self.programs.run(*words, COLLECTOR_DATA=str(data)).said)["code"]
        with self.programs.office(data, self.port):
            self.hub.enrol(code)
            bounds = Undated(BOOT, 0, after=None, before=dt.date(2026, 2, 28))
            part = self.hub.sealed(day=None, undated=bounds, boots=(BOOT,), plays=7)
            assert self.hub.send(part, speaks=2).acknowledged
            days = [dt.date(2026, 2, number) for number in (1, 2, 3)]
            records = [self.hub.sealed(day=day, plays=5) for day in days]
            self.body = self.hub.body(records, secrets.token_bytes(16), speaks=2)
            office = self.hub.welcome
            self.parcel = pack(
                [self.body],
                to=name_of(office.collector_key),
                reader=X25519PublicKey.from_public_bytes(office.sealing_key),
            )
            self.undated = requests.get(f"{self.address}/api/v1/inbox", timeout=10).json()["undated"][0]["id"]

    def batch(self) -> requests.Response:
        return requests.post(f"{self.address}/v1/summaries", self.body, timeout=60)

    def file(self) -> requests.Response:
        return requests.post(f"{self.address}/v1/parcels", self.parcel, timeout=60)

    def place(self) -> requests.Response:
        said = {"day": "2026-02-14", "by": "Ana", "note": "She was there."}
        return requests.post(f"{self.address}/api/v1/inbox/undated/{self.undated}", json=said, timeout=60)

    def settings(self) -> requests.Response:
        form, headers = {"number": "0", "daily-mb": "7"}, {"Origin": self.address}
        place = f"{self.address}/hubs/{self.hub.id.hex()}/settings"
        return requests.post(place, form, headers=headers, allow_redirects=False, timeout=60)

    def shown(self) -> list[Any]:
        """All that head office shows which these change."""
        inbox = self._get("/api/v1/inbox")
        state = self._get(f"/api/v1/hubs/{self.hub.id.hex()}/state")
        placed = [(row["id"], row["placed"]) for row in inbox["undated"]]
        return [self._get("/api/v1/sites/dzemul/days"), placed, state["number"], state["settings"], inbox["set_aside"]]

    def _get(self, path: str) -> Any:
        return requests.get(self.address + path, timeout=10).json()


class Watched:
    """What each step leaves while somebody asks something of a head office that is traced from its start."""

    def __init__(self, office: Office, how: str, every: int) -> None:
        self.office, self.how, self.every = office, how, every
        self.left: dict[bytes, Path] = {}

    def ask(self, disk: Disk, act: Callable[[], requests.Response]) -> None:
        command = [sys.executable, "-m", "tests.faults.programs", "collector", "serve"]
        environ = os.environ | {"COLLECTOR_DATA": str(disk.mount / "office"), "COLLECTOR_PORT": str(self.office.port)}
        asking = threading.Thread(target=self._ask, args=[disk, act])
        with Steps(command, environ, WRITTEN if self.how == "kill" else DONE) as self.steps:
            asking.start()
            for number, _step in enumerate(self.steps):
                if number % self.every == 0:
                    self._keep(disk, self.office.folder / f"{number}.img")
        asking.join()
        assert self.answer.status_code < 400, self.answer.text
        print(f"{self.how}: {len(self.left)} states of {number + 1} steps are tried")

    def _ask(self, disk: Disk, act: Callable[[], requests.Response]) -> None:
        assert until(lambda: answers(self.office.address), 60)
        self.answer = act()
        self.acknowledged = disk.cut(self.office.folder / "acknowledged.img")
        os.kill(self.steps.process, 15)

    def _keep(self, disk: Disk, copy: Path) -> None:
        if self.how == "kill":
            subprocess.run(["fsfreeze", "--freeze", disk.mount], check=True)
        disk.cut(copy)
        if self.how == "kill":
            subprocess.run(["fsfreeze", "--unfreeze", disk.mount], check=True)
        self.left.setdefault(hashlib.sha256(copy.read_bytes()).digest(), copy)


def cut_off(what: str, **sampled: int) -> list[Any]:
    return [pytest.param(what, *one.values, id=f"{what}, {one.id}", marks=one.marks) for one in cuts(**sampled).args[1]]


@pytest.mark.parametrize(
    ("what", "how", "every"),
    [*cut_off("batch", kill=19), *cut_off("file", power=5), *cut_off("place", kill=19), *cut_off("settings", power=5)],
)
def test_head_office_cut_off_at_any_step_shows_the_old_or_all_of_the_new(
    tmp_path: Path, programs: Programs, free_port: int, what: str, how: str, every: int
) -> None:
    office = Office(tmp_path, programs, free_port)
    act = getattr(office, what)
    with disk_image(tmp_path / "disk", 8) as disk:
        data = disk.mount / "office"
        office.prepare(data)
        with programs.office(data, free_port):
            before = office.shown()
        os.sync()
        watched = Watched(office, how, every)
        watched.ask(disk, act)
        with programs.office(data, free_port):
            new = office.shown()
    assert new != before
    with mounted(watched.acknowledged, tmp_path / "after") as after, programs.office(after / "office", free_port):
        assert office.shown() == new, "what it said yes to must lie on the disk"
    for image in watched.left.values():
        with mounted(image, tmp_path / "after") as after, programs.office(after / "office", free_port):
            assert office.shown() in (before, new)
            act()
            assert office.shown() == new, "the same once more, as who had no answer does"
            assert not list((after / "office").rglob(".*"))
