"""What systemd is told of head office: sd_notify(3), sd_watchdog_enabled(3). The hub has its own, with more to it.

notify("READY=1", "STATUS=answers")     # nothing, where no NOTIFY_SOCKET is named; never raises
seconds = watchdog_pace()               # how often WATCHDOG=1 is due; None without a watchdog
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

A_THIRD = 3  # of what systemd waits for; sd_watchdog_enabled(3) advises half of it or less
PATIENCE = 1.0  # seconds, if systemd takes nothing just now


def notify(*words: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell the service manager `words` at once; whether it was told. Fit for a signal handler."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(PATIENCE)
        line.sendto("\n".join(words).encode(), "\0" + address[1:] if address.startswith("@") else address)
        return True
    return False


def say_where_it_hangs() -> None:
    """Have SIGABRT, by which systemd ends who hangs, tell the journal where each thread was: lines of code alone."""
    with contextlib.suppress(OSError, ValueError):  # an stderr that is no file
        faulthandler.enable()


def watchdog_pace(environ: Mapping[str, str] = os.environ) -> float | None:
    """Seconds from one WATCHDOG=1 to the next; None if nobody watches this process."""
    told, process = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
    if process != str(os.getpid()) or not told.isdecimal() or int(told) == 0:
        return None
    return int(told) / 1e6 / A_THIRD
