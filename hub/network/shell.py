"""Runs the machine's own programs, each bounded in time; what goes wrong is a result, never an exception.

done = run(["nft", "-f", "rules.nft"])
done.ok, done.text                          # what it wrote, both streams
run(["hostapd", file], until="interface state")     # stopped once it has written this
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 20.0
LARGEST = 4 * 1024 * 1024  # bytes of output; a scan of a busy town has some hundred KB
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Done(NamedTuple):
    """How it ended. `code` is None if it did not: it ran until its time was over, or wrote what it was run for."""

    code: int | None
    text: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def reason(self) -> str:
        """Its last words, for a sentence."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        return lines[-1][:200] if lines else f"code {self.code}"


class Run(Protocol):
    def __call__(self, words: Sequence[str], *, seconds: float = ..., until: str = ...) -> Done: ...


def run(words: Sequence[str], *, seconds: float = SECONDS, until: str = "") -> Done:
    """Run a program for at most `seconds`, or until it has written `until`."""
    environ = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{PATH}".lstrip(":"), "LC_ALL": "C.UTF-8"}
    try:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ
        )
    except OSError as error:
        return Done(127, f"{words[0]}: {error.strerror}")
    text, ended = _read(process, time.monotonic() + seconds, until.encode())
    code = _wait(process) if ended else None
    if not ended:
        _stop(process)
    if process.stdout:
        process.stdout.close()
    return Done(code, text)


def _read(process: subprocess.Popen[bytes], deadline: float, until: bytes) -> tuple[str, bool]:
    """(what it wrote, whether it ended by itself)."""
    found = bytearray()
    output = process.stdout
    with selectors.DefaultSelector() as waiting:
        if output is None:
            return "", False
        waiting.register(output, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and len(found) < LARGEST:
            if not waiting.select(left):
                continue
            piece = os.read(output.fileno(), 65_536)
            found += piece
            if not piece:
                return _text(found), True
            if until and until in found:
                break
    return _text(found), False


def _text(found: bytearray) -> str:
    return bytes(found).decode("utf-8", "replace")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # What became another user may be beyond our reach; it is left to systemd then, which ends all of a service.
    with contextlib.suppress(PermissionError):
        process.terminate()
        _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    """Its exit code; it is killed if it does not end within three seconds."""
    try:
        return process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
