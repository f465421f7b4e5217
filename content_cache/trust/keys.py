"""Head office's keys: made, replaced and listed here; what they sign is signing.py's.

    create(Path("keys"), Passphrases.found())           # root-1..3, publisher and timestamp, and roots/1.root.json
    rotate(Path("keys"), "publisher", passphrases, places=[Path("/media/ana"), Path("/media/luz")])

Three root keys say which the others are, and any two of them are enough, so that losing one, or one thief, harms
nothing. They belong apart and offline, each on a stick with somebody else; they are needed only here. The publisher's
key signs which catalogues are the newest, the timestamp's, every day, that they still are: it lies on a host in the
network and can say nothing else.

Replacing a key makes the next root, signed by two root keys of the old set and two of the new. A new key is written
beside the old one and takes its place once the root that names it is on the disk: whatever happens between, the newest
root's keys are there.
"""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root
from tuf.api.serialization.json import JSONSerializer

from content_cache.durable import locked, make_folder, sync_folder, write_file
from content_cache.trust.errors import BadKeys
from content_cache.trust.protect import read_key, write_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from content_cache.trust.passphrases import Passphrases

ROOTS = ("root-1", "root-2", "root-3")
PUBLISHER, TIMESTAMP = "publisher", "timestamp"
NAMES = (*ROOTS, PUBLISHER, TIMESTAMP)
THRESHOLD = 2
# Root is signed by people who must come together for it; the others' 400 days are for content that travels by stick.
ROOT_DAYS = 1200
CHAIN = "roots"
NUMBERED = re.compile(r"([1-9][0-9]{0,8})\.root\.json")
COMPACT = JSONSerializer(compact=True)


class Key(msgspec.Struct, frozen=True):
    """A key of the newest root: its name, its id, and the file that holds its private half, if that is here."""

    name: str
    id: str
    file: str | None


class Keys(msgspec.Struct, frozen=True):
    """The newest root: its number, the SHA-256 of its file, until when it holds, and its keys."""

    root: int
    sha256: str
    expires: dt.datetime
    keys: tuple[Key, ...]


class Found(NamedTuple):
    """A private key and the file that holds it."""

    path: Path
    private: Ed25519PrivateKey


def create(
    folder: Path,
    passphrases: Passphrases,
    *,
    places: Sequence[Path] = (),
    bare_timestamp: bool = False,
    now: dt.datetime | None = None,
) -> Keys:
    """Make all keys in `folder`, the root keys in `places` (three folders) if those are given. Raises BadKeys.

    `bare_timestamp` leaves the timestamp's key without passphrase, for a host that renews by itself.
    """
    if places and len(places) != len(ROOTS):
        raise BadKeys(f"{len(places)} places were named for {len(ROOTS)} root keys; name one for each, or none.")
    where = dict(zip(ROOTS, places, strict=False))
    paths = {name: where.get(name, folder) / f"{name}.key" for name in NAMES}
    _refuse_used([*paths.values(), folder / CHAIN])
    made = {name: Ed25519PrivateKey.generate() for name in NAMES}
    for name, path in paths.items():
        make_folder(path.parent)
        write_key(path, made[name], None if bare_timestamp and name == TIMESTAMP else passphrases.for_new(name))
    root = Root(version=1, expires=_ends(now), consistent_snapshot=True)
    for name, key in made.items():
        _admit(root, name, _public(key, name))
    _write_root(folder, root, [CryptoSigner(made[name], _public(made[name], name)) for name in ROOTS])
    return listed(folder, places)


def _refuse_used(paths: Sequence[Path]) -> None:
    if used := [path for path in paths if path.exists()]:
        raise BadKeys(f"{used[0]} is there already; keys are never overwritten, name another folder.")
    if len({path.resolve() for path in paths}) < len(paths):
        raise BadKeys("Two keys would lie at one place; name different folders.")


def rotate(
    folder: Path,
    name: str | None,
    passphrases: Passphrases,
    *,
    places: Sequence[Path] = (),
    now: dt.datetime | None = None,
) -> Keys:
    """Put a new key in the place of `name`, or only a new date on the root (None). Raises BadKeys.

    Two root keys must be found in `folder` or `places`; the one that is replaced counts.
    """
    return _replace(folder, name, passphrases, places, now, trusted=True)


def revoke(
    folder: Path, name: str, passphrases: Passphrases, *, places: Sequence[Path] = (), now: dt.datetime | None = None
) -> Keys:
    """Put a new key in the place of `name`, which is lost or in wrong hands and signs nothing any more.

    Two other root keys must be found in `folder` or `places`. Raises BadKeys.
    """
    return _replace(folder, name, passphrases, places, now, trusted=False)


def _replace(
    folder: Path,
    name: str | None,
    passphrases: Passphrases,
    places: Sequence[Path],
    now: dt.datetime | None,
    *,
    trusted: bool,
) -> Keys:
    if name is not None and name not in NAMES:
        raise BadKeys(f"{name!r} is no key; name one of {', '.join(NAMES)}.")
    newest(folder)
    with locked(folder):
        old = newest(folder).signed
        signers = _root_signers(old, [folder, *places], passphrases, without=None if trusted else name)
        root = copy.deepcopy(old)
        root.version, root.expires = old.version + 1, _ends(now)
        made = _exchange(root, name, folder, places, passphrases) if name else None
        if made and name in ROOTS:
            signers.append(CryptoSigner(made.private, _public(made.private, name)))
        _write_root(folder, root, signers)
        if made and name:
            made.path.replace(made.path.with_name(f"{name}.key"))
            sync_folder(made.path.parent)
    return listed(folder, places)


