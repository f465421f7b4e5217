"""Head office as far as trust goes: keys, a folder that it signs, and a clock that the test moves.

    office = Office(tmp_path)
    office.sign("one")                       # a catalogue of that text for the group "all"
    anchor = office.hub(tmp_path / "hub")    # pinned to the first root
    anchor.refresh(office.source, now=office.now)

Its keys are real, stretched in few rounds so that tests are quick (`quick_keys` in tests/content_cache/trust).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from typing import TYPE_CHECKING

from content_cache.sync.source import FolderSource
from content_cache.trust import keys
from content_cache.trust.anchor import Anchor
from content_cache.trust.passphrases import Passphrases
from content_cache.trust.signing import Signed, renew, sign
from content_cache.trust.targets import Target

if TYPE_CHECKING:
    from pathlib import Path

WORDS = Passphrases([b"cinco palabras que nadie adivina"])
BEGAN = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


def target(text: str, release: int = 1) -> Target:
    """A catalogue of that text."""
    data = text.encode()
    return Target(sha256=hashlib.sha256(data).hexdigest(), size=len(data), release=release)


class Office:
    """Keys in `keys`, what is signed in `repository`."""

    def __init__(self, folder: Path) -> None:
        self.keys, self.repository, self.now = folder / "keys", folder / "repository", BEGAN
        keys.create(self.keys, WORDS, now=self.now)
        self.root = (self.keys / "roots" / "1.root.json").read_bytes()
        self.source = FolderSource(self.repository)

    def later(self, days: float) -> dt.datetime:
        """Let time pass."""
        self.now += dt.timedelta(days=days)
        return self.now

    def sign(self, text: str, release: int = 1) -> Signed:
        """Sign a catalogue of that text for the group "all"."""
        return sign(self.repository, self.keys, {"all": target(text, release)}, WORDS, now=self.now)

    def renew(self) -> Signed:
        """What the host does each day."""
        return renew(self.repository, self.keys, WORDS, now=self.now)

    def rotate(self, name: str | None = None) -> None:
        keys.rotate(self.keys, name, WORDS, now=self.now)

    def revoke(self, name: str) -> None:
        keys.revoke(self.keys, name, WORDS, now=self.now)

    def hub(self, folder: Path) -> Anchor:
        """A hub that was given the first root."""
        anchor = Anchor(folder)
        anchor.pin(self.root)
        return anchor

    def stick(self, folder: Path) -> FolderSource:
        """A copy of what is signed now."""
        shutil.copytree(self.repository, folder, dirs_exist_ok=True)
        return FolderSource(folder)

    def thief(self, folder: Path) -> Office:
        """Somebody who has a copy of all keys and of the repository, and signs by himself from now on."""
        other = Office.__new__(Office)
        other.keys, other.repository = folder / "keys", folder / "repository"
        shutil.copytree(self.keys, other.keys)
        shutil.copytree(self.repository, other.repository)
        other.now, other.root, other.source = self.now, self.root, FolderSource(other.repository)
        return other
