"""Errors that a person can act on: each a whole sentence that ends with what to do.

One class per reaction of the reader, each with the exit code that the command line ends with
(docs/operating/exit-codes.md lists them).
"""

from __future__ import annotations


class HubError(Exception):
    """`str(error)` is a sentence for the operator."""

    exit_code = 1


class NoSpace(HubError):
    """The disk has less room than the work needs; the operator frees some."""

    exit_code = 73


class PortInUse(HubError):
    """Another program listens there; the operator picks another port or stops it."""

    exit_code = 69
