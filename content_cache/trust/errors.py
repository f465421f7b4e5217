"""What can be wrong with signed metadata or with keys: one class per reaction of the reader."""

from __future__ import annotations

from content_cache.errors import ContentError, OlderRelease


class TrustError(ContentError):
    """Content that head office's keys did not sign, or that was changed since; the reader gets it from head office."""

    exit_code = 78


class NotSigned(TrustError):
    """A repository without signed metadata; the publisher signs it."""


class NotPinned(TrustError):
    """A hub that knows no keys yet; the technician gives it head office's root."""


class OtherKeys(TrustError):
    """A root that does not follow from the pinned one; the operator decides."""


class Expired(TrustError):
    """Metadata past its date by the given time; head office signs anew, or the clock is set."""


class Older(TrustError, OlderRelease):
    """Metadata older than what is trusted already, or mixed from two releases; the reader looks for the newer."""

    exit_code = OlderRelease.exit_code


class NoSuchGroup(TrustError):
    """A site group that no catalogue is signed for; the technician takes one of those named."""

    exit_code = 64


class BadKeys(ContentError):
    """Keys or passphrases that cannot be used; the operator brings the right ones."""

    exit_code = 64
