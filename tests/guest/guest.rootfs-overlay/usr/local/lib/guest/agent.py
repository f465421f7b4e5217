"""Runs commands that arrive as lines of JSON on QEMU's serial port, and answers with what came of each.

    {"command": ["uname", "-r"], "timeout": 30}  ->  {"code": 0, "out": "6.1.0…\\n", "err": ""}

It greets with the boot's id first, so that whoever asks sees that a machine started, and started once.
"""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

PORT = Path("/dev/virtio-ports/guest.agent")
TOO_LONG = 124  # as timeout(1) says it


def answer(asked: dict) -> dict:
    """Run it to its end; what takes longer than it may is killed with all its children."""
    try:
        running = subprocess.Popen(
            asked["command"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return {"code": 127, "out": "", "err": str(error)}
    try:
        out, err = running.communicate(asked.get("input"), asked["timeout"])
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        out, err = running.communicate()
        return {"code": TOO_LONG, "out": out, "err": err + "took too long\n"}
    return {"code": running.returncode, "out": out, "err": err}


def say(port: int, what: dict) -> None:
    line = json.dumps(what).encode() + b"\n"
    while line:
        line = line[os.write(port, line) :]


def lines(port: int):
    """Whole lines, as they come."""
    held = b""
    while True:
        held += os.read(port, 65536)
        *whole, held = held.split(b"\n")
        yield from whole


port = os.open(PORT, os.O_RDWR)
say(port, {"boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip()})
for line in lines(port):
    say(port, answer(json.loads(line)))