def _exchange(root: Root, name: str, folder: Path, places: Sequence[Path], passphrases: Passphrases) -> Found:
    """A new key for `name`, beside the old one's file, named in `root` in its stead."""
    beside = next((place for place in (folder, *places) if (place / f"{name}.key").exists()), folder)
    bare = name == TIMESTAMP and _is_bare(beside / f"{name}.key")
    made = Found(beside / f"{name}.next.key", Ed25519PrivateKey.generate())
    write_key(made.path, made.private, None if bare else passphrases.for_new(name))
    old = key_named(root, name)
    for role in _roles(name):
        root.revoke_key(old.keyid, role)
    _admit(root, name, _public(made.private, name))
    return made


def _is_bare(path: Path) -> bool:
    """Whether that key is there and has no passphrase."""
    return path.exists() and b"ENCRYPTED" not in path.read_bytes()[:100]


def _root_signers(
    root: Root, places: Sequence[Path], passphrases: Passphrases, *, without: str | None
) -> list[CryptoSigner]:
    """All root keys that are here; raises BadKeys if they are too few."""
    signers = []
    for name in ROOTS:
        found = find(root, name, places, passphrases) if name != without else None
        if found:
            signers.append(CryptoSigner(found.private, key_named(root, name)))
    if len(signers) < THRESHOLD:
        others = f" other than {without}" if without in ROOTS else ""
        raise BadKeys(
            f"{THRESHOLD} root keys{others} are needed and {len(signers)} found; plug in the sticks that hold them and "
            "name each with --root-in."
        )
    return signers


def find(root: Root, name: str, places: Sequence[Path], passphrases: Passphrases) -> Found | None:
    """The private half of the key that `root` calls `name`, if it lies in one of `places`. Raises BadKeys.

    A replacement that was cut off before its last step is completed: its key is the one that the root names.
    """
    public = key_named(root, name).keyval["public"]
    for place in places:
        for path in (place / f"{name}.key", place / f"{name}.next.key"):
            if path.exists():
                private = read_key(path, passphrases.to_open(name))
                if private.public_key().public_bytes_raw().hex() == public:
                    return Found(_settled(path, name), private)
    return None


def _settled(path: Path, name: str) -> Path:
    final = path.with_name(f"{name}.key")
    if path != final:
        path.replace(final)
        sync_folder(final.parent)
    return final


def newest(folder: Path) -> Metadata[Root]:
    """The newest root in `folder`'s chain. Raises BadKeys."""
    chain = roots(folder)
    if not chain:
        raise BadKeys(f"{folder} holds no keys; make them with `content-cache keys create {folder}`.")
    return read_root(chain[max(chain)])


def roots(folder: Path) -> dict[int, Path]:
    """The files of the chain of roots in `folder`, by number."""
    return numbered_roots(folder / CHAIN)


def numbered_roots(folder: Path) -> dict[int, Path]:
    """The files `<n>.root.json` in `folder`, by number, in order."""
    found = {int(match[1]): path for path in folder.glob("*.root.json") if (match := NUMBERED.fullmatch(path.name))}
    return dict(sorted(found.items()))


def read_root(path: Path) -> Metadata[Root]:
    """The root in a file. Raises BadKeys."""
    try:
        root: Metadata[Root] = Metadata.from_bytes(path.read_bytes())
        root.signed.verify_delegate("root", root.signed_bytes, root.signatures)
    except (OSError, RepositoryError, ValueError, AttributeError):
        raise BadKeys(f"{path} is no root, or it is damaged; bring it from a copy.") from None
    return root


def listed(folder: Path, places: Sequence[Path] = ()) -> Keys:
    """The newest root and where its keys lie, as far as can be seen in `folder` and `places`. Raises BadKeys."""
    root = newest(folder).signed
    data = roots(folder)[root.version].read_bytes()
    return Keys(root.version, hashlib.sha256(data).hexdigest(), root.expires, tuple(_listed(root, (folder, *places))))


def _listed(root: Root, places: Sequence[Path]) -> Iterator[Key]:
    for name in NAMES:
        paths = [place / f"{name}.key" for place in places]
        yield Key(name, key_named(root, name).keyid, next((str(path) for path in paths if path.exists()), None))


def key_named(root: Root, name: str) -> SSlibKey:
    """The public key that `root` calls `name`. Raises BadKeys."""
    for key in root.keys.values():
        if isinstance(key, SSlibKey) and key.unrecognized_fields.get("name") == name:
            return key
    raise BadKeys(f"The root names no key {name!r}; it was not made by content-cache.")


def _roles(name: str) -> tuple[str, ...]:
    if name in ROOTS:
        return ("root",)
    return ("timestamp",) if name == TIMESTAMP else ("snapshot", "targets")


def _admit(root: Root, name: str, key: SSlibKey) -> None:
    for role in _roles(name):
        root.add_key(key, role)
    root.roles["root"].threshold = THRESHOLD


def _public(private: Ed25519PrivateKey, name: str) -> SSlibKey:
    """The public half, under the name that this program knows it by."""
    key = SSlibKey.from_crypto(private.public_key())
    key.unrecognized_fields["name"] = name
    return key


def _write_root(folder: Path, root: Root, signers: Sequence[CryptoSigner]) -> None:
    metadata: Metadata[Any] = Metadata(root)
    for signer in signers:
        metadata.sign(signer, append=True)
    make_folder(folder / CHAIN)
    write_file(folder / CHAIN / f"{root.version}.root.json", metadata.to_bytes(COMPACT))


def _ends(now: dt.datetime | None) -> dt.datetime:
    return (now or dt.datetime.now(dt.UTC)).replace(microsecond=0) + dt.timedelta(days=ROOT_DAYS)
