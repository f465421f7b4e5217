"""Errors that a person can act on: each a whole sentence that ends with what to do.

One class per reaction of the reader, each with the exit code that the command line ends with
(docs/operating/exit-codes.md lists them).
"""

from __future__ import annotations

import errno
import sqlite3


class HubError(Exception):
    """`str(error)` is a sentence for the operator."""

    exit_code = 1


class NoSpace(HubError):
    """The disk has less room than the work needs; the operator frees some."""

    exit_code = 73


class DiskFails(HubError):
    """The disk cannot be read or written; the operator looks at it."""

    exit_code = 74


class PortInUse(HubError):
    """Another program listens there; the operator picks another port or stops it."""

    exit_code = 69


def of_the_disk(error: BaseException) -> HubError | None:
    """What to tell of `error` if it, or one that led to it, is the disk's: it is full, or it fails. None if not."""
    told: BaseException | None = error
    while told is not None:
        code = (getattr(told, "sqlite_errorcode", 0) or 0) & 0xFF
        number = told.errno if isinstance(told, OSError) else None
        if code == sqlite3.SQLITE_FULL or number in (errno.ENOSPC, errno.EDQUOT):
            return NoSpace("The disk is full, so nothing was changed by half; free some space, then do this again.")
        if code == sqlite3.SQLITE_IOERR or number in (errno.EIO, errno.EROFS):
            return DiskFails(f"The disk cannot be read or written ({told}); run `hub doctor`, then do this again.")
        told = told.__cause__ or told.__context__
    return None
