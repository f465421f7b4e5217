"""A modem on a pseudo-terminal that sends SMS nowhere: it takes AT commands as TS 27.005 says, and behaves badly on
demand.

    with FakeModem(chatter=True) as modem:
        ...                                 # hub messages modem <modem.device> +529991234567
        modem.sent                          # [Sms(number="+529991234567", data=b"...")]

It decodes what it is given by itself, by TS 23.040, and shares no code with what encodes it.
"""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class Sms(NamedTuple):
    """What a phone would get."""

    number: str
    data: bytes


class FakeModem:
    """`answers` overrule what a command is answered; `echo`, `chatter` and `slow` (a byte at a time) are bad manners.

    `deaf` never answers, `deaf_at_first` loses the first lines, `no_prompt` answers the message's command with nothing,
    `hangs_up` goes away in mid-message, `loses_answer` sends and then says nothing.
    """

    def __init__(
        self, answers: dict[str, str] | None = None, *, echo: bool = True, chatter: bool = False, slow: bool = False,
        deaf: bool = False, deaf_at_first: int = 0, no_prompt: bool = False, hangs_up: bool = False,
        loses_answer: bool = False,
    ) -> None:  # fmt: skip
        self.answers = {"AT+CPIN?": "+CPIN: READY\r\n\r\nOK", "AT+CREG?": "+CREG: 0,1\r\n\r\nOK"} | (answers or {})
        self.echo, self.chatter, self.slow, self.deaf = echo, chatter, slow, deaf
        self.deaf_at_first, self.no_prompt = deaf_at_first, no_prompt
        self.hangs_up, self.loses_answer = hangs_up, loses_answer
        self.sent: list[Sms] = []
        self.commands: list[str] = []
        self.taken_back = 0
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)
        for line in (self._master, self._slave):
            with suppress(OSError):
                os.close(line)

    def until(self, holds: Callable[[], bool], seconds: float = 10) -> bool:
        """Whether `holds()` becomes true in time."""
        ends = time.monotonic() + seconds
        while not holds() and time.monotonic() < ends:
            time.sleep(0.01)
        return holds()

    def _run(self) -> None:
        heard = b""
        while not self._stop.is_set():
            if not self._is_written_to():
                continue
            heard += os.read(self._master, 4096)
            if self.deaf:
                heard = b""
            if b"\x1b" in heard:
                heard, self.taken_back = heard.replace(b"\x1b", b""), self.taken_back + 1
            while b"\r" in heard:
                line, heard = heard.split(b"\r", 1)
                self._hear(line.decode("ascii", "replace").strip())

    def _is_written_to(self) -> bool:
        """Soon, or not; poll(2), for select(2) knows no file beyond the 1,024th."""
        waiting = select.poll()
        waiting.register(self._master, select.POLLIN)
        return bool(waiting.poll(50))

    def _hear(self, command: str) -> None:
        self.commands.append(command)
        if self.deaf_at_first > 0:
            self.deaf_at_first -= 1
            return
        if self.echo:
            self._say(command + "\r", frame=False)
        if self.chatter:
            self._say("^RSSI:17")
            self._say("RING")
        if command == "ATE0":
            self.echo = self.echo and self.chatter  # a rude one goes on
        if command in self.answers:
            self._say(self.answers[command])
        elif command.startswith("AT+CMGS="):
            self._message(int(command.removeprefix("AT+CMGS=")))
        elif command.startswith("AT"):
            self._say("OK")

    def _message(self, length: int) -> None:
        if self.no_prompt:
            return
        if "AT+CMGS" in self.answers:
            self._say(self.answers["AT+CMGS"])
            return
        self._say("\r\n> ", frame=False)
        if self.hangs_up:
            self._stop.set()
            os.close(self._slave)
            os.close(self._master)
            return
        pdu = self._until_end()
        if pdu is None:
            return
        if self.echo:
            self._say(pdu, frame=False)
        if "sent" in self.answers:
            self._say(self.answers["sent"])
            return
        self.sent.append(decode(bytes.fromhex(pdu), length))
        if not self.loses_answer:
            self._say("+CMGS: 7\r\n\r\nOK")

    def _until_end(self) -> str | None:
        heard = b""
        while not self._stop.is_set():
            if self._is_written_to():
                heard += os.read(self._master, 4096)
            if b"\x1b" in heard:
                self.taken_back += 1
                return None
            if b"\x1a" in heard:
                return heard.split(b"\x1a")[0].decode("ascii")
        return None

    def _say(self, text: str, *, frame: bool = True) -> None:
        data = f"\r\n{text}\r\n".encode() if frame else text.encode()
        for piece in [data[at : at + 1] for at in range(len(data))] if self.slow else [data]:
            os.write(self._master, piece)


def decode(pdu: bytes, length: int) -> Sms:
    """An SMS-SUBMIT as TS 23.040 section 9.2.2.2 lays it out, checked part by part."""
    centre = pdu[0]
    submit = pdu[1 + centre :]
    assert len(submit) == length, "AT+CMGS names another length than the message has"
    first, _reference, digits, kind = submit[:4]
    assert first & 0b11 == 1, "no SMS-SUBMIT"
    assert not first & 0b1000000, "a header that no phone would understand"
    at = 4 + (digits + 1) // 2
    number = "".join(f"{byte & 15:X}{byte >> 4:X}" for byte in submit[4:at])
    assert number[digits:] in {"", "F"}
    protocol, coding = submit[at : at + 2]
    assert (protocol, coding) == (0, 4), "no 8-bit data"
    at += 2 + {0: 0, 2: 1, 1: 7, 3: 7}[first >> 3 & 0b11]  # the validity period
    size = submit[at]
    data = submit[at + 1 :]
    assert len(data) == size <= 140
    return Sms(("+" if kind == 0x91 else "") + number[:digits], data)
