"""Network namespaces (namespaces(7)) without a name: a socket or a program of a test may live in one.

    with Namespace() as hub, Namespace() as phone:
        hub.ip(f"link add p0 type veth peer name wlan0 netns {phone.path}", "link set p0 up")
        hub.start("dnsmasq", "--keep-in-foreground", log=tmp_path / "dnsmasq.log")      # a Popen
        phone.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"?", ("10.44.0.1", 53))

Only this process holds them, so they end with it, however it ends, and two test runs cannot meet. The machine's own
network is never touched: a thread that entered one leaves it before it does anything else.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CLONE_NEWNET = 0x40000000
ROOT = 0
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """One network stack: its own interfaces, routes and rules; only the loopback at first, and that is down."""

    def __init__(self) -> None:
        self.number = _made()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it; the kernel ends it when no program and no socket lives there any more."""
        if self.number >= 0:
            os.close(self.number)
        self.number = -1

    @property
    def path(self) -> str:
        """Where `ip` and `nsenter` find it."""
        return f"/proc/{os.getpid()}/fd/{self.number}"

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread's new sockets are made there until the end of the block."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _enter(self.number)
            try:
                yield
            finally:
                _enter(home)
        finally:
            os.close(home)

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket that stays there, whichever thread uses it."""
        with self.entered():
            return socket.socket(family, kind, protocol)

    def run(self, *command: str, given: str = "") -> str:
        """What a command there says; it must end well."""
        done = subprocess.run(
            ["nsenter", f"--net={self.path}", *command],
            check=False,
            input=given,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{given}{done.stderr}{done.stdout}"
        return done.stdout

    def ip(self, *lines: str) -> None:
        """Commands of ip(8) and bridge(8), in one go each."""
        for program in ("ip", "bridge"):
            wanted = [line.removeprefix("bridge ") for line in lines if line.startswith("bridge ") == (program != "ip")]
            if wanted:
                self.run(program, "-batch", "-", given="\n".join(wanted) + "\n")

    def start(
        self, *command: str, log: Path, environ: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """A program there, in a process group of its own; what it says goes to `log`."""
        with log.open("ab") as file:
            return subprocess.Popen(
                ["nsenter", f"--net={self.path}", *command],
                env=environ,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )


def need(*programs: str) -> None:
    """Skip where the lab cannot be built, and say what it lacks."""
    if os.geteuid() != ROOT:
        pytest.skip("network namespaces are made by root alone")
    for program in ("ip", "bridge", "nsenter", *programs):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    try:
        Namespace().close()
    except OSError as error:
        pytest.skip(f"no network namespace can be made here: {error}")


def _made() -> int:
    """A descriptor of a new namespace, made by a thread that ends there and then."""
    made: list[int] = []
    failed: list[OSError] = []

    def make() -> None:
        try:
            _checked(_libc.unshare(CLONE_NEWNET))
            made.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def _enter(number: int) -> None:
    _checked(_libc.setns(number, CLONE_NEWNET))


def _checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
