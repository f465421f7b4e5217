"""Sends one SMS through a modem on a serial line, by the AT commands of 3GPP TS 27.005 and 27.007.

    with Modem("/dev/ttyUSB2") as modem:
        modem.send("+529991234567", data)       # raises NoModem with a sentence

Modems echo or do not, chatter in between of calls and signal strength, and lose half a line when they wake up; so every
step names what it waits for, passes over the rest, and gives up at its deadline. Whatever goes wrong, the message that
was begun is taken back (ESC), so that the next try does not type into it.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import termios
import time
import tty
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from hub.messages.command import NotHandedOver
from hub.messages.pdu import submit

if TYPE_CHECKING:
    from pathlib import Path

SPEEDS = {9600: termios.B9600, 19200: termios.B19200, 38400: termios.B38400, 57600: termios.B57600,
          115200: termios.B115200, 230400: termios.B230400, 460800: termios.B460800}  # fmt: skip
ANSWER, PROMPT, NETWORK = 5.0, 10.0, 120.0  # seconds; a network takes its time (27.005 names no limit)
QUIET = 0.3  # seconds after which nothing late is to come
MOST_CHATTER = 64 << 10  # bytes
ESC, END = b"\x1b", b"\x1a"
FINAL = re.compile(rb"(?m)^(OK|ERROR|\+CM[ES] ERROR: ?[^\r\n]*|COMMAND NOT SUPPORT)[ \t]*[\r\n]")
READY = re.compile(FINAL.pattern + rb"|^> ?")
SENT = re.compile(rb"(?m)^\+CMGS: ?\d+[^\r\n]*\r?\n")
REGISTERED = re.compile(rb"\+CREG: ?\d, ?(\d+)")
HOME, ROAMING = b"1", b"5"
NO_CARD = "There is no SIM card in the modem; put one in."
BROKEN_CARD = "The SIM card does not work; try it in a phone."
NO_NETWORK = "The modem finds no network; move its aerial, or wait."
BUSY_CARD = "The SIM card is busy; try again in a minute."
BARRED = "The network bars this SIM card from sending; ask its company."
PIN = "The SIM card asks for its PIN; switch that off in a phone, for nobody is here to type it."
PUK = "The SIM card is locked and asks for its PUK; unlock it in a phone."
BUSY = "The network is busy, or out of order; wait."
# Those that somebody there can mend: TS 27.007 section 9.2, TS 27.005 section 3.2.5.
CME = {10: NO_CARD, 11: PIN, 12: PUK, 13: BROKEN_CARD, 14: BUSY_CARD, 30: NO_NETWORK,
       15: "The SIM card is of another kind; take another one."}  # fmt: skip
CMS = {1: "There is no such number; mend HUB_MESSAGE_TO.", 8: BARRED, 10: BARRED, 21: BARRED, 28: BARRED, 38: BUSY,
       42: BUSY, 50: BARRED, 310: NO_CARD, 311: PIN, 313: BROKEN_CARD, 316: PUK, 331: NO_NETWORK, 332: BUSY,
       330: "The SIM card has no number of a message centre; set it in a phone."}  # fmt: skip


class NoModem(NotHandedOver):
    """The modem, its card or the network did not take the message; the sentence says which and what to do."""


class Modem:
    """One modem, ours alone while it is open."""

    def __init__(self, device: str | Path, speed: int = 115200) -> None:
        self._device, self._speed, self._line = str(device), speed, -1

    def __enter__(self) -> Self:
        """Open the line and set it up: 8 bits, no parity, nothing translated, no wait for a carrier."""
        try:
            self._line = os.open(self._device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._set_up()
        except BlockingIOError:
            self._close()
            raise NoModem(f"Another program uses the modem at {self._device}; stop it, or wait.") from None
        except OSError as error:
            self._close()
            raise NoModem(
                f"The modem at {self._device} cannot be opened ({error.strerror}); see that it is there."
            ) from None
        except termios.error:
            self._close()
            raise NoModem(f"{self._device} is no serial line; name the modem's, such as /dev/ttyUSB2.") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _set_up(self) -> None:
        fcntl.flock(self._line, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tty.setraw(self._line, termios.TCSANOW)
        settings = termios.tcgetattr(self._line)
        settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
        settings[4] = settings[5] = SPEEDS[self._speed]
        termios.tcsetattr(self._line, termios.TCSANOW, settings)
        termios.tcflush(self._line, termios.TCIOFLUSH)

    def _close(self) -> None:
        if self._line >= 0:
            os.close(self._line)
        self._line = -1

    def send(self, number: str, data: bytes) -> None:
        """Send one SMS; returns once the network took it. Raises NoModem or NotHandedOver."""
        pdu, length = submit(number, data)
        try:
            self._wake()
            self._look_at_card()
            self._do("AT+CMGF=0", "The modem knows no binary messages (AT+CMGF=0); take another one.")
            self._submit(pdu, length)
        except OSError:
            raise NoModem(f"The modem at {self._device} went away; plug it in again.") from None

    def _wake(self) -> None:
        """Take back what another program left half done, and see that somebody is there; the first try may be lost."""
        self._write(ESC)
        for _ in range(3):
            self._write(b"AT\r")
            if self._read(FINAL, ANSWER / 2):
                break
        else:
            raise NoModem(f"Nothing answers at {self._device}; see that it is the modem's line for commands.")
        self._drain()
        self._ask("ATE0")  # no echo, where it can
        self._ask("AT+CMEE=1")  # errors by number, where it can

    def _look_at_card(self) -> None:
        answer = self._do("AT+CPIN?", "The SIM card cannot be read; take it out and put it in again.")
        if b"READY" not in answer:
            raise NoModem(PIN if b"SIM PIN" in answer else "The SIM card is locked; unlock it in a phone.")
        network = REGISTERED.search(self._ask("AT+CREG?"))
        if network and network[1] not in {HOME, ROAMING}:
            raise NoModem(NO_NETWORK)

    def _submit(self, pdu: str, length: int) -> None:
        self._write(f"AT+CMGS={length}\r".encode())
        found = self._read(READY, PROMPT)
        if found is None or not found.rstrip().endswith(b">"):
            self._write(ESC)
            raise NoModem(_sentence(found, "The modem did not ask for the message; switch it off and on again."))
        self._write(pdu.encode() + END)
        answer = self._read(FINAL, NETWORK)
        if answer is None:
            self._write(ESC)
            raise NoModem(f"The network did not take the message within {NETWORK:.0f} seconds; wait.")
        if not answer.rstrip().endswith(b"OK") or not SENT.search(answer):
            raise NoModem(_sentence(answer, "The modem did not say that the message was sent; wait."))

    def _ask(self, command: str) -> bytes:
        """What the modem says to `command`, whatever that is."""
        self._write(command.encode() + b"\r")
        return self._read(FINAL, ANSWER) or b""

    def _do(self, command: str, otherwise: str) -> bytes:
        """What the modem says to `command`, which ends with OK. Raises NoModem."""
        answer = self._ask(command)
        if not answer.rstrip().endswith(b"OK"):
            raise NoModem(_sentence(answer, otherwise))
        return answer

    def _is_ready(self, event: int, seconds: float) -> bool:
        """Whether the line takes or gives something in time. Hung up counts: whoever reads or writes finds out."""
        waiting = select.poll()
        waiting.register(self._line, event)
        return bool(waiting.poll(seconds * 1000))

    def _write(self, data: bytes) -> None:
        ends = time.monotonic() + ANSWER
        while data:
            left = max(ends - time.monotonic(), 0)
            if not self._is_ready(select.POLLOUT, left):
                raise NoModem(f"The modem at {self._device} takes nothing; switch it off and on again.")
            data = data[os.write(self._line, data) :]

    def _read(self, expected: re.Pattern[bytes], seconds: float) -> bytes | None:
        """All that comes until `expected` does, with it; None if it does not within `seconds`."""
        ends, heard = time.monotonic() + seconds, b""
        while not (found := expected.search(heard)):
            left = ends - time.monotonic()
            if left <= 0 or len(heard) > MOST_CHATTER or not self._is_ready(select.POLLIN, left):
                return None
            heard += self._piece()
        return heard[: found.end()]

    def _piece(self) -> bytes:
        with suppress(BlockingIOError):
            piece = os.read(self._line, 4096)
            if not piece:
                raise OSError("the line was hung up")
            return piece
        return b""

    def _drain(self) -> None:
        """Let late answers to earlier tries go by."""
        while self._is_ready(select.POLLIN, QUIET):
            self._piece()


def _sentence(answer: bytes | None, otherwise: str) -> str:
    """What the modem's error means, and what to do; `otherwise` if it told none that we know."""
    found = re.search(rb"\+CM([ES]) ERROR: ?([^\r\n]*)", answer or b"")
    if not found:
        return otherwise
    table = CME if found[1] == b"E" else CMS
    text = found[2].decode("ascii", "replace").strip()
    if text.isdecimal() and int(text) in table:
        return table[int(text)]
    if "SIM not inserted" in text:
        return NO_CARD
    return f"{otherwise[:-1]} (+CM{found[1].decode()} ERROR: {text[:40]})."
