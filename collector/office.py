"""What the features share while head office runs, reached in a request as `office()`."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask import current_app

from collector.content import Content
from collector.durable import secret
from collector.names.watch import Names
from collector.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable


class Guesses:
    """Wrong codes and tokens, counted in memory only, by address: 20 in ten minutes and that address must wait."""

    ALLOWED, WINDOW, REMEMBERED = 20, 600, 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def too_many(self, who: str) -> bool:
        """Whether `who` must wait."""
        since = self._clock() - self.WINDOW
        return len([at for at in self._failures.get(who, ()) if at > since]) >= self.ALLOWED

    def failed(self, who: str) -> None:
        """Note a wrong guess of `who`."""
        self._failures.setdefault(who, []).append(self._clock())
        self._failures[who] = self._failures[who][-self.ALLOWED :]
        self._failures.move_to_end(who)
        while len(self._failures) > self.REMEMBERED:
            self._failures.popitem(last=False)


@dataclass(frozen=True)
class Office:
    """Settings, keys, clock, content and its names, of the running head office: `key` signs, `sealing_key` opens."""

    settings: Settings
    key: Ed25519PrivateKey
    sealing_key: X25519PrivateKey
    clock: Callable[[], float] = time.time
    guesses: Guesses = field(default_factory=Guesses)
    content: Content = field(default_factory=lambda: Content(""))
    names: Names = field(default_factory=lambda: Names("", b"", Path()))

    @property
    def key_id(self) -> bytes:
        """Which key signs: the first 8 bytes of the SHA-256 of its public half."""
        return hashlib.sha256(self.key.public_key().public_bytes_raw()).digest()[:8]

    @property
    def public_sealing_key(self) -> bytes:
        """What hubs seal for."""
        return self.sealing_key.public_key().public_bytes_raw()

    def now(self) -> int:
        """Unix milliseconds of head office's own clock."""
        return round(self.clock() * 1000)


def office() -> Office:
    """The running head office, within a request."""
    running: Office = current_app.extensions["office"]
    return running


def load() -> Office:
    """Head office as the environment says, for a command. Raises BadSetting."""
    settings = Settings.load()
    keys = signing_key(settings.data), sealing_key(settings.data)
    return Office(settings, *keys, content=Content(settings.content))


def signing_key(data: Path) -> Ed25519PrivateKey:
    """Head office's key from `data`/office.key, made at the first start, readable by its owner alone."""
    return Ed25519PrivateKey.from_private_bytes(secret(data / "office.key"))


def sealing_key(data: Path) -> X25519PrivateKey:
    """The key that opens what is sealed for head office, from `data`/sealing.key, made at the first start."""
    return X25519PrivateKey.from_private_bytes(secret(data / "sealing.key"))
