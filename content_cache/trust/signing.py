"""Signs what a repository holds: which catalogue is the newest of each group, and, every day, that it still is.

    sign(Path("repository"), Path("keys"), {"all": Target(...)}, passphrases)
    renew(Path("repository"), Path("keys"), passphrases)        # on the host, with the timestamp's key alone

Everything but `timestamp.json` has its number in its name and never changes, and `timestamp.json` is replaced last:
whoever reads meanwhile finds the set that was whole before or the one that is whole now. Numbers only rise, also over
what a publication that was cut off left behind. A timestamp's number is the second it was made in, or one more than the
last: so those of the editor's machine and of the host that renews daily rise together, though neither asks the other.
The same input at the same time gives the same bytes.
"""

from __future__ import annotations

import copy
import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError as TufError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from content_cache.durable import locked, make_folder, write_file
from content_cache.errors import RepositoryError
from content_cache.trust import bundle
from content_cache.trust.errors import BadKeys
from content_cache.trust.fetching import signed_part
from content_cache.trust.keys import (
    COMPACT,
    PUBLISHER,
    TIMESTAMP,
    find,
    key_named,
    newest,
    numbered_roots,
    read_root,
    roots,
)
from content_cache.trust.targets import CATALOGUES, NAMES, Target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from content_cache.records import Blob
    from content_cache.trust.passphrases import Passphrases

METADATA = "metadata"
DAYS = 400  # how long content may travel by stick, or lie, and still be taken in
FRESH = dt.timedelta(days=200)  # what is signed for longer than this, and still says the same, is left as it is
NEW = dt.timedelta(hours=1)  # what was dated so lately is not dated again for nothing
KEPT = 8  # snapshots, targets and bundles that stay for readers in mid-air


class Signed(msgspec.Struct, frozen=True):
    """What the repository says now: the numbers of root, snapshot and timestamp, and whether anything was written."""

    root: int
    snapshot: int
    timestamp: int
    issued: dt.datetime
    changed: bool


def sign(
    repository: Path,
    keys: Path,
    targets: Mapping[str, Target],
    passphrases: Passphrases,
    *,
    names: Blob | None = None,
    now: dt.datetime | None = None,
) -> Signed:
    """Sign `targets` (by group) and `names` as the newest, with the publisher's and the timestamp's key in `keys`.

    If just that is signed already, for long enough and by the newest root, it only renews the timestamp, and writes
    nothing within an hour of the last. Raises BadKeys or RepositoryError; readers then find what they found.
    """
    shelf = _Shelf(repository / METADATA)
    make_folder(shelf.folder)
    files = _files(targets, names)
    with locked(shelf.folder):
        at = _now(now)
        root = _newest_root(shelf, keys, at)
        before = shelf.timestamp()
        _refuse_earlier(before, at)
        known = before is not None and shelf.says(before, files, root, at + FRESH)
        if before and known and at - _issued(before) < NEW:
            return _signed(before, changed=False)
        daily = _signer(root, TIMESTAMP, keys, passphrases)
        if before and known:
            return _signed(
                shelf.put_timestamp(before, before.signed.snapshot_meta, root.version, daily, at), changed=True
            )
        snapshot = shelf.put_targets(files, _signer(root, PUBLISHER, keys, passphrases), at)
        shelf.put_roots(keys)
        return _signed(shelf.put_timestamp(before, snapshot, root.version, daily, at), changed=True)


def renew(repository: Path, keys: Path, passphrases: Passphrases, *, now: dt.datetime | None = None) -> Signed:
    """Sign the timestamp again, dated `now`, with the timestamp's key in `keys`. Raises BadKeys or RepositoryError."""
    shelf = _Shelf(repository / METADATA)
    chain = numbered_roots(shelf.folder)
    if not chain:
        raise RepositoryError(f"{repository} is not signed yet; sign it with `content-cache sign {repository}`.")
    with locked(shelf.folder):
        at, root = _now(now), read_root(chain[max(chain)]).signed
        before = shelf.timestamp()
        _refuse_earlier(before, at)
        if before is None or not shelf.is_by(before, root, at):
            raise RepositoryError(
                f"What {repository} holds is not whole, too old, or signed by keys that were replaced; sign it with "
                f"`content-cache sign {repository}`, then renew."
            )
        daily = _signer(root, TIMESTAMP, keys, passphrases)
        return _signed(shelf.put_timestamp(before, before.signed.snapshot_meta, root.version, daily, at), changed=True)


