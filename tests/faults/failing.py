"""Lets one call of a sync fail, each in turn: under strace, which makes the call number N of a process fail.

    strace -f -e trace=fsync -e inject=fsync:error=EIO:when=300 python -m tests.faults.failing fsync 1 BEFORE SOURCE OUT

Every sync is a process forked from this one. It makes so many calls to begin with that the one that fails is the first
of the sync's own, in the next process the second, and so on until a sync makes fewer. A number above 1 skips some.
Prints a line of JSON for each: the library it worked on (in OUT), and what it said.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from content_cache.errors import ContentError
from tests.faults.shipping import bring, source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILS = 300  # the number of the call that strace lets fail


def main(call: str, every: int, before: Path, source: str, out: Path) -> None:
    """Go through the calls until a sync makes none that fails."""
    (out / "spent").mkdir()
    for number in range(1, FAILS, every):
        village = out / f"{call}-{number}"
        subprocess.run(["cp", "-a", before, village], check=True)  # the calls that this process makes itself are few
        reading, writing = os.pipe()
        if os.fork() == 0:
            said = one(call, number, village, source)
            os.write(writing, json.dumps(said).encode())
            os._exit(0)
        os.close(writing)
        said = json.loads(os.read(reading, 65536))
        os.close(reading)
        os.wait()
        if said is None:
            return
        print(json.dumps([village.name, said]), flush=True)


def one(call: str, number: int, village: Path, source: str) -> str | None:
    """What the sync said whose call of that number fails; None if it made fewer calls."""
    with spending(call, village.parent / "spent") as spend:
        for _ in range(FAILS - number):
            spend()
        try:
            bring(village, source_of(source))
            said = ""
        except ContentError as error:
            said = str(error)
        except BaseException:  # noqa: BLE001 (whatever it is, the test is to see it)
            said = traceback.format_exc()
        try:
            for _ in range(FAILS):
                spend()
        except OSError:
            return None
    return said


@contextlib.contextmanager
def spending(call: str, path: Path) -> Iterator[Callable[[], object]]:
    """A function that makes one call of that kind, which does nothing."""
    number = os.open(path / "file", os.O_CREAT | os.O_RDWR)
    calls = {
        "write": lambda: os.write(number, b"x"),
        "pwrite64": lambda: os.pwrite(number, b"x", 0),
        "fsync": lambda: os.fsync(number),
        "fdatasync": lambda: os.fdatasync(number),
        "rename": lambda: (path / "file").rename(path / "file"),
        "mkdir": lambda: _make(path),
    }
    yield calls[call]
    os.close(number)


def _make(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):  # and not exist_ok, for which any other error is as good
        folder.mkdir()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
