"""Signs a repository as it lies: the newest catalogue of each group, and the deltas that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from content_cache.packing import ENDING
from content_cache.repository import Repository
from content_cache.trust.signing import Signed, sign
from content_cache.trust.targets import Target

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from content_cache.manifests import Release
    from content_cache.trust.passphrases import Passphrases

SHORT = 16  # digits of a catalogue's hash that name it in d/


def sign_repository(
    repository: Path, keys: Path, passphrases: Passphrases, *, now: dt.datetime | None = None
) -> Signed:
    """Sign what `repository` holds now. Raises BadKeys or RepositoryError."""
    return sign(repository, keys, signable(repository), passphrases, now=now)


def signable(repository: Path) -> dict[str, Target]:
    """The newest catalogue of each group. Raises RepositoryError."""
    release = Repository(repository).release()
    return {release.head.group: _target(repository, release)}


def _target(root: Path, release: Release) -> Target:
    packed = root / "c" / (release.sha256 + ENDING)
    return Target(
        sha256=release.sha256,
        size=release.size,
        release=release.head.release,
        packed=packed.stat().st_size if packed.is_file() else None,
        deltas=_deltas(root / "d", release.sha256[:SHORT]),
    )


def _deltas(folder: Path, new: str) -> dict[str, int]:
    """Bytes of each delta to the catalogue `new`, by the catalogue it starts from."""
    found = sorted(folder.glob(f"{'[0-9a-f]' * SHORT}-{new}")) if folder.is_dir() else []
    return {path.name[:SHORT]: path.stat().st_size for path in found}
