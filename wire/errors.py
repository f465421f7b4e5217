"""The one error of this package: something that came over the wire, or was about to, is not what it must be."""

from __future__ import annotations


class BadRecord(ValueError):
    """`str(error)` is a whole sentence that an operator can act on."""
