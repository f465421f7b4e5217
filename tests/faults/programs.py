"""Programs of a hub and of head office as processes of their own, without the second that Python takes to import them.

    with Programs() as programs:
        ended = programs.run("hub", "uplink", "status", HUB_DATA="var/hub")         # Ended(code, said)
        with programs.office(folder, port):                                         # `collector serve`, until killed
            ...

One process imports everything and forks for each; all that a program does on its disk it does as if it were alone.
`hub-starts` does what web and worker do when they start, and then the command: a box that comes up and reports.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import requests

from collector.cli import main as collector_main
from collector.errors import CollectorError
from collector.settings import Settings as OfficeSettings
from hub.backup import open_or_restore
from hub.cli import main as hub_main
from hub.settings import Settings
from tests.faults.failing import FAILS, spending
from tests.town import until

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ended(NamedTuple):
    """How a program ended, negative by a signal, and all that it said."""

    code: int
    said: str


def hub_starts() -> None:
    """What `hub web` and `hub worker` begin with, and then a command."""
    open_or_restore(Settings.load())
    hub_main()


def collector_takes() -> None:
    """Head office takes in the batch in a file, in the thread whose calls strace counts; exit code 75 if it does not."""
    from collector.app import create_app

    try:
        client = create_app(OfficeSettings.load()).test_client()
    except CollectorError as error:
        sys.stderr.write(f"collector: {error}\n")
        sys.exit(error.exit_code)
    answer = client.post("/v1/summaries", data=Path(sys.argv[1]).read_bytes())
    if answer.status_code != 200:
        sys.stderr.write(f"{answer.status_code} {answer.json['error']}\n")
        sys.exit(75)


# What commands import when they are called; in the process that forks it is there already.
EARLY = (
    "collector.app", "collector.commands.serve", "collector.names.watch", "collector.server", "hub.carry.back",
    "hub.carry.sticks", "hub.commands.carry", "hub.commands.uplink", "hub.downlink.apply", "hub.uplink.deliver",
)  # fmt: skip
UNTOUCHED = 99  # the exit code of a program that made fewer calls than the one that was to fail
PROGRAMS = {"hub": hub_main, "hub-starts": hub_starts, "collector": collector_main, "collector-takes": collector_takes}


class Programs:
    """The process that forks. With `fails`, such as ("fdatasync", "EIO"), one such call of each program may fail."""

    def __init__(self, fails: tuple[str, str] | None = None) -> None:
        self._fails = fails

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        self._said = Path(self._folder.name) / "said"
        command = [*self._under_strace(), sys.executable, "-m", "tests.faults.programs"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def _under_strace(self) -> list[str]:
        if self._fails is None:
            return []
        call, error = self._fails
        inject = f"inject={call}:error={error}:when={FAILS}"
        return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]

    def __exit__(self, *_error: object) -> None:
        self._ask([])
        self._process.wait(20)
        self._folder.cleanup()

    def run(self, *words: str, failing: int = 0, **environ: str) -> Ended:
        """Run a program to its end; its call number `failing` fails."""
        self._ask(["start", words, environ | self._spent(failing), str(self._said)])
        return Ended(self._ask(["wait"]), self._said.read_text())

    @contextlib.contextmanager
    def office(self, folder: Path, port: int) -> Iterator[str]:
        """Head office on `folder`, killed at the end; gives its address."""
        address = f"http://127.0.0.1:{port}"
        environ = {"COLLECTOR_DATA": str(folder), "COLLECTOR_PORT": str(port)}
        self._ask(["start", ["collector", "serve"], environ, f"{folder}.log"])
        try:
            assert until(lambda: answers(address), 20), Path(f"{folder}.log").read_text()
            yield address
        finally:
            self._ask(["kill"])

    def _spent(self, failing: int) -> dict[str, str]:
        return {"SPEND": f"{FAILS - failing} {self._fails[0]} {self._folder.name}"} if failing and self._fails else {}

    def _ask(self, what: list[object]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def answers(address: str) -> bool:
    """Whether head office answers there."""
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{address}/healthz", timeout=5).ok
    return False


def main() -> None:
    """Do what the lines on standard input ask for, one at a time: start a program, wait for the last, kill it."""
    for module in EARLY:
        importlib.import_module(module)
    started: list[int] = []
    for line in sys.stdin:
        asked = json.loads(line)
        if not asked:
            break
        if asked[0] == "start":
            started.append(start(*asked[1:]))
            print(started[-1], flush=True)
            continue
        if asked[0] == "kill":
            os.kill(started[-1], signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(started.pop(), 0)[1]), flush=True)
    print(0, flush=True)


def start(words: list[str], environ: dict[str, str], said: str) -> int:
    """Fork a process that is the program; gives its number."""
    number = os.fork()
    if number:
        return number
    os.environ.update(environ)
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    what = environ.get("SPEND")
    if what:
        spend(*what.split())
    code = be(words)
    os._exit(UNTOUCHED if what and has_more(*what.split()) else code)


def spend(times: str, call: str, folder: str) -> None:
    """Make so many of the calls, so that the one that fails is where it should be."""
    with spending(call, Path(folder)) as one:
        for _ in range(int(times)):
            one()


def has_more(_times: str, call: str, folder: str) -> bool:
    """Whether the call that fails is still to come."""
    try:
        spend(str(FAILS), call, folder)
    except OSError:
        return True
    return False


def be(words: list[str]) -> int:
    """Be the program `words`; gives its exit code."""
    sys.argv = list(words)
    code = 0
    try:
        PROGRAMS[words[0]]()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 (the test is to see it)
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    sys.exit(be(sys.argv[1:])) if sys.argv[1:] else main()
