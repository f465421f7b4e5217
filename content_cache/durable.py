"""The one home of durable writes: what these functions return from survives a power cut the next instant.

A temporary file in the same folder, fsync, rename, fsync of the folder: a reader sees the old bytes or the new,
never a part (the rename is atomic by POSIX; that its folder needs an fsync of its own is said in fsync(2)).

    write_file(Path("keys/site.key"), secret, mode=0o600)
    replace_link(Path("catalogues/current"), "12-0f3a9c0d1e2b.sqlite")
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import secrets
from typing import TYPE_CHECKING

from content_cache.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

# Up to so many files are flushed one by one; beyond, one syncfs costs the journal less than an fsync each.
FEW = 8
PREFIX = ".new-"


def write_file(path: Path, data: bytes | Iterable[bytes], *, mode: int = 0o644) -> None:
    """Put `data` (bytes, or pieces of them) at `path`, whole and durable; raises OSError with `path` as it was."""
    temporary = path.with_name(PREFIX + secrets.token_hex(8))
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.writelines((data,) if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove what writes to `folder` left that a power cut or a kill ended; whoever calls holds off other writers."""
    for left in folder.glob(f"{PREFIX}*"):
        left.unlink(missing_ok=True)


def replace_link(path: Path, target: str) -> None:
    """Make the symbolic link `path` point to `target` in one step, durably."""
    temporary = path.with_name(PREFIX + secrets.token_hex(8))
    try:
        temporary.symlink_to(target)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make the folder `path`, and those above it that are missing, durably; nothing if it is there."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    sync_file(folder)


def sync_file(path: Path) -> None:
    """Make the bytes of `path` durable."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def settle(paths: Iterable[Path], within: Path) -> None:
    """Make many files or folders durable, all of which lie on the file system of the folder `within`."""
    waiting = list(paths)
    if len(waiting) > FEW:
        _sync_file_system(within)
        return
    for path in waiting:
        sync_file(path)


def _sync_file_system(folder: Path) -> None:
    """syncfs(2), which Python has no name for; sync(2) where the C library has none either (macOS)."""
    try:
        syncfs: Callable[[int], int] = ctypes.CDLL(None, use_errno=True).syncfs
    except AttributeError:
        os.sync()
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(number) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(folder))
    finally:
        os.close(number)


@contextlib.contextmanager
def locked(folder: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold an advisory lock on `folder` itself (flock(2): it goes with the process, however that ends).

    Raises Busy at once if another holds it, unless `wait`.
    """
    number = os.open(folder, os.O_RDONLY)
    try:
        _lock(number, folder, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(number)


def _lock(number: int, folder: Path, how: int) -> None:
    try:
        fcntl.flock(number, how)
    except BlockingIOError:
        raise Busy(f"Another command is at work in {folder}; try again when it has ended.") from None


def is_full(error: OSError) -> bool:
    """Whether `error` says that the disk, or the share of it allowed to us, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
