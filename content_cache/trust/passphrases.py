"""Where passphrases come from: the environment, files, or the person at the keyboard; never the command line.

What stands in arguments can be read by everybody on the machine and stays in the shell's history.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from content_cache.trust.errors import BadKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

VARIABLE = "CONTENT_CACHE_PASSPHRASE"
SHORTEST = 12


class Passphrases:
    """Those that were given, and `ask(prompt)` for more; without it nobody can be asked."""

    def __init__(self, given: Sequence[bytes] = (), ask: Callable[[str], str] | None = None) -> None:
        self._known, self._ask, self._given = list(given), ask, bool(given)

    @classmethod
    def found(cls, files: Sequence[Path] = ()) -> Passphrases:
        """From `files` (the first line of each) and CONTENT_CACHE_PASSPHRASE, else asked for at a terminal."""
        given = [_first_line(path) for path in files]
        if text := os.environ.get(VARIABLE):
            given.append(text.encode())
        return cls(given, _ask if not given and sys.stdin.isatty() else None)

    def to_open(self, name: str) -> Iterator[bytes]:
        """What may open the key called `name`: those known, then one that is asked for."""
        yield from self._known
        if self._ask:
            self._known.append(self._ask(f"Passphrase of {name}").encode())
            yield self._known[-1]

    def for_new(self, name: str) -> bytes:
        """What shall protect the new key called `name`. Raises BadKeys if there is none, or it is too short."""
        text = self._known[0] if self._given else self._choose(name)
        if len(text.decode(errors="replace")) < SHORTEST:
            raise BadKeys(f"A passphrase needs {SHORTEST} characters or more; take five words that nobody would guess.")
        return text

    def _choose(self, name: str) -> bytes:
        if self._ask is None:
            raise BadKeys(f"No passphrase is there for {name}; set {VARIABLE} or give --passphrase-file.")
        same = " (empty: the same as before)" if self._known else ""
        text = self._ask(f"New passphrase of {name}{same}").encode()
        if not text and self._known:
            return self._known[-1]
        if self._ask("Once more").encode() != text:
            raise BadKeys("The two are not the same; start again.")
        self._known.append(text)
        return text


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            line = file.readline(4096).rstrip(b"\r\n")
    except OSError as error:
        raise BadKeys(f"The passphrase file {path} cannot be read ({error.strerror}); name another.") from None
    if not line:
        raise BadKeys(f"The passphrase file {path} is empty; write the passphrase on its first line.")
    return line


def _ask(prompt: str) -> str:
    import click

    text: str = click.prompt(prompt, hide_input=True, default="", show_default=False, err=True)
    return text
