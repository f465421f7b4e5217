"""A service manager, as far as one program sees it: a socket that is told how it fares, and a watchdog that counts.

with Manager(tmp_path, watchdog=1.5) as manager:
    process = manager.start(["hub", "web"], environ)
    assert manager.hears("READY=1")
    process.send_signal(signal.SIGSTOP)
    assert manager.expires()                # no WATCHDOG=1 for as long as systemd would wait
    manager.end_by_watchdog(process)        # as systemd ends it
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

from tests.town import ROOT, until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FED = "WATCHDOG=1"
# What systemd does between fork and exec for a unit with a socket: it lies at descriptor 3, and the process is named.
PASS_ON = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3);"
    "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)


class Manager:
    """`watchdog` in seconds, as a unit's WatchdogSec=; `abstract`: at an address that is no file."""

    def __init__(self, folder: Path, watchdog: float = 0, *, abstract: bool = False) -> None:
        path = str(folder / "notify")
        self.address = f"@{path}" if abstract else path
        self.folder, self.watchdog = folder, watchdog
        self.said: list[str] = []
        self.last_fed = time.monotonic()
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind("\0" + path if abstract else path)
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._listening.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait(20)
        self._line.shutdown(socket.SHUT_RDWR)
        self._listening.join(5)
        self._line.close()

    def _listen(self) -> None:
        while told := self._line.recv(65_536):
            words = told.decode().splitlines()
            if FED in words:
                self.last_fed = time.monotonic()
            self.said += words

    def start(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        *,
        listener: socket.socket | None = None,
        patched: str = "",
    ) -> subprocess.Popen[bytes]:
        """Start `python -m <words>`, its output in the file `log`.

        With `listener`, that is passed on. `patched` is Python that runs first, to have something go wrong.
        """
        told = {"NOTIFY_SOCKET": self.address}
        if self.watchdog:
            told["WATCHDOG_USEC"] = str(int(self.watchdog * 1e6))
        program, *arguments = words
        run = ["-m", program, *arguments]
        if patched:
            run = ["-c", f"{patched}\nimport runpy\nrunpy.run_module({program!r}, run_name='__main__')", *arguments]
        passed = () if listener is None else (listener.fileno(),)
        if listener is not None:
            run = ["-c", PASS_ON, str(listener.fileno()), *run]
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *run], env={**environ, **told}, cwd=ROOT, stdout=log, stderr=log, pass_fds=passed
            )
        self._processes.append(process)
        return process

    @property
    def log_file(self) -> Path:
        return self.folder / "log"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def hears(self, word: str, seconds: float = 20) -> bool:
        """Whether `word` is said within `seconds`, as READY=1 or the beginning of STATUS=."""
        return until(lambda: any(said.startswith(word) for said in tuple(self.said)), seconds)

    def is_fed(self, times: int, seconds: float = 30) -> bool:
        """Whether it is fed so many times from now on, within `seconds`."""
        wanted = self.said.count(FED) + times
        return until(lambda: self.said.count(FED) >= wanted, seconds)

    def expires(self, seconds: float = 30) -> bool:
        """Whether the watchdog runs out within `seconds`."""
        return until(lambda: time.monotonic() - self.last_fed > self.watchdog, seconds)

    def end_by_watchdog(self, process: subprocess.Popen[bytes]) -> int:
        """End it as systemd does then (WatchdogSignal= and what follows it); gives the exit code."""
        process.send_signal(signal.SIGABRT)
        process.send_signal(signal.SIGCONT)
        return process.wait(20)


def without_settings(**settings: str) -> dict[str, str]:
    """The environment of a test with these settings alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "COLLECTOR_"))}
    return kept | settings
