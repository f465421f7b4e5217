"""Locks between the programs of one hub: flock(2) on a small file, which the kernel lets go when its holder dies.

with held(settings.data / "worker.lock", "Another worker runs here; stop it first."):
    ...
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hub.errors import HubError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class InUse(HubError):
    """Another program of this hub is at it; the operator waits for it or stops it."""

    exit_code = 75


@contextmanager
def held(path: Path, taken: str | None = None) -> Iterator[None]:
    """Hold the lock file `path`; raises InUse with the sentence `taken` if another holds it, or waits if there is none.

    The file stays, since removing it would let two programs hold locks on two files of the same name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if taken else 0))
        except BlockingIOError:
            raise InUse(str(taken)) from None
        yield
