"""Several programs run as one, for a laptop: Ctrl-C stops all of them, and the end of one stops the others.

    sys.exit(run_together([["hub", "web"], ["hub", "worker"]]))

On a box systemd does this instead (see systemd/).
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STOP_WITHIN = 15.0  # seconds a program has to write down what it holds
PR_SET_PDEATHSIG = 1  # prctl(2)


def run_together(commands: Sequence[Sequence[str]], started: Callable[[], None] = lambda: None) -> int:
    """Run `commands` side by side, call `started`, and wait; returns the exit code of the first that ended, or 0."""
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    programs: list[subprocess.Popen[bytes]] = []
    try:
        programs += [start(command) for command in commands]
        started()
        while not stopping.wait(0.2):
            ended = [code for program in programs if (code := program.poll()) is not None]
            if ended:
                return ended[0]
        return 0
    finally:
        stop(programs)


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start one program in a session of its own: the terminal's Ctrl-C reaches us alone, and we stop it in order."""
    return subprocess.Popen(command, start_new_session=True, preexec_fn=_end_with_parent)  # noqa: PLW1509


def stop(programs: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask each to end; end by force what has not within STOP_WITHIN seconds."""
    for program in programs:
        program.terminate()
    for program in programs:
        try:
            program.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def _end_with_parent() -> None:
    """Have the kernel end this program when its parent dies, even by `kill -9`."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
