"""What a sync tells when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from content_cache.sync.plan import Left  # noqa: TC001 (msgspec reads the annotations)

if TYPE_CHECKING:
    from content_cache.library import Library


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """What a sync did.

    `release` is the name of what serves now and `changed` whether that is another than before; `blobs` and `bytes` are
    what was brought, `came` the bytes that the source sent. `left` lists items that are not whole, `coming` sums their
    bytes; `problems` are sentences on files that the source has wrong, or that a server does not have. `held` is the
    number of a release that is not taken because a rollback left it, `stopped` says that somebody stopped the sync.
    """

    release: str
    number: int
    changed: bool
    courses: int
    items: int
    blobs: int
    bytes: int
    came: int
    coming: int
    left: tuple[Left, ...]
    problems: tuple[str, ...]
    held: int | None = None
    stopped: bool = False


def stopped_early(library: Library, came: int, held: int | None) -> Synced:
    """What there is to tell of one that was stopped while records came: nothing else did."""
    return Synced(
        release=library.release() or "",
        number=library.number(),
        changed=False,
        courses=0,
        items=0,
        blobs=0,
        bytes=0,
        came=came,
        coming=0,
        left=(),
        problems=(),
        held=held,
        stopped=True,
    )
