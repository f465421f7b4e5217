"""The one home of files that must survive a power cut: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def secret(path: Path, size: int = 32) -> bytes:
    """`size` random bytes in the file `path`, made on the first call, readable by their owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_first(path, secrets.token_bytes(size))
    return path.read_bytes()


def write_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Put `data` at `path`, whole and durable, also on a stick; raises OSError with `path` as it was."""
    temporary = path.with_name(f".new-{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # the stick is gone
            temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _write_first(path: Path, content: bytes) -> None:
    """Write `path` whole, unless somebody else was first: then his content stays."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Make the names in `folder` durable."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
