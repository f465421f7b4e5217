"""Stops a process at each of its steps on the disk, by strace, so that a test can look what would be left there.

with Steps(command, environ) as steps:
    for step in steps:              # after each fsync, rename and so on; the process stands still meanwhile
        look()
assert steps.code == 0
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What promises that bytes are on the disk, and what gives them a name.
CALLS = "fsync,fdatasync,syncfs,rename,renameat,renameat2"
STOPPED = "--- stopped by SIGSTOP ---"


class Steps:
    """A process under strace that stands still after each call of CALLS, by its thread `process`.

    `code` is how it ended, once it has.
    """

    def __init__(self, command: list[str], environ: Mapping[str, str], calls: str = CALLS) -> None:
        self._command, self._environ = command, environ
        self._traced = ["strace", "-f", "-qq", "-e", f"trace={calls}", "-e", f"inject={calls}:signal=SIGSTOP"]
        self.code: int | None = None
        self.process = 0

    def __enter__(self) -> Self:
        self._log, write = os.pipe()
        traced = [*self._traced, "-o", f"/dev/fd/{write}", *self._command]
        self._process = subprocess.Popen(traced, env=dict(self._environ), pass_fds=[write], start_new_session=True)
        os.close(write)
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._log)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # what is traced would outlive strace, standing still
        self.code = self._process.wait(20)

    def __iter__(self) -> Iterator[str]:
        """What it did last, each time; it goes on when the next is asked for.

        All threads stand still when one made a call, and each says so: only the word of that one counts.
        """
        done: dict[str, str] = {}
        with open(self._log, closefd=False, encoding="utf-8", errors="replace") as log:
            for line in log:
                process, _, said = line.strip().partition(" ")
                if said.endswith(STOPPED) and process in done:
                    self.process = int(process)
                    yield done.pop(process)
                    os.kill(self.process, signal.SIGCONT)
                elif not said.lstrip().startswith(("---", "+++")):
                    done[process] = said
        self.code = self._process.wait(60)
