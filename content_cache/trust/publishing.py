"""Signs a repository as it lies: the newest catalogue of each group, the deltas that lead to it, and the names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from content_cache.publisher.groups import GroupRelease, read_groups
from content_cache.repository import Repository
from content_cache.trust.signing import Signed, sign
from content_cache.trust.targets import Target

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from content_cache.trust.passphrases import Passphrases

SHORT = 16  # digits of a catalogue's hash that name it in d/


def sign_repository(
    repository: Path, keys: Path, passphrases: Passphrases, *, now: dt.datetime | None = None
) -> Signed:
    """Sign what `repository` holds now. Raises BadKeys or RepositoryError."""
    return sign(repository, keys, signable(repository), passphrases, names=read_groups(repository).names, now=now)


def signable(repository: Path) -> dict[str, Target]:
    """The newest catalogue of each group. Raises RepositoryError."""
    newest = {group.group: group.newest for group in read_groups(repository).groups if group.newest}
    if newest:
        return {name: _target(repository, one) for name, one in newest.items()}
    release = Repository(repository).release()
    one = GroupRelease(release=release.head.release, sha256=release.sha256, size=release.size)
    return {release.head.group: _target(repository, one)}


def _target(root: Path, one: GroupRelease) -> Target:
    deltas = _deltas(root / "d", one.sha256[:SHORT])
    return Target(sha256=one.sha256, size=one.size, release=one.release, packed=one.packed, deltas=deltas)


def _deltas(folder: Path, new: str) -> dict[str, int]:
    """Bytes of each delta to the catalogue `new`, by the catalogue it starts from."""
    found = sorted(folder.glob(f"{'[0-9a-f]' * SHORT}-{new}")) if folder.is_dir() else []
    return {path.name[:SHORT]: path.stat().st_size for path in found}