class _Shelf:
    """The folder `metadata` of a repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def timestamp(self) -> Metadata[Timestamp] | None:
        """What is there; raises RepositoryError if it cannot be read, since its number must never fall."""
        path = self.folder / "timestamp.json"
        if not path.exists():
            return None
        found = _read(path, "timestamp")
        if found is None:
            raise RepositoryError(f"{path} is damaged; bring it back from a copy, or its number would fall.")
        return found

    def says(self, before: Metadata[Timestamp], targets: dict[str, TargetFile], root: Root, until: dt.datetime) -> bool:
        """Whether these targets are signed already, by `root`, for at least `until`."""
        known = self._targets(before)
        return (
            self.is_by(before, root, until)
            and before.signed.unrecognized_fields.get("root") == root.version
            and known is not None
            and known.signed.targets == targets
        )

    def is_by(self, before: Metadata[Timestamp], root: Root, at: dt.datetime) -> bool:
        """Whether all that is there is signed by `root`, whole, and valid at `at`."""
        snapshot, targets = self._snapshot(before), self._targets(before)
        if snapshot is None or targets is None:
            return False
        try:
            for role, one in (("timestamp", before), ("snapshot", snapshot), ("targets", targets)):
                root.verify_delegate(role, one.signed_bytes, one.signatures)
        except TufError:
            return False
        return not any(one.is_expired(at) for one in (root, before.signed, snapshot.signed, targets.signed))

    def _snapshot(self, before: Metadata[Timestamp]) -> Metadata[Snapshot] | None:
        meta = before.signed.snapshot_meta
        return _read(self.folder / f"{meta.version}.snapshot.json", "snapshot", meta)

    def _targets(self, before: Metadata[Timestamp]) -> Metadata[Targets] | None:
        snapshot = self._snapshot(before)
        if snapshot is None:
            return None
        meta = snapshot.signed.meta["targets.json"]
        return _read(self.folder / f"{meta.version}.targets.json", "targets", meta)

    def put_targets(self, targets: dict[str, TargetFile], by: CryptoSigner, at: dt.datetime) -> MetaFile:
        """Write targets, snapshot and their bundle under the next free number; how the timestamp names them."""
        number, ends = self._free(), at + dt.timedelta(days=DAYS)
        listed = _sealed(Targets(version=number, expires=ends, targets=targets), by)
        snapshot = _sealed(Snapshot(version=number, expires=ends, meta={"targets.json": _named(number, listed)}), by)
        write_file(self.folder / f"{number}.targets.json", listed)
        write_file(self.folder / f"{number}.snapshot.json", snapshot)
        write_file(self.folder / f"{number}.bundle", bundle.pack(snapshot, listed))
        return _named(number, snapshot)

    def _free(self) -> int:
        """A number that neither snapshot nor targets ever had here."""
        names = [path.name.partition(".")[0] for path in self.folder.iterdir() if not path.name.endswith(".root.json")]
        before = self.timestamp()
        return (
            max(
                [int(name) for name in names if name.isdecimal()]
                + [before.signed.snapshot_meta.version if before else 0]
            )
            + 1
        )

    def put_roots(self, keys: Path) -> None:
        """Bring the roots that are not here yet, the first first."""
        known = numbered_roots(self.folder)
        for number, path in roots(keys).items():
            if number not in known:
                write_file(self.folder / path.name, path.read_bytes())

    def put_timestamp(
        self,
        before: Metadata[Timestamp] | None,
        snapshot: MetaFile,
        root: int,
        by: CryptoSigner,
        at: dt.datetime,
    ) -> Metadata[Timestamp]:
        """Replace the timestamp, which makes all the rest count, and let go of what is long past."""
        number = snapshot.version
        more = {"bundle": (self.folder / f"{number}.bundle").exists(), "issued": _text(at), "root": root}
        version = max(before.signed.version + 1 if before else 1, int(at.timestamp()))
        ends = at + dt.timedelta(days=DAYS)
        made = Timestamp(version=version, expires=ends, snapshot_meta=copy.copy(snapshot), unrecognized_fields=more)
        data = _sealed(made, by)
        write_file(self.folder / "timestamp.json", data)
        for kind in ("snapshot.json", "targets.json", "bundle"):
            for old in range(number - KEPT, 0, -1):
                path = self.folder / f"{old}.{kind}"
                if not path.exists():
                    break
                path.unlink()
        return Metadata.from_bytes(data)


def _newest_root(shelf: _Shelf, keys: Path, at: dt.datetime) -> Root:
    """The root that signs now; raises BadKeys unless it goes on from those that the repository has."""
    root, ours = newest(keys).signed, roots(keys)
    for number, path in numbered_roots(shelf.folder).items():
        if number not in ours:
            raise BadKeys(f"{shelf.folder} has root {number}, which {keys} lacks; take the newest copy of the keys.")
        if ours[number].read_bytes() != path.read_bytes():
            raise BadKeys(f"{shelf.folder} was signed with other keys than those in {keys}; take the right ones.")
    if root.is_expired(at):
        raise BadKeys(f"The root expired on {root.expires:%Y-%m-%d}; give it a new date: `content-cache keys rotate`.")
    return root


def _signer(root: Root, name: str, keys: Path, passphrases: Passphrases) -> CryptoSigner:
    found = find(root, name, [keys], passphrases)
    if found is None:
        raise BadKeys(f"The {name}'s key of root {root.version} is not in {keys}; bring it, or replace it.")
    return CryptoSigner(found.private, key_named(root, name))


def _issued(before: Metadata[Timestamp]) -> dt.datetime:
    return dt.datetime.fromisoformat(before.signed.unrecognized_fields["issued"])


def _refuse_earlier(before: Metadata[Timestamp] | None, at: dt.datetime) -> None:
    issued = before.signed.unrecognized_fields.get("issued", "") if before else ""
    if issued > _text(at):
        raise BadKeys(f"This machine's clock says {_text(at)}, and the last signing was at {issued}; set the clock.")


def _read(path: Path, role: str, named: MetaFile | None = None) -> Metadata[Any] | None:
    """The metadata in a file, if it is whole and, where it is named, the one that is meant."""
    try:
        data = path.read_bytes()
        if named:
            named.verify_length_and_hashes(data)
        found: Metadata[Any] = Metadata.from_bytes(data)
    except (OSError, TufError, ValueError):
        return None
    return found if found.signed.type == role else None


def _files(targets: Mapping[str, Target], names: Blob | None) -> dict[str, TargetFile]:
    """Targets as TUF lists them; what only we know of them stands under `custom`."""
    found = {}
    for group, one in sorted(targets.items()):
        more = {"release": one.release, "packed": one.packed, "deltas": one.deltas}
        found[f"{CATALOGUES}{group}"] = _file(f"{CATALOGUES}{group}", one.sha256, one.size, more)
    if names:
        found[NAMES] = _file(NAMES, names.sha256, names.size, {"packed": names.packed})
    return found


def _file(path: str, sha256: str, size: int, more: dict[str, Any]) -> TargetFile:
    custom = {name: value for name, value in more.items() if value}
    return TargetFile(size, {"sha256": sha256}, path, {"custom": custom} if custom else {})


def _sealed(signed: Any, by: CryptoSigner) -> bytes:
    metadata: Metadata[Any] = Metadata(signed)
    metadata.sign(by)
    return metadata.to_bytes(COMPACT)


def _named(number: int, data: bytes) -> MetaFile:
    return MetaFile.from_data(number, data, ["sha256"])


def _signed(timestamp: Metadata[Timestamp], *, changed: bool) -> Signed:
    one = signed_part(timestamp.to_bytes(COMPACT))
    issued = dt.datetime.fromisoformat(one["issued"])
    return Signed(one["root"], one["meta"]["snapshot.json"]["version"], one["version"], issued, changed)


def _now(now: dt.datetime | None) -> dt.datetime:
    return (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).replace(microsecond=0)


def _text(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
