"""The one home of files that must survive a power cut: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

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
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
