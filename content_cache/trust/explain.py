"""What python-tuf found wrong, as sentences that say what to do."""

from __future__ import annotations

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
    UnsignedMetadataError,
)

from content_cache.errors import SourceError
from content_cache.trust.errors import Expired, Older, TrustError


def explained(error: Exception, name: str) -> TrustError | SourceError:
    """What python-tuf found, as a sentence that says what to do."""
    if isinstance(error, BadVersionNumberError):
        return Older(f"{name} is older than what this hub knows already, or mixed from two releases; get the newest.")
    if isinstance(error, ExpiredMetadataError):
        return Expired(
            f"What {name} holds was signed too long ago to be taken; sign it anew at head office, or set this box's "
            "clock if it is wrong."
        )
    if isinstance(error, UnsignedMetadataError):
        return TrustError(f"What {name} holds is not signed by head office's keys; get it from head office.")
    if isinstance(error, DownloadHTTPError):
        return SourceError(f"{name} is not whole ({error}); copy or publish it again, then try again.")
    if isinstance(error, RepositoryError | DownloadLengthMismatchError):
        return TrustError(f"What {name} holds was changed or damaged ({_short(error)}); get it from head office again.")
    return SourceError(f"{name} cannot be read ({_short(error)}); it is tried again later.")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
