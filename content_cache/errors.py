"""Errors that a person can act on: each a whole sentence that ends with what to do.

One class per reaction of the reader, each with the exit code that the command line ends with
(docs/operating/exit-codes.md lists them; the numbers follow sysexits.h where it has a word for the case).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class ContentError(Exception):
    """`str(error)` is a sentence for the operator."""

    exit_code = 1


class CourseError(ContentError):
    """A course folder that cannot be published; the editor mends what `problems` lists, one sentence each."""

    exit_code = 65

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class RepositoryError(ContentError):
    """A repository that is absent, incomplete, damaged or not one; the reader publishes or copies it again."""

    exit_code = 66


class OlderLayout(RepositoryError):
    """A catalogue that an older version of the program made; it is built again, or the reader imports again."""


class OlderRelease(RepositoryError):
    """A repository that would take a library back, or sideways; the reader looks for the newer one."""

    exit_code = 76


class NoWayBack(ContentError):
    """A release that cannot be gone back to; the reader waits for a newer one, or has it published again."""

    exit_code = 76


class DamagedBlob(ContentError):
    """Bytes that do not have the hash they are known by; the reader takes them in again."""

    exit_code = 74


class BadDelta(ContentError):
    """A delta or a bundle that is damaged, or is none; the reader fetches the files themselves."""

    exit_code = 74


class NoSpace(ContentError):
    """The disk has less room than the work needs; the operator frees some."""

    exit_code = 73


class Busy(ContentError):
    """Another import, publication or sweep holds the folder; the reader tries again when it is done."""

    exit_code = 75


class Absent(RepositoryError):
    """A file that the source does not have; what may be missing is asked for elsewhere, else the reader copies it."""


class SourceError(ContentError):
    """A source that cannot be reached, broke off, or answers nonsense; it is tried again later."""

    exit_code = 69


class NotSent(ContentError):
    """A client that did not bring a repository to where hubs fetch it; the operator sees to it and pushes again."""

    exit_code = 69


class Refused(ContentError):
    """The uplink's budget or hours do not allow it now; what waits goes on when they do."""

    exit_code = 77


class MissingPart(ContentError):
    """A part of the program that is not installed here; the reader installs the extra."""

    exit_code = 69


class NoSuchCourse(ContentError):
    """A course that the repository does not hold; the reader takes one of those it names."""

    exit_code = 64


def mb(size: int) -> str:
    """`size` in bytes as people say it: 812 MB, 3.4 GB; never 0 for something."""
    if size >= 10**9:
        return f"{size / 10**9:.1f} GB"
    return f"{-(-size // 10**6)} MB" if size >= 10**6 else f"{-(-size // 1000)} KB"


def unusable(error: OSError) -> ContentError:
    """A file or folder that the system does not let us use: rights, a read-only disk, a broken one."""
    name = error.filename or "A file"
    return ContentError(f"{name}: {error.strerror}; check its owner and its disk, then start again.")


def no_space(folder: Path, missing: int) -> NoSpace:
    """The one sentence about a full disk: how much to free, and where."""
    return NoSpace(f"There is no room under {folder}: free at least {mb(max(missing, 1))} there, then start again.")
