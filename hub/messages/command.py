"""Hands a message to the command that sends it: HUB_MESSAGE_COMMAND, with the number as its last word, no shell.

hand_over("hub messages modem /dev/ttyUSB2", "+529991234567", data, stop)      # raises NotHandedOver

The command reads the bytes from its standard input. Exit code 0 means that it handed them over; with any other, what it
wrote to its standard error says why.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import threading
import time
from contextlib import suppress
from os import killpg
from typing import IO, TYPE_CHECKING

from hub.errors import HubError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 300.0  # seconds; a network may take minutes to take an SMS
LOOK_EVERY = 0.2  # seconds
LAST = 400  # letters of what a command says


class NotHandedOver(HubError):
    """The command that sends messages could not; the operator does what its sentence says. It is tried again."""

    exit_code = 69


class PerhapsHandedOver(NotHandedOver):
    """The command was ended before it said whether the message left; it counts as sent."""


def words_of(command: str) -> list[str]:
    """The command as the words that are run. Raises NotHandedOver."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise NotHandedOver(f"HUB_MESSAGE_COMMAND is {command[:80]!r}; write a command as a shell would take it.")
    return words


def hand_over(command: str, to: str, data: bytes, stop: threading.Event, longest: float = LONGEST) -> None:
    """Run the command; raises NotHandedOver, or PerhapsHandedOver if it did not end within `longest` seconds."""
    words = [*words_of(command), *([to] if to else [])]
    try:
        running = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise NotHandedOver(f"The command {words[0]!r} cannot be run ({error.strerror}); mend it.") from None
    said = _Said(running.stderr)
    ended = False
    try:
        _give(running, data)
        ended = _wait(running, stop, longest)
    finally:
        if not ended:
            killpg(running.pid, signal.SIGKILL)  # and whatever it started
            running.wait()
    if stop.is_set() and not ended:
        raise PerhapsHandedOver("The hub was stopped while a message was sent; it may have left.")
    if not ended:
        raise PerhapsHandedOver(f"The command {words[0]!r} was ended after {longest:.0f} seconds; look at its modem.")
    if running.returncode != 0:
        raise NotHandedOver(said.sentence() or f"The command {words[0]!r} ended with exit code {running.returncode}.")


def _give(running: subprocess.Popen[bytes], data: bytes) -> None:
    """A message is shorter than any pipe, so this waits for nobody."""
    assert running.stdin is not None  # noqa: S101 (as it was opened)
    with suppress(BrokenPipeError):
        running.stdin.write(data)
        running.stdin.close()


def _wait(running: subprocess.Popen[bytes], stop: threading.Event, longest: float) -> bool:
    """Whether the command ended by itself, in time and before `stop`."""
    ends = time.monotonic() + longest
    while running.poll() is None:
        if stop.wait(LOOK_EVERY) or time.monotonic() > ends:
            return False
    return True


class _Said:
    """The end of what a command writes, however much that is."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._pipe, self._end = pipe, b""
        self._reader = threading.Thread(target=self._read, daemon=True, name="message")
        self._reader.start()

    def _read(self) -> None:
        while self._pipe and (piece := self._pipe.read1(4096)):  # type: ignore[attr-defined]
            self._end = (self._end + piece)[-4 * LAST :]

    def sentence(self) -> str:
        """The last line, in letters that any log takes."""
        self._reader.join(1.0)
        lines: Sequence[str] = self._end.decode("utf-8", "replace").split("\n")
        line = next((line for line in reversed(lines) if line.strip()), "").strip().removeprefix("hub: ")
        return "".join(letter if letter.isprintable() else " " for letter in line)[:LAST]
