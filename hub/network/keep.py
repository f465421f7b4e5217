"""What root keeps of the network: the record in force, which orders it has dealt with, a trial that runs.

    keep = Keep(Path("/"))
    keep.last()                             # the record that was last put in force, None if none ever was
    keep.dealt()                            # Dealt: the last order, how it ended, how often it was begun

In /var/lib/village-hub-net, which is root's own, what must survive a power cut: each file is written whole and durably.
In /run/village-hub-net what ends with the machine's run: the files in force, leases, and a trial, which a power cut so
ends.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from content_cache.durable import make_folder, write_file
from hub.network.record import BadNetwork, Network, decode, encode

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


class Dealt(Struct, frozen=True):
    """An order, by the SHA-256 of its bytes, begun `tries` times; if `done`, `ok` and `sentence` say how it ended."""

    digest: str = ""
    number: int = 0
    tries: int = 0
    done: bool = False
    ok: bool = True
    sentence: str = ""


class Trial(Struct, frozen=True):
    """A village's network that is shown until a moment, in seconds since the machine's start (CLOCK_BOOTTIME)."""

    until: float
    network: Network


class Taken(Struct, frozen=True):
    """What villagers took of the uplink: bytes in this window and in all; seconds that the box was up in it.

    `boot` and `at` say when that was last looked at, so the window goes on over power cuts: it counts hours with power.
    """

    used: int = 0
    total: int = 0
    seconds: float = 0.0
    boot: str = ""
    at: float = 0.0


def seconds_of_boot() -> float:
    """Seconds since the machine's start, suspended or not (CLOCK_BOOTTIME)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def digest(order: bytes) -> str:
    return hashlib.sha256(order).hexdigest()


class Keep:
    """All of it, below `root`, which is / but in tests."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.run = root / "run/village-hub-net"
        self.current = self.run / "current"
        self.kept = root / "var/lib/village-hub-net"
        self.networkd = root / "run/systemd/network"
        self.manager = root / "run/NetworkManager/conf.d"

    def prepare(self) -> None:
        """Make the folders. Leases are read by hub-web, records and keys by nobody but root."""
        make_folder(self.kept)
        self.kept.chmod(0o700)
        make_folder(self.run)
        self.run.chmod(0o755)

    def last(self) -> Network | None:
        """The record that was last put in force; None as well if somebody damaged the file."""
        try:
            return decode((self.kept / "network.json").read_bytes())
        except (OSError, BadNetwork):
            return None

    def keep_last(self, network: Network) -> None:
        write_file(self.kept / "network.json", encode(network), mode=0o600)

    def dealt(self) -> Dealt:
        return _read(self.kept / "dealt.json", Dealt) or Dealt()

    def note_dealt(self, dealt: Dealt) -> None:
        write_file(self.kept / "dealt.json", msgspec.json.encode(dealt), mode=0o600)

    def trial(self) -> Trial | None:
        return _read(self.run / "trial.json", Trial)

    def running_trial(self) -> Trial | None:
        """The trial, unless its time is over."""
        trial = self.trial()
        return trial if trial and seconds_of_boot() < trial.until else None

    def trial_is_over(self) -> bool:
        """Whether there is one whose end was not carried out yet."""
        return self.trial() is not None and self.running_trial() is None

    def wanted(self) -> Network | None:
        """What is to be in force: a trial that runs, else what was kept last."""
        trial = self.running_trial()
        return trial.network if trial else self.last()

    def note_trial(self, trial: Trial | None) -> None:
        if trial is None:
            (self.run / "trial.json").unlink(missing_ok=True)
        else:
            write_file(self.run / "trial.json", msgspec.json.encode(trial), mode=0o600)

    def taken(self) -> Taken:
        return _read(self.kept / "share.json", Taken) or Taken()

    def note_taken(self, taken: Taken) -> None:
        write_file(self.kept / "share.json", msgspec.json.encode(taken), mode=0o600)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None
