"""What a hub holds: a store of blobs, and the catalogues of the releases it took in.

    library = Library(Path("var/hub/library"))
    library.release()        # "12-0f3a9c0d1e2b", or None: one readlink, cheap enough to ask on each request
    library.catalogue()      # that release, opened read-only

Under `root`, blobs/ab/<64 hex> are the blobs, catalogues/<release>.sqlite the releases, and catalogues/current is a
link to one of them that is switched by rename, so that readers see the old one or the new.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from content_cache.catalogue import Catalogue
from content_cache.errors import RepositoryError
from content_cache.store import BlobStore, Swept

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = re.compile(r"([0-9]{1,10})-[0-9a-f]{12}")


class Library:
    """The library under `root`; makes nothing there until something is imported."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.catalogues = root / "catalogues"
        self.store = BlobStore(root / "blobs")

    def release(self) -> str | None:
        """The name of the release that is served; None before the first import."""
        try:
            target = str((self.catalogues / "current").readlink())
        except OSError:
            return None
        name = target.removesuffix(".sqlite")
        return name if RELEASE.fullmatch(name) else None

    def number(self) -> int:
        """The number of the release that is served; 0 before the first import."""
        return int((self.release() or "0").partition("-")[0])

    def catalogue(self) -> Catalogue | None:
        """The release that is served, opened read-only; None before the first import."""
        # The release may be switched, and in time removed, between the two calls: then the newer one is there.
        for _ in range(3):
            name = self.release()
            if name is None:
                return None
            if self.path(name).exists():
                return Catalogue(self.path(name))
        raise RepositoryError(f"A catalogue in {self.catalogues} is gone; import the repository again.")

    def path(self, release: str) -> Path:
        return self.catalogues / f"{release}.sqlite"

    def sweep(self) -> Swept:
        """Remove the blobs that neither this release nor the kept previous one names; raises Busy beside an import."""
        with contextlib.ExitStack() as stack:
            kept: list[Catalogue] = []

            def named(sha256: str) -> bool:
                # Opened at the first question, that is once the store is held alone: see BlobStore.sweep.
                if not kept:
                    kept.extend(stack.enter_context(contextlib.closing(one)) for one in self._all())
                return any(one.names_blob(sha256) for one in kept)

            return self.store.sweep(named)

    def _all(self) -> list[Catalogue]:
        """The release that is served, which must be readable for a sweep to go on, and what is left of the previous."""
        current = self.catalogue()
        found = [current] if current else []
        for path in self.catalogues.glob("*.sqlite"):
            if current is None or path.stem != current.release:
                with contextlib.suppress(RepositoryError):
                    found.append(Catalogue(path))
        return found
