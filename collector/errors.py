"""Errors that a person can act on: each a whole sentence that ends with what to do, and its exit code.

docs/operating/collector.md lists the codes.
"""

from __future__ import annotations


class CollectorError(Exception):
    """`str(error)` is a sentence for the operator."""

    exit_code = 1


class BadSetting(CollectorError):
    """A value that cannot be used; the sentence names the setting and what it takes."""

    exit_code = 64


class NotPossible(CollectorError):
    """What was asked for does not fit what is there; nothing was changed."""

    exit_code = 65


class PortInUse(CollectorError):
    """Another program listens there; the operator picks another port or stops it."""

    exit_code = 69


class NotWritten(CollectorError):
    """A file cannot be written there; the operator makes room or takes another place."""

    exit_code = 73


class NoDatabase(CollectorError):
    """The database cannot be reached or written; the operator starts it or mends its address."""

    exit_code = 74
