"""What the library's disk has room for, and what to say when it has not."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from content_cache.durable import PREFIX, is_full, locked, make_folder
from content_cache.errors import no_space, unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from content_cache.library import Library


@contextlib.contextmanager
def alone(library: Library) -> Iterator[None]:
    """No other sync, rollback or sweep, until what is brought has been named; raises Busy beside one."""
    make_folder(library.catalogues)
    with locked(library.catalogues), library.store.filling():
        for left in library.catalogues.glob(f"{PREFIX}*"):  # by a power cut
            left.unlink(missing_ok=True)
        yield


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk of `folder`, which need not be there yet."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def refuse_full(folder: Path, needed: int, reserve: int) -> None:
    """Raise NoSpace if `needed` bytes more would leave less than `reserve` bytes of the disk of `folder` free."""
    missing = needed + reserve - free_bytes(folder)
    if missing > 0:
        raise no_space(folder, missing)


@contextlib.contextmanager
def disk_errors(folder: Path, needed: Callable[[], int]) -> Iterator[None]:
    """Turn what the system says of the library's disk into a sentence; one that filled meanwhile is a full one.

    `needed` says how many bytes should have been free.
    """
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise unusable(error) from None
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        raise no_space(folder, max(needed() - free, 10**6)) from None
