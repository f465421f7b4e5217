"""A whole town for a test: a head office, a hub's web and worker, all real processes, and phones that talk to them.

with Town(tmp_path) as town:
    town.open()                             # publishes the sample course, enrols, starts everything
    phone = Phone(town)
    phone.play("precio-justo/cuanto-te-cuesta", [[0, 12]])
    town.kill("web")                        # kill -9
    town.start("web")
    phone.insist()                          # repeats what is not kept yet, as the page does
    assert town.at_head_office()["plays"] == 1
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "courses"
ITEM = "precio-justo/cuanto-te-cuesta"
QUICK = {
    "HUB_FLUSH_EVERY": "0.3",
    "HUB_ROLL_UP_EVERY": "1",
    "HUB_UPLOAD_EVERY": "1",
    "HUB_SEAL_OPEN_DAYS": "yes",
    "HUB_RESERVE_MB": "1",
}


class Town:
    """One folder, three programs. `environ` adds settings to those of a quick demonstration."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("web", "collector")}
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "COLLECTOR_"))},
            **QUICK,
            "HUB_DATA": str(folder / "hub"),
            "HUB_PORT": str(self.ports["web"]),
            "COLLECTOR_DATA": str(folder / "collector"),
            "COLLECTOR_PORT": str(self.ports["collector"]),
            **(environ or {}),
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for name in list(self.running):
            self.stop(name)

    def open(self) -> None:
        """Publish, import, start head office, enrol, start web and worker."""
        self.fill_library()
        self.start("collector")
        site = json.loads(self.run("collector", "sites", "add", "Prueba", "--time-zone", "America/Merida", "--json"))
        self.run("hub", "setup", "--collector-url", self.office, "--code", site["code"], "--json")
        self.start("web")
        self.start("worker")

    def fill_library(self, courses: Path = SAMPLES) -> Library:
        """Publish `courses` and take them into this hub's library."""
        library = Library(Path(self.environ["HUB_DATA"]) / "library")
        publish(courses, self.folder / "repository")
        import_repository(self.folder / "repository", library)
        return library

    def at(self, path: str) -> str:
        """The hub's page `path`, as a browser asks for it."""
        return f"http://localhost:{self.ports['web']}{path}"

    @property
    def office(self) -> str:
        return f"http://127.0.0.1:{self.ports['collector']}"

    def run(self, program: str, *arguments: str) -> str:
        """Run one command to its end; its output must end well."""
        command = [sys.executable, "-m", program, *arguments]
        done = subprocess.run(
            command, check=False, env=self.environ, cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def start(self, name: str) -> None:
        """Start `web`, `worker` or `collector`, and wait until it answers if it listens."""
        command = ["collector", "serve"] if name == "collector" else ["hub", name]
        log = (self.folder / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", *command], env=self.environ, cwd=ROOT, stdout=log, stderr=log
        )
        log.close()
        if name in self.ports:
            assert until(lambda: self.answers(name)), (self.folder / f"{name}.log").read_text()

    def answers(self, name: str) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/healthz", port=self.ports[name])[0] < 600
        return False

    def kill(self, name: str) -> None:
        """Pull the plug of one process."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(20)

    def stop(self, name: str) -> int:
        """Ask one process to end, as systemd does; returns its exit code."""
        process = self.running.pop(name)
        process.terminate()
        return process.wait(30)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, port: int = 0, **headers: str
    ) -> tuple[int, bytes]:
        """One request on a connection of its own; returns status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.ports["web"], timeout=10)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def at_head_office(self) -> dict[str, Any]:
        """Totals of the one site, as head office's API tells them."""
        status, body = self.ask("GET", "/api/v1/sites", port=self.ports["collector"])
        assert status == 200
        (site,) = json.loads(body)
        totals: dict[str, Any] = site["totals"]
        return totals

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


class Phone:
    """A phone that returns its cookie, and repeats what it reported until the hub says that it is kept."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.visitor = secrets.token_hex(16)
        self.reported: dict[str, dict[str, Any]] = {}
        self.kept: set[str] = set()

    def play(self, item: str, intervals: list[list[float]], group: int = 1) -> str:
        """Report a new play; returns its id. A hub that does not answer is no error: the phone repeats later."""
        play = {"id": secrets.token_hex(16), "item": item, "intervals": intervals, "group": group}
        self.reported[play["id"]] = play
        self.repeat()
        return str(play["id"])

    def repeat(self) -> None:
        """Report all that is not kept yet, as the page does."""
        waiting = [play for name, play in self.reported.items() if name not in self.kept]
        for some in [waiting[i : i + 20] for i in range(0, len(waiting), 20)]:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, body = self.post(json.dumps({"plays": some}).encode())
                assert status == 202, body
                self.kept |= set(json.loads(body)["kept"])

    def post(self, body: bytes) -> tuple[int, bytes]:
        cookie = f"visitor={self.visitor}"
        return self.town.ask("POST", "/usage/events", body, Content_Type="application/json", Cookie=cookie)

    def insist(self) -> None:
        """Repeat until all is kept."""
        assert until(lambda: self.repeat() or len(self.kept) == len(self.reported), 30)


def until(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Whether `condition` came true within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def free_port() -> int:
    """A port that stays free until it is used: below those that the kernel gives to whoever asks for any."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of `megabytes` mounted on `folder`, gone at the end; needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
