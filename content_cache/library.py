"""What a hub holds: a store of blobs, the records of releases, and the catalogues that serve, or did.

    library = Library(Path("var/hub/library"))
    library.release()        # "12-0f3a9c0d1e2b", or None: one readlink, cheap enough to ask on each request
    library.catalogue()      # that release, opened read-only
    library.rollback()       # back to the release before, at once

Under `root`, blobs/ab/<64 hex> are the blobs, records/<64 hex> the catalogues, manifests and trees as they were
published, and catalogues/<name>.sqlite what is built of both. catalogues/current is a link to one of them that is
switched by rename, so that readers see the old one or the new. A release is built again while its items come in: its
name is then `12-0f3a9c0d1e2b.1` and so on. incoming/ holds what has not come whole yet.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from content_cache.catalogue import Catalogue
from content_cache.durable import locked, make_folder, replace_link, write_file
from content_cache.errors import NoWayBack, RepositoryError
from content_cache.naming import Named
from content_cache.recordstore import RecordStore
from content_cache.store import BlobStore, Swept

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from content_cache.manifests import Release

RELEASE = re.compile(r"([0-9]{1,10})-[0-9a-f]{12}(?:\.([0-9]{1,9}))?")
HELD = "held"


class Library:
    """The library under `root`; makes nothing there until something is imported."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.catalogues = root / "catalogues"
        self.store = BlobStore(root / "blobs")
        self.records = RecordStore(root / "records")
        self.incoming = root / "incoming"

    def release(self) -> str | None:
        """The name of what is served, another one whenever that changes; None before the first import."""
        try:
            target = str((self.catalogues / "current").readlink())
        except OSError:
            return None
        name = target.removesuffix(".sqlite")
        return name if RELEASE.fullmatch(name) else None

    def number(self) -> int:
        """The number of the release that is served; 0 before the first import."""
        return _number(self.release() or "0")

    def catalogue(self) -> Catalogue | None:
        """The release that is served, opened read-only; None before the first import."""
        # The release may be switched, and in time removed, between the two calls: then the newer one is there.
        for _ in range(3):
            name = self.release()
            if name is None:
                return None
            try:
                return Catalogue(self.path(name))
            except RepositoryError:
                if self.path(name).exists():
                    raise
        raise RepositoryError(f"A catalogue in {self.catalogues} is gone; sync again.")

    def path(self, release: str) -> Path:
        return self.catalogues / f"{release}.sqlite"

    def names(self) -> list[str]:
        """The names of all catalogues here, the oldest first."""
        found = [path.stem for path in self.catalogues.glob("*.sqlite")]
        return sorted(filter(RELEASE.fullmatch, found), key=_order)

    def previous(self) -> str | None:
        """The name of the release that served before this one, if it is still here; what a rollback goes back to."""
        here = self.number()
        return next((name for name in reversed(self.names()) if _number(name) < here), None)

    def rollback(self) -> str:
        """Serve the release before again, at once; returns its name.

        The release that was left is not taken again until a newer one comes, or somebody insists. Raises NoWayBack,
        or Busy beside a sync.
        """
        make_folder(self.catalogues)
        with locked(self.catalogues):
            name, left = self.previous(), self.number()
            if name is None:
                raise NoWayBack("No release before this one is here; publish what was before as a new release.")
            self._check_way_back(name)
            write_file(self.catalogues / HELD, str(left).encode())
            replace_link(self.catalogues / "current", f"{name}.sqlite")
        return name

    def _check_way_back(self, name: str) -> None:
        number = _number(name)
        if number in self.withdrawn():
            raise NoWayBack(f"Release {number} was withdrawn by head office; wait for a newer one.")
        with contextlib.closing(Catalogue(self.path(name))) as catalogue:
            gone = next((blob for blob in catalogue.blobs() if not self.store.has(blob.sha256)), None)
        if gone is not None:
            raise NoWayBack(f"Release {number} is not whole here any more; publish it again as a new release.")

    def held(self) -> int | None:
        """The number of the release that a rollback left; it is not taken again by itself."""
        try:
            return int((self.catalogues / HELD).read_bytes()[:12])
        except (OSError, ValueError):
            return None

    def release_hold(self) -> None:
        """Let the release that a rollback left be taken again."""
        (self.catalogues / HELD).unlink(missing_ok=True)

    def withdrawn(self) -> frozenset[int]:
        """Numbers of releases that must not be gone back to, as far as the records here tell."""
        found: set[int] = set()
        for release in self._known():
            found.update(release.head.withdrawn)
        return frozenset(found)

    def forget(self, *, keep: Collection[str | None]) -> None:
        """Remove the catalogues that are not in `keep`, what serves excepted."""
        for name in self.names():
            if name not in keep and name != self.release():
                self.path(name).unlink(missing_ok=True)

    def coming(self) -> str | None:
        """The hash of the catalogue of the release that a sync is bringing, or brought last."""
        return self._noted("target")

    def set_coming(self, sha256: str) -> None:
        """Note which release is being brought, so that no sweep takes what came of it."""
        self._note("target", sha256)

    def set_asked(self, sha256: str) -> None:
        """Note which catalogue is asked for, so that no sweep takes the part of it, or of a delta, that came."""
        self._note("asked", sha256)

    def _noted(self, name: str) -> str | None:
        try:
            text = (self.incoming / name).read_text("ascii")[:64]
            return text if self.records.path(text) else None
        except (OSError, ValueError):
            return None

    def _note(self, name: str, sha256: str) -> None:
        if self._noted(name) != sha256:
            make_folder(self.incoming)
            write_file(self.incoming / name, sha256.encode())

    def sweep(self) -> Swept:
        """Remove what nothing needs: blobs and records of no release that serves, served last or is coming.

        Raises Busy beside an import.
        """
        with contextlib.ExitStack() as stack:
            named: list[Named] = []

            def is_named(sha256: str) -> bool:
                return named[0].has_blob(sha256)

            def begin() -> None:
                # Once the store is held alone, when no other process can switch releases: see BlobStore.sweep.
                catalogues = [stack.enter_context(contextlib.closing(one)) for one in self._all()]
                named.append(Named(catalogues, self._known(), self.records.reader()))
                self._sweep_records(named[0])

            return self.store.sweep(is_named, begin)

    def _sweep_records(self, named: Named) -> None:
        self.records.sweep(named.records)
        if self.incoming.is_dir():
            for path in list(self.incoming.glob("*.part")):
                if not named.has_part(path.name, self._noted("asked")):
                    path.unlink(missing_ok=True)

    def _all(self) -> list[Catalogue]:
        """The release that is served, which must be readable for a sweep to go on, and what is left of others."""
        current = self.catalogue()
        found = [current] if current else []
        for path in self.catalogues.glob("*.sqlite"):
            if current is None or path.stem != current.release:
                with contextlib.suppress(RepositoryError):
                    found.append(Catalogue(path))
        return found

    def _known(self) -> Iterator[Release]:
        """The catalogues, as they were published, of what serves, served before, and is coming."""
        wanted = [self.coming()]
        for name in self.names():
            with contextlib.suppress(RepositoryError), contextlib.closing(Catalogue(self.path(name))) as one:
                wanted.append(one.sha256)
        reader = self.records.reader()
        for sha256 in dict.fromkeys(wanted):
            if sha256 and self.records.has(sha256):
                with contextlib.suppress(RepositoryError):
                    yield reader.release(sha256)


def _number(name: str) -> int:
    return int(name.partition("-")[0])


def _order(name: str) -> tuple[int, int]:
    found = RELEASE.fullmatch(name)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
