"""What systemd hands to this process, and what it is told: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).

    notify("READY=1", "STATUS=answers")     # nothing, where no NOTIFY_SOCKET is named
    seconds = watchdog_pace()               # how often WATCHDOG=1 is due; None without a watchdog
    listener = passed_socket()              # the socket that systemd listens on for us; None without one

Nothing here raises: a process that cannot tell how it fares serves on.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_PASSED = 3  # SD_LISTEN_FDS_START
A_THIRD = 3  # of what systemd waits for; sd_watchdog_enabled(3) advises half of it or less
PATIENCE = 1.0  # seconds, if systemd takes nothing just now


def notify(*words: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell the service manager `words` at once, as in READY=1; whether it was told. Fit for a signal handler."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(PATIENCE)
        # An address that begins with @ is abstract: its first byte is 0 (unix(7)).
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


def passed_socket(environ: Mapping[str, str] = os.environ) -> socket.socket | None:
    """The one socket that systemd listens on for this process, which children do not inherit; None if there is none."""
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS") != "1":
        return None
    os.set_inheritable(FIRST_PASSED, False)
    return socket.socket(fileno=FIRST_PASSED)
