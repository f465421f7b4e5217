"""Where content comes from: the tree of a repository, read path by path, whatever carries it.

    for piece in source.read("metadata/timestamp.json"):
        ...

Whoever reads decides what to believe: a source proves nothing and may lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Source(Protocol):
    """The tree of a repository somewhere; `name` is what sentences call it."""

    name: str

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of `path` from `start` up to `end`, in pieces of at most 16 KiB, as they come.

        Raises Absent, SourceError or Refused, at the call or at any piece.
        """


class Gate(Protocol):
    """What is asked before bytes cross the uplink; a folder needs none."""

    def ask(self, count: int) -> None:
        """Let at most `count` (64 KiB or less) bytes through. Raises Refused with a sentence."""
