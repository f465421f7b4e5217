"""A repository of The Update Framework in which anything can be wrong: to ask a client what it makes of it.

    repository = TufRepository(tmp_path)            # root, timestamp, snapshot and targets, all of version 1
    repository.targets.version += 1
    repository.publish("targets", "snapshot", "timestamp")

Each role is a python-tuf object to be changed at will; `publish` names what changed in the roles above, raises their
versions, signs and writes, unless it is told to leave something out. Nothing here knows our own fields.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

if TYPE_CHECKING:
    from pathlib import Path

    from tuf.api.metadata import Signed

NOW = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
ENDS = NOW + dt.timedelta(days=30)


class TufRepository:
    """`signers` by role; the folder is what a client reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = Root(version=1, expires=ENDS, consistent_snapshot=True)
        self.timestamp = Timestamp(version=1, expires=ENDS)
        self.snapshot = Snapshot(version=1, expires=ENDS)
        self.timestamp.version = self.snapshot.version = 0  # the first publication makes them 1
        self.targets = Targets(version=1, expires=ENDS)
        self.delegated: dict[str, Targets] = {}
        self.hashes = True
        self.signers: dict[str, list[CryptoSigner]] = {}
        for role in ("root", "timestamp", "snapshot", "targets"):
            self.add_key(role)
        (folder / "metadata").mkdir(parents=True)
        self.write("root")
        self.publish("targets")

    def add_key(self, role: str) -> CryptoSigner:
        """One more key for the role."""
        signer = CryptoSigner.generate_ed25519()
        self.root.add_key(signer.public_key, role)
        self.signers.setdefault(role, []).append(signer)
        return signer

    def replace_keys(self, role: str) -> None:
        """New keys in the place of all old ones."""
        for signer in self.signers.pop(role):
            self.root.revoke_key(signer.public_key.keyid, role)
        self.add_key(role)

    def new_root(self, *former: CryptoSigner) -> None:
        """The next root, signed by its keys and by `former` ones."""
        self.root.version += 1
        self.write("root", *former)

    def publish(self, *roles: str) -> None:
        """Write `roles`, then a snapshot and a timestamp that name what there is."""
        for role in roles:
            self.write(role)
        for role, signed in {"targets": self.targets, **self.delegated}.items():
            self.snapshot.meta[f"{role}.json"] = self._named(role, signed)
        self.snapshot.version += 1
        self.write("snapshot")
        self.confirm()

    def confirm(self) -> None:
        """A timestamp that names the snapshot there is."""
        self.timestamp.snapshot_meta = self._named("snapshot", self.snapshot)
        self.timestamp.version += 1
        self.write("timestamp")

    def _named(self, role: str, signed: Signed) -> MetaFile:
        data = self._path(role).read_bytes()
        return MetaFile.from_data(signed.version, data, ["sha256"]) if self.hashes else MetaFile(signed.version)

    def signed(self, role: str) -> Signed:
        found: Signed = self.delegated[role] if role in self.delegated else getattr(self, role)
        return found

    def _path(self, role: str) -> Path:
        number = "" if role == "timestamp" else f"{self.signed(role).version}."
        return self.folder / "metadata" / f"{number}{role}.json"

    def write(self, role: str, *more: CryptoSigner) -> None:
        """Sign a role by all its keys, and by `more`, and write it."""
        made: Metadata[Signed] = Metadata(self.signed(role))
        for signer in (*self.signers[role], *more):
            made.sign(signer, append=True)
        self._path(role).write_bytes(made.to_bytes(JSONSerializer()))

    def add_file(self, path: str, data: bytes, role: str = "targets") -> None:
        """A target, and its bytes where a client looks for them."""
        info = TargetFile.from_data(path, data, ["sha256"])
        targets = self.signed(role)
        assert isinstance(targets, Targets)
        targets.targets[path] = info
        folder, _, name = path.rpartition("/")
        place = self.folder / "targets" / folder / f"{info.hashes['sha256']}.{name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
